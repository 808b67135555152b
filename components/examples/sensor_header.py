"""The columns of a file of series: read from its first line or its schema, and checked."""

import csv
import gzip
import math
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples.sensor_layout import PARQUET
from tfx_updaters.components.examples.sensor_windows import nearest

# Columns that a message names, and rows that a column is known by.
SHOWN, ROWS = 8, 1000


def of_file(path: Path, name: str) -> list[str]:
    """The columns of a file on this machine.

    Args:
        path: where it is.
        name: what it is called in messages.

    Raises:
        DataError: it cannot be read, or begins with no names.
    """
    try:
        if name.lower().endswith(PARQUET):
            return _of_parquet(path, name)
        with gzip.open(path) if name.lower().endswith(".gz") else path.open("rb") as file:
            return of_line(file.readline(), name)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{name} is truncated or not compressed with gzip: {error}") from None
    except OSError as error:
        raise DataError(f"data file {path} cannot be read: {error.strerror}") from error


def _of_parquet(path: Path, name: str) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = pq.read_schema(path).names
        # What pandas calls an index without a name, which is no reading.
        return [each for each in names if not each.startswith("__index_level_")]
    except pa.ArrowInvalid as error:
        raise DataError(f"{name} is no Parquet file, or a broken one: {error}") from None


def first_rows(path: Path) -> Any:
    """A data frame of the first rows; an empty one where they cannot be read."""
    import pandas as pd
    import pyarrow.parquet as pq

    try:
        if path.name.lower().endswith(PARQUET):
            return next(pq.ParquetFile(path).iter_batches(ROWS)).to_pandas(ignore_metadata=True)
        return pd.read_csv(path, nrows=ROWS, skipinitialspace=True)
    except (ValueError, StopIteration):
        return pd.DataFrame()  # What is wrong is said with its row where all of it is read.


def of_line(line: bytes, name: str) -> list[str]:
    """The columns that the first line of a CSV file names.

    Raises:
        DataError: the line is empty, or no text in UTF-8.
    """
    if not line.strip():
        raise DataError(f"{name} is empty, or its first line is; the names of columns are needed")
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is not text in UTF-8: {error}") from None
    return [cell.strip() for cell in next(csv.reader([text]))]


def check(header: Sequence[str], name: str, columns: Iterable[str]) -> None:
    """Whether columns are there, once each.

    Raises:
        DataError: one is missing, with the nearest name, or there twice.
    """
    for column in columns:
        if column not in header:
            refuse_values(header, name)
            raise DataError(
                f"{name} has no column '{column}'; {nearest(column, header)}it has "
                f"{', '.join(map(repr, _first(header)))}, and columns are separated by commas"
            )
        if header.count(column) > 1:
            raise DataError(f"{name} has {header.count(column)} columns '{column}'; one is needed")


def refuse_values(header: Sequence[str], name: str) -> None:
    """Raises DataError of a first line that has values in place of names."""
    if any(_number(cell) for cell in header):
        raise DataError(
            f"{name} has no header: its first line is {','.join(_first(header))!r}; the names of "
            "the columns are needed there, separated by commas"
        )


def _first(header: Sequence[str]) -> list[str]:
    return [*header[:SHOWN]] + ["..."] * (len(header) > SHOWN)


def _number(text: str) -> bool:
    """Whether a text is a number, and a finite one."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
