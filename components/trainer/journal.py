"""What is recorded of a training, on its way to the disk: rows, scalars, the last update."""

import itertools
from pathlib import Path

import numpy as np

from tfx_updaters.components.trainer.dynamics_file import PARTS, Columns, Record
from tfx_updaters.components.trainer.events import EventFile
from tfx_updaters.components.trainer.movement import Movement

# Values that are kept in memory before they become a part: 2 MB.
VALUES = 200_000


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
        self._steps: list[tuple[int, np.ndarray, np.ndarray]] = []
        self._columns: Columns | None = None
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

    def add(self, columns: Columns, step: int, values: np.ndarray, present: np.ndarray) -> None:
        """Takes the values of a step, by column, and which of them there are."""
        if not self.on:
            return
        if columns is not self._columns:
            self.flush()
            self._columns = columns
        self._steps.append((step, values, present))
        self.last = step
        tags = list(itertools.compress(columns.tags, present))
        self._events.add(step, tags, values[present].tolist())
        if len(self._steps) * len(values) >= VALUES:
            self.flush()

    def flush(self) -> None:
        """Writes the rows since the last flush as one part."""
        if self._steps and self._columns is not None:
            steps, values, present = map(np.array, zip(*self._steps, strict=True))
            self._record.add(self._columns.table(steps, values, present))
            self._steps.clear()

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
