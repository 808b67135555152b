"""The file of training dynamics: its schema, its parts while training runs, and its reader."""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tfx_updaters.components.errors import DynamicsError

FILE = "dynamics.parquet"
PARTS = "dynamics.parts"
SCHEMA = pa.schema(
    [
        ("step", pa.int64()),
        ("layer", pa.string()),
        ("statistic", pa.string()),
        ("value", pa.float64()),
    ],
    metadata={"tfx_updaters.dynamics": "1"},
)


def read_dynamics(path: str | os.PathLike) -> pd.DataFrame:
    """What was recorded of a training, also of one that is still running.

    Args:
        path: the file, or the folder that it is in.

    Returns:
        A frame with columns step (int64, updates done), layer (the variable's path, empty for the
        whole model), statistic and value (float64), in the order of steps.

    Raises:
        DynamicsError: there is no such file, or it is another kind of file.
    """
    path = Path(path)
    record = Record(path, path / PARTS) if path.is_dir() else Record(path.parent, path.parent, path)
    tables = list(record.tables())
    if not tables and not record.merged.exists():
        raise DynamicsError(_not_there(path))
    return pa.concat_tables([SCHEMA.empty_table(), *tables]).to_pandas()


def _not_there(path: Path) -> str:
    folder = path if path.is_dir() else path.parent
    found = sorted(p.name for p in folder.glob("*"))[:10]
    return (
        f"received {path}; a file {FILE}, or the folder of one, is needed; "
        f"{folder} has {', '.join(found) or 'nothing'}"
    )


@dataclass(frozen=True)
class Columns:
    """What is recorded at a step: one value for each pair of layer and statistic."""

    layers: Sequence[str]
    statistics: Sequence[str]

    @cached_property
    def tags(self) -> list[str]:
        """What TensorBoard calls them: those of a statistic are side by side."""
        pairs = zip(self.layers, self.statistics, strict=True)
        return [f"{statistic}/{layer}" if layer else statistic for layer, statistic in pairs]

    def table(self, steps: np.ndarray, values: np.ndarray, present: np.ndarray) -> pa.Table:
        """The rows of several steps.

        Args:
            steps: of the updates.
            values: steps x columns.
            present: which of them are rows, steps x columns.
        """
        row, column = np.nonzero(present)
        arrays = [
            pa.array(steps[row], pa.int64()),
            _repeated(self.layers, column),
            _repeated(self.statistics, column),
            pa.array(values[row, column], pa.float64()),
        ]
        return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _repeated(names: Sequence[str], places: np.ndarray) -> pa.Array:
    indices = pa.array(places, pa.int32())
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string())).cast(pa.string())


class Record:
    """The rows so far: those of the merged file, then those of the parts after its last step.

    A part is written under another name and renamed, so that a training that is killed at any
    moment leaves whole parts only.
    """

    def __init__(self, folder: Path, parts: Path, merged: Path | None = None):
        self.merged = merged or folder / FILE
        self.parts = parts

    def add(self, table: pa.Table) -> None:
        """Writes rows of steps after all that are there as one part."""
        self.parts.mkdir(parents=True, exist_ok=True)
        _write(self.parts / f"part-{table['step'][0].as_py():012d}.parquet", [table])

    def tables(self) -> Iterator[pa.Table]:
        """The rows in the order of steps, a table for each file."""
        last = -1
        files = [self.merged, *self._part_files()]
        for path in files:
            if not path.exists():
                continue
            table = _read(path)
            table = table.filter(pa.compute.greater(table["step"], last))
            if table.num_rows:
                last = table["step"][-1].as_py()
                yield table

    def last(self) -> int:
        """The last step that there are rows of; -1 without any."""
        return max((table["step"][-1].as_py() for table in self.tables()), default=-1)

    def cut(self, step: int) -> None:
        """Drops the rows of steps after `step`: training goes on from there."""
        for path in (self.merged, *self._part_files()):
            if path.exists():
                table = _read(path)
                kept = table.filter(pa.compute.less_equal(table["step"], step))
                if not kept.num_rows:
                    path.unlink()
                elif kept.num_rows < table.num_rows:
                    _write(path, [kept])

    def merge(self) -> None:
        """Makes one file of all rows."""
        self.merged.parent.mkdir(parents=True, exist_ok=True)
        _write(self.merged, self.tables())

    def remove_parts(self) -> None:
        """Removes the parts and their folder."""
        shutil.rmtree(self.parts, ignore_errors=True)

    def _part_files(self) -> list[Path]:
        return sorted(self.parts.glob("part-*.parquet"))


def _write(path: Path, tables: Sequence[pa.Table] | Iterator[pa.Table]) -> None:
    """Writes under another name first: a file of the name is whole or not there."""
    unfinished = path.with_suffix(".unfinished")
    with pq.ParquetWriter(unfinished, SCHEMA) as writer:
        for table in tables:
            writer.write_table(table)
    os.replace(unfinished, path)


def _read(path: Path) -> pa.Table:
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise DynamicsError(f"{path} is no Parquet file: {error}") from error
    if not table.schema.equals(SCHEMA):
        found = ", ".join(f"{field.name} ({field.type})" for field in table.schema)
        raise DynamicsError(
            f"{path} has the columns {found}; step, layer, statistic and value are needed"
        )
    return table
