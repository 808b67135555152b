"""Times of samples in nanoseconds, from numbers and from ISO 8601 dates."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tfx_updaters.components.examples.sensor_windows import UNITS, Windows

LATEST = np.iinfo(np.int64).max
Fail = Callable[[str, int, str], None]


def numbers(texts: Any) -> Any:
    """An Arrow column of texts as numbers if they all are some, else as it is.

    pandas takes ten times as long for texts of Python, half of all the time of a node.
    """
    trimmed = pc.utf8_trim_whitespace(texts)
    try:
        floats = trimmed.cast(pa.float64())
    except pa.ArrowInvalid:
        return texts
    if pc.any(pc.is_nan(floats)).as_py():
        return texts
    try:
        return trimmed.cast(pa.int64())  # Floats have no nanoseconds of times since 1970.
    except pa.ArrowInvalid:
        return floats


def nanoseconds(column: Any, windows: Windows, fail: Fail) -> tuple[np.ndarray, bool]:
    """The times of a column.

    Args:
        column: numbers, texts or timestamps.
        windows: what the column is called, and the unit of numbers.
        fail: raises an error of a column, a place in it, and what is wrong there.

    Returns:
        nanoseconds as int64, since 1970 in UTC for dates, and whether they were dates.
    """
    name = windows.time or ""
    texts = pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column)
    column = column.astype(str).str.strip() if texts else column
    missing = (column == "").to_numpy() if texts else column.isna().to_numpy()
    if missing.any():
        fail(name, int(np.argmax(missing)), "has no value; each row needs a time")
    column = _parsed(column, name, fail) if texts else column
    if pd.api.types.is_datetime64_any_dtype(column):
        return pd.DatetimeIndex(pd.to_datetime(column, utc=True)).as_unit("ns").asi8.copy(), True
    if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        fail(name, 0, f"{column.iloc[0]!r} is no time; a number or an ISO 8601 date is needed")
    return _of_numbers(column.to_numpy(), windows, fail), False


def _parsed(texts: Any, name: str, fail: Fail) -> Any:
    """Numbers if the first of the texts is one, and dates otherwise."""
    numbers = pd.to_numeric(texts, errors="coerce")
    counted = bool(numbers.notna().iloc[0])
    found = (
        numbers if counted else pd.to_datetime(texts, utc=True, format="ISO8601", errors="coerce")
    )
    wrong = found.isna()
    if wrong.any():
        place = int(np.argmax(wrong.to_numpy()))
        needed = "the times above are numbers" if counted else "a number or an ISO 8601 date"
        fail(name, place, f"{texts.iloc[place]!r} is no time; {needed}")
    return found


def _of_numbers(times: np.ndarray, windows: Windows, fail: Fail) -> np.ndarray:
    factor = UNITS[windows.unit]
    wrong = ~(np.abs(times.astype(np.float64)) < LATEST / factor)
    if wrong.any():
        place = int(np.argmax(wrong))
        what = f"{times[place]} {windows.unit} is more than 292 years from 0"
        fail(windows.time or "", place, f"{what}; is the unit another one?")
    if times.dtype.kind in "iu":
        return times.astype(np.int64) * factor
    return np.rint(times * factor).astype(np.int64)
