"""Rows in columns: an object for each of many rows would take several times the memory."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np


@dataclass(frozen=True, eq=False)
class Columns:
    """What has a column for each of its fields: a list, or an array of numbers; all as long."""

    def __len__(self) -> int:
        """The number of rows."""
        return len(next(iter(vars(self).values())))

    def take(self, rows: Iterable[int]) -> Self:
        """These rows, in this order."""
        rows = list(rows)
        return type(self)(
            *(
                column[rows] if isinstance(column, np.ndarray) else [column[row] for row in rows]
                for column in vars(self).values()
            )
        )

    @classmethod
    def together(cls, lots: Iterable[Self], places: np.ndarray) -> Self:
        """The rows of several lots, each at its place; of the lots only one is held at a time."""
        whole: list[Any] = []
        start = 0
        for lot in lots:
            parts = vars(lot).values()
            whole = whole or [_empty(part, len(places)) for part in parts]
            here = places[start : start + len(lot)]
            for column, part in zip(whole, parts, strict=True):
                _put(column, here, part)
            start += len(lot)
        return cls(*whole)


def _empty(like: Any, count: int) -> Any:
    if isinstance(like, np.ndarray):
        return np.empty((count, *like.shape[1:]), like.dtype)
    return [None] * count


def _put(column: Any, places: np.ndarray, values: Any) -> None:
    if isinstance(column, np.ndarray):
        column[places] = values
        return
    for place, value in zip(places, values, strict=True):
        column[place] = value
