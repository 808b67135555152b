"""Series of sensor values in CSV and Parquet files: read in pieces, checked row by row."""

import gzip
import math
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples import sensor_header, sensor_times
from tfx_updaters.components.examples.sensor_layout import PARQUET, SUFFIXES, is_series
from tfx_updaters.components.examples.sensor_windows import Windows, nearest

NO_NUMBER = ("", "NaN", "nan", "NA", "N/A", "n/a", "NULL", "null", "None", "-")
# What is in memory while a file is read: bytes of CSV, rows of Parquet.
BLOCK, ROWS = 1 << 22, 65_536


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
    if not is_series(path):
        raise DataError(
            f"data file {path}: {', '.join(SUFFIXES)} are read; give a pattern that "
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
        if not len(frame):
            continue
        at = Rows(name, first)
        times = None
        if windows.time is not None:
            times, found = sensor_times.nanoseconds(frame[windows.time], windows, at.fail)
            if dates is not None and found != dates:
                at.fail(windows.time, 0, f"'{frame[windows.time].iloc[0]}' is no time as above")
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
    codes, names = _texts(frame[windows.group])
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
    codes, names = _texts(column)
    for code, name in enumerate(names):
        where = int(np.argmax(codes == code))
        if _number(name) and float(name) % 1:
            at.fail(windows.label, where, f"{name} is no class; a text or whole number is needed")
        if windows.classes is not None and name not in windows.classes:
            hint = nearest(name, windows.classes)
            known = ", ".join(windows.classes)
            at.fail(windows.label, where, f"{name!r} is none of the classes; {hint}{known} are")
    return codes, names


def _texts(column: Any) -> tuple[np.ndarray, tuple[str, ...]]:
    """Places in the texts that occur, -1 for none; `2.0` is `2`, as files with gaps have it."""
    codes, found = pd.factorize(column)
    texts = [re.sub(r"^(-?\d+)\.0*$", r"\1", str(value).strip()) or None for value in found]
    again, names = pd.factorize(np.asarray(texts, object))
    return np.append(again, -1)[codes].astype(np.int32), tuple(names)


def _csv(path: str, name: str, windows: Windows) -> Iterator[Any]:
    header: list[str] = []
    try:
        with _opened(path) as file:
            header += sensor_header.of_line(file.readline(), name)
        sensor_header.check(header, name, windows.columns)
        yield from _blocks(path, header, windows, dict.fromkeys(windows.channels, pa.float64()))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{name} is truncated or not compressed with gzip: {error}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is not text in UTF-8: {error}") from None
    except pa.ArrowInvalid as error:
        if "conversion error to double" in str(error):
            _find_text(path, name, header, windows)
        raise DataError(f"{name} cannot be read: {_with_row(error)}") from None


def _with_row(error: Exception) -> str:
    """Arrow's message with the row as it is counted here, without the header."""
    return re.sub(r"CSV parse error: Row #(\d+)", lambda m: f"row {int(m[1]) - 1}", str(error))


def _opened(path: str) -> Any:
    file = FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)
    # Beam's own reader takes a truncated file for a whole one.
    return gzip.GzipFile(fileobj=file) if path.lower().endswith(".gz") else file


def _blocks(path: str, header: list[str], windows: Windows, types: dict[str, Any]) -> Iterator[Any]:
    """Frames of the columns that are needed; texts where no other type is given."""
    texts = dict.fromkeys(windows.columns, pa.string())
    with _opened(path) as file:
        reader = pa_csv.open_csv(
            file,
            pa_csv.ReadOptions(
                column_names=header, skip_rows=1, block_size=BLOCK, use_threads=False
            ),
            convert_options=pa_csv.ConvertOptions(
                include_columns=list(windows.columns), column_types={**texts, **types},
                null_values=list(NO_NUMBER), strings_can_be_null=False,
            ),
        )  # fmt: skip
        for batch in reader:
            if windows.time is not None:
                place = batch.schema.names.index(windows.time)
                times = sensor_times.numbers(batch.column(place))
                batch = batch.set_column(place, windows.time, times)
            yield batch.to_pandas()


def _find_text(path: str, name: str, header: list[str], windows: Windows) -> None:
    """Raises DataError of the first channel's value that is no number, if there is one."""
    first = 1
    for frame in _blocks(path, header, windows, {}):
        wrong = {}
        for channel in windows.channels:
            texts = frame[channel].str.strip()
            bad = pd.to_numeric(texts, errors="coerce").isna() & ~texts.isin(NO_NUMBER)
            if bad.any():
                wrong.setdefault(int(np.argmax(bad.to_numpy())), channel)
        if wrong:
            row = min(wrong)
            Rows(name, first).fail(wrong[row], row, f"{frame[wrong[row]].iloc[row]!r} is no number")
        first += len(frame)


def _number(text: str) -> bool:
    """Whether a text is a number, and a finite one."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _parquet(path: str, name: str, windows: Windows) -> Iterator[Any]:
    try:
        with FileSystems.open(path) as file:
            table = pq.ParquetFile(file)
            schema = table.schema_arrow
            sensor_header.check(schema.names, name, windows.columns)
            _check_types(schema, name, windows)
            for batch in table.iter_batches(ROWS, columns=list(windows.columns)):
                yield batch.to_pandas(date_as_object=False, ignore_metadata=True)
    except pa.ArrowInvalid as error:
        raise DataError(f"{name} is no Parquet file, or a broken one: {error}") from None


def _check_types(schema: Any, name: str, windows: Windows) -> None:
    for channel in windows.channels:
        kind = schema.field(channel).type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            raise DataError(f"{name}, column '{channel}' is of type {kind}; numbers are needed")
