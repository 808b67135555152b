"""What is recorded of a training, on its way to the disk: rows, scalars, the last update."""

import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa

from tfx_updaters.components.trainer.dynamics_file import PARTS, Columns, Record
from tfx_updaters.components.trainer.events import EventFile
from tfx_updaters.components.trainer.movement import Movement

# Rows that are kept in memory before they become a part: about 10 MB.
ROWS = 200_000


class Journal:
    """Keeps rows in memory, writes them as parts, and makes one file of these at the end.

    Attributes:
        on: whether it writes: one of several workers does.
        total: updates that were done in all trainings so far; None before the first.
        last: the last step that there are rows of; -1 without any.
    """

    def __init__(self, folder: Path, parts: Path | None):
        self._record = Record(folder, parts or folder / PARTS)
        self._keeps_parts = parts is not None
        self._events = EventFile(folder)
        self._tables: list[pa.Table] = []
        self.on = True
        self.total: int | None = None
        self.last = self._record.last()

    def go_on(self, step: int) -> None:
        """Drops what is there of steps after `step`, as training goes on from there."""
        if not self.on or (step >= self.last and self.total is not None):
            return
        self.flush()
        self._record.cut(step)
        self.last = self._record.last()
        self._events.restart(step)

    def add(
        self,
        columns: Columns,
        steps: np.ndarray,
        times: np.ndarray,
        values: np.ndarray,
        present: np.ndarray,
    ) -> None:
        """Takes the values of steps, steps x columns, and which of them there are.

        `times` are seconds since 1970; TensorBoard shows them.
        """
        if not self.on:
            return
        for step, when, row, there in zip(steps, times, values, present, strict=True):
            tags = list(itertools.compress(columns.tags, there))
            self._events.add(int(step), float(when), tags, row[there].tolist())
        self._events.flush()
        self._tables.append(columns.table(steps, values, present))
        self.last = int(steps[-1])
        if sum(table.num_rows for table in self._tables) >= ROWS:
            self.flush()

    def flush(self) -> None:
        """Writes the rows since the last flush as one part."""
        if self._tables:
            self._record.add(pa.concat_tables(self._tables))
            self._tables.clear()

    def keep_update(self, movement: Movement, step: int) -> None:
        """Keeps the last update, which the next cosine needs; and the one kept before.

        A training that is killed before its checkpoint is whole goes on from the last one.
        """
        if self.on:
            self._record.parts.mkdir(parents=True, exist_ok=True)
            movement.save(self._update_of(step))
            for old in sorted(self._record.parts.glob("update-*.npz"))[:-2]:
                old.unlink()

    def kept_update(self, step: int) -> Path | None:
        """The file with the update that led to the weights of `step`, if it was kept."""
        path = self._update_of(step)
        return path if path.exists() else None

    def finish(self) -> None:
        """Makes one file of all rows; the parts stay if their folder was asked for."""
        if self.on:
            self.flush()
            self._record.merge()
            if not self._keeps_parts:
                self._record.remove_parts()
            self._events.close()

    def _update_of(self, step: int) -> Path:
        return self._record.parts / f"update-{step:012d}.npz"
