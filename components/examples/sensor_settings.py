"""`Windows` from words, NAME=VALUE, and from the columns of the files that they are for."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tfx_updaters.components.errors import ArgumentError, DataError
from tfx_updaters.components.examples import sensor_header
from tfx_updaters.components.examples.sensor_layout import SeriesFiles
from tfx_updaters.components.examples.sensor_windows import Windows

NUMBERS = {"length": int, "stride": int, "every": float, "max_gap": float, "eval_share": float}
LISTS = ("channels", "classes")
# In place of what is not given, while the rest is checked: no column has these names.
UNKNOWN = {"length": 1, "label": "\0label", "channels": ["\0channel"]}


def parsed(settings: Iterable[str]) -> dict[str, Any]:
    """Fields of `Windows` as `NAME=VALUE`; channels and classes are separated by commas.

    Raises:
        ArgumentError: a setting that is none, a name that is given twice or not known, with the
            nearest one, or a value that is refused.
    """
    given: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            raise ArgumentError(f"received {setting!r}; NAME=VALUE is needed, such as length=128")
        if name in given:
            raise ArgumentError(f"{name} is given twice")
        given[name] = _value(name, text)
    Windows.from_json({**UNKNOWN, **given})
    return given


def _value(name: str, text: str) -> Any:
    if name in LISTS:
        return [part.strip() for part in text.split(",")]
    try:
        return NUMBERS.get(name, str)(text)
    except ValueError:
        return text  # What is allowed is said where all values are checked.


def completed(given: Mapping[str, Any], files: SeriesFiles) -> Windows:
    """The windows of some files; without `channels` all columns that have no other purpose.

    Raises:
        DataError: `length` or `label` is not given, or a file lacks a column, with the nearest one.
    """
    headers = {name: sensor_header.of_file(files.base / name, name) for name in files.names}
    first, columns = next(iter(headers.items()))
    missing = [f"{name}=..." for name in ("length", "label") if name not in given]
    if missing:
        sensor_header.refuse_values(columns, first)
        raise DataError(
            f"data {files.path} holds series with the columns {', '.join(columns)}; say what a "
            f"window is: --window {' --window '.join(missing)} is needed; time=..., group=... and "
            "channels=... name more columns"
        )
    if "channels" not in given:
        given = {**given, "channels": _others(columns, first, given)}
        _refuse_counters(given["channels"], files.base / first, first)
    windows = Windows.from_json(given)
    for name, header in headers.items():
        sensor_header.check(header, name, windows.columns)
    return windows


def _others(columns: list[str], name: str, given: Mapping[str, Any]) -> list[str]:
    """The columns without another purpose."""
    purposes = [given[purpose] for purpose in ("time", "group", "label") if purpose in given]
    sensor_header.check(columns, name, purposes)
    others = [column for column in columns if column not in purposes]
    if "" in others:
        raise DataError(
            f"{name} has a column without a name, as an index has; which columns are channels is "
            "needed: --window channels=A,B,..."
        )
    if not others:
        raise DataError(f"{name} has no column besides {', '.join(columns)} that is a channel")
    return list(dict.fromkeys(others))


def _refuse_counters(channels: list[str], path: Path, name: str) -> None:
    """Raises DataError of a column that is a time or the number of the row: it tells classes."""
    frame = sensor_header.first_rows(path)
    for channel in channels:
        values = frame.get(channel)
        if values is not None and len(values) > 2 and _rises(values):
            raise DataError(
                f"{name}, column '{channel}' rises from each row to the next, as times do: "
                f"--window time={channel} if it is one, else --window channels=... without it"
            )


def _rises(values: Any) -> bool:
    return values.is_monotonic_increasing and values.is_unique
