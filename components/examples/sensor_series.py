"""One series: its pieces put together in the order of time."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples.sensor_files import Piece
from tfx_updaters.components.examples.sensor_windows import UNITS

SECOND = UNITS["s"]


@dataclass(frozen=True)
class Series:
    """The samples of a series in the order of time, no two at the same.

    Attributes:
        name: of the series.
        times: nanoseconds, int64.
        values: samples x channels, float64; NaN where one is missing.
        labels: the classes' places in `names`; -1 where one is missing.
        names: of the classes that occur.
        moved: samples that did not follow those before them in the files.
    """

    name: str
    times: np.ndarray
    values: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    moved: int


def joined(name: str, pieces: Iterable[Piece]) -> Series:
    """The pieces as a series; rows without times are a second apart, in the order of the files.

    Raises:
        DataError: two samples have the same time, or some times are dates and some numbers.
    """
    parts = sorted(pieces, key=lambda piece: (piece.file, int(piece.rows[0])))
    names = tuple(sorted({each for part in parts for each in part.names}))
    values = np.concatenate([part.values for part in parts])
    labels = np.concatenate([_renumbered(part, names) for part in parts])
    times = _times(name, parts)
    if times is None:
        seconds = np.arange(len(values), dtype=np.int64) * SECOND
        return Series(name, seconds, values, labels, names, 0)
    moved = int((times[1:] < np.maximum.accumulate(times)[:-1]).sum())
    order = np.argsort(times, kind="stable")
    _check_different(name, parts, times, order)
    return Series(name, times[order], values[order], labels[order], names, moved)


def _times(name: str, parts: list[Piece]) -> np.ndarray | None:
    different = [part for part in parts if part.dates != parts[0].dates]
    if different:
        raise DataError(
            f"series '{name}': the times are numbers in one of {parts[0].file} and "
            f"{different[0].file} and dates in the other"
        )
    return (
        None if parts[0].times is None else np.concatenate([p.times for p in parts])  # type: ignore
    )


def _renumbered(part: Piece, names: tuple[str, ...]) -> np.ndarray:
    places = np.array([*(names.index(each) for each in part.names), -1], np.int32)
    return places[part.labels]


def _check_different(name: str, parts: list[Piece], times: np.ndarray, order: np.ndarray) -> None:
    same = np.flatnonzero(np.diff(times[order]) == 0)
    if not len(same):
        return
    files = np.repeat([part.file for part in parts], [len(part.rows) for part in parts])
    rows = np.concatenate([part.rows for part in parts])
    one, other = order[same[0]], order[same[0] + 1]
    raise DataError(
        f"series '{name}' has {len(same)} samples at the time of another: {files[one]}, row "
        f"{rows[one]}, and {files[other]}, row {rows[other]}; is a column missing that tells "
        "series apart (group)?"
    )
