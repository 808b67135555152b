"""Series of sensor values in CSV and Parquet files: read in pieces, checked row by row."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystems import FileSystems

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples import sensor_times
from tfx_updaters.components.examples.sensor_windows import Windows, nearest

CSV, PARQUET = (".csv", ".csv.gz"), (".parquet", ".pq")
NO_NUMBER = ("", "NaN", "nan", "NA", "N/A", "n/a", "NULL", "null", "None", "-")
ROWS = 65_536
# Rows in memory while a file is read.


@dataclass(frozen=True)
class Piece:
    """Rows of one series, as they follow each other in a file.

    Attributes:
        file: the file's name under the base folder.
        rows: their numbers in the file, from 1, without the header.
        times: nanoseconds, int64; None without a column of times.
        dates: whether the times were dates, and not numbers.
        values: rows x channels, float64; NaN where one is missing.
        labels: the classes' places in `names`; -1 where one is missing.
        names: of the classes that occur.
    """

    file: str
    rows: np.ndarray
    times: np.ndarray | None
    dates: bool
    values: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]


def check_name(path: str) -> None:
    """Whether a file's name says that it can be read.

    Raises:
        DataError: it does not.
    """
    if not path.lower().endswith((*CSV, *PARQUET)):
        raise DataError(
            f"data file {path}: {', '.join((*CSV, *PARQUET))} are read; give a pattern that "
            "leaves other files out, as '*.csv' or '*/*.csv'"
        )


def read(path: str, name: str, windows: Windows) -> Iterator[tuple[str, Piece]]:
    """The pieces of a file, each with the name of its series.

    Args:
        path: where the file is.
        name: what it is called in messages, and its series where no column names it.
        windows: what is read of it.

    Raises:
        DataError: the file cannot be read, a column is not there or of another type, a time or a
            group is missing, or a value is infinite, or missing and refused.
    """
    frames = _parquet if path.lower().endswith(PARQUET) else _csv
    first, dates = 1, None
    for frame in frames(path, name, windows):
        at = Rows(name, first)
        times = None
        if windows.time is not None:
            times, found = sensor_times.nanoseconds(frame[windows.time], windows, at.fail)
            if dates is not None and found != dates:
                at.fail(windows.time, 0, f"{frame[windows.time].iloc[0]!r} is no time as above")
            dates = found
        yield from _pieces(frame, times, bool(dates), windows, at)
        first += len(frame)


@dataclass(frozen=True)
class Rows:
    """Where the rows of a frame are in their file, for messages."""

    file: str
    first: int

    def fail(self, column: str, place: int, what: str) -> None:
        """Raises DataError of the row at this place of the frame."""
        raise DataError(f"{self.file}, row {self.first + place}, column '{column}': {what}")


def _pieces(
    frame: Any, times: np.ndarray | None, dates: bool, windows: Windows, at: Rows
) -> Iterator[tuple[str, Piece]]:
    values = _values(frame, windows, at)
    labels, names = _classes(frame[windows.label], windows, at)
    rows = np.arange(at.first, at.first + len(frame))
    for series, places in _series(frame, windows, at):
        yield series, Piece(
            at.file, rows[places], None if times is None else times[places], dates,
            values[places], labels[places], names,
        )  # fmt: skip


def _series(frame: Any, windows: Windows, at: Rows) -> Iterator[tuple[str, Any]]:
    if windows.group is None:
        yield at.file, slice(None)
        return
    codes, names = _texts(frame[windows.group], windows.group, at)
    if (codes < 0).any():
        at.fail(windows.group, int(np.argmax(codes < 0)), "is empty; each row needs its series")
    places = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(names)))
    yield from zip(names, np.split(places, ends[:-1]), strict=True)


def _values(frame: Any, windows: Windows, at: Rows) -> np.ndarray:
    values = frame[list(windows.channels)].to_numpy(np.float64, na_value=np.nan)
    wrong = np.isinf(values)
    what = "is infinite; a number, or nothing for a missing one, is needed"
    if windows.missing == "refuse" and not wrong.any():
        wrong, what = np.isnan(values), "has no value, and missing='refuse'"
    if wrong.any():
        row, channel = np.argwhere(wrong)[0]
        at.fail(windows.channels[channel], int(row), what)
    return values


def _classes(column: Any, windows: Windows, at: Rows) -> tuple[np.ndarray, tuple[str, ...]]:
    codes, names = _texts(column, windows.label, at)
    for code, name in enumerate(names):
        if windows.classes is not None and name not in windows.classes:
            hint = nearest(name, windows.classes)
            known = ", ".join(windows.classes)
            where = int(np.argmax(codes == code))
            at.fail(windows.label, where, f"{name!r} is none of the classes; {hint}{known} are")
    return codes, names


def _texts(column: Any, name: str, at: Rows) -> tuple[np.ndarray, tuple[str, ...]]:
    """Places in the texts that occur, -1 for none; `2.0` is `2`, as files with gaps have it."""
    codes, found = pd.factorize(column)
    texts = []
    for code, value in enumerate(found):
        text = str(value).strip()
        head, dot, tail = text.partition(".")
        number = dot and not tail.strip("0") and head.lstrip("-").isdigit()
        if isinstance(value, float | np.floating) and not number:
            where = int(np.argmax(codes == code))
            at.fail(name, where, f"{text} is no class; a text or a whole number is needed")
        texts.append((head if number else text) or None)
    again, names = pd.factorize(np.asarray(texts, object))
    return np.append(again, -1)[codes].astype(np.int32), tuple(names)


def _csv(path: str, name: str, windows: Windows) -> Iterator[Any]:
    _check_columns(_header(path, name), name, windows)
    texts = {c: "str" for c in (windows.label, windows.group) if c is not None}
    options = _options(windows)
    try:
        with FileSystems.open(path) as file:
            types: Any = {**texts, **dict.fromkeys(windows.channels, "float64")}
            yield from pd.read_csv(file, dtype=types, chunksize=ROWS, **options)
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is not text in UTF-8: {error}") from error
    except pd.errors.ParserError as error:
        raise DataError(f"{name} cannot be read: {str(error).splitlines()[-1]}") from error
    except (ValueError, OverflowError) as error:
        if isinstance(error, DataError):
            raise
        _find_text(path, name, windows, options)
        raise DataError(f"{name} cannot be read: {error}") from error


def _options(windows: Windows) -> dict[str, Any]:
    # A class or a group may be called 'None' or 'NA'; a number that is missing is written so.
    empty = {c: [""] for c in (windows.label, windows.group) if c is not None}
    numbers = [c for c in (*windows.channels, windows.time) if c is not None]
    return {
        "usecols": list(windows.columns),
        "keep_default_na": False,
        "na_values": {**empty, **{c: list(NO_NUMBER) for c in numbers}},
        "index_col": False,
        "skipinitialspace": True,
        "encoding": "utf-8-sig",
        "low_memory": False,
    }


def _find_text(path: str, name: str, windows: Windows, options: dict[str, Any]) -> None:
    """Raises DataError of the first channel's value that is no number, if there is one."""
    first = 1
    with FileSystems.open(path) as file:
        for frame in pd.read_csv(file, dtype="str", chunksize=ROWS, **options):
            wrong = {}
            for channel in windows.channels:
                column = frame[channel]
                bad = column.notna() & pd.to_numeric(column, errors="coerce").isna()
                if bad.any():
                    wrong[int(np.argmax(bad.to_numpy()))] = channel
            if wrong:
                row = min(wrong)
                found = frame[wrong[row]].iloc[row]
                Rows(name, first).fail(wrong[row], row, f"{found!r} is no number")
            first += len(frame)


def _header(path: str, name: str) -> list[str]:
    with FileSystems.open(path) as file:
        line = file.readline()
    if not line.strip():
        raise DataError(f"{name} is empty, or its first line is; the names of columns are needed")
    try:
        return [cell.strip() for cell in next(csv.reader(io.StringIO(line.decode("utf-8-sig"))))]
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is not text in UTF-8: {error}") from error


def _check_columns(header: list[str], name: str, windows: Windows) -> None:
    missing = [column for column in windows.columns if column not in header]
    if missing:
        first = header[:8] + ["..."] * (len(header) > 8)
        if any(_number(cell) for cell in header):
            raise DataError(
                f"{name} has no header: its first line is {','.join(first)!r}; the names of the "
                f"columns are needed there, separated by commas: {', '.join(windows.columns)}"
            )
        raise DataError(
            f"{name} has no column '{missing[0]}'; {nearest(missing[0], header)}"
            f"it has {', '.join(map(repr, first))}, and columns are separated by commas"
        )
    for column in windows.columns:
        if header.count(column) > 1:
            raise DataError(f"{name} has {header.count(column)} columns '{column}'; one is needed")


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _parquet(path: str, name: str, windows: Windows) -> Iterator[Any]:
    try:
        with FileSystems.open(path) as file:
            table = pq.ParquetFile(file)
            schema = table.schema_arrow
            _check_columns(schema.names, name, windows)
            _check_types(schema, name, windows)
            for batch in table.iter_batches(ROWS, columns=list(windows.columns)):
                yield batch.to_pandas(date_as_object=False)
    except pa.ArrowInvalid as error:
        raise DataError(f"{name} is no Parquet file, or a broken one: {error}") from error


def _check_types(schema: Any, name: str, windows: Windows) -> None:
    for channel in windows.channels:
        kind = schema.field(channel).type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            raise DataError(f"{name}, column '{channel}' is of type {kind}; numbers are needed")
