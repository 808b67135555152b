"""Rows in columns: an object for each of many rows would take several times the memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np


@dataclass(frozen=True, eq=False)
class Columns:
    """What has a column for each of its fields: a list, or an array of numbers; all as long."""

    def __len__(self) -> int:
        """The number of rows."""
        return len(next(iter(vars(self).values())))

    def take(self, rows: Any) -> Self:
        """The rows at these places, in their order."""
        rows = np.asarray(rows, int)
        return type(self)(
            *(
                column[rows] if isinstance(column, np.ndarray) else [column[row] for row in rows]
                for column in vars(self).values()
            )
        )

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The rows of some after each other."""
        return cls(*map(_joined, zip(*(vars(part).values() for part in parts), strict=True)))


def _joined(parts: Sequence[Any]) -> Any:
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    return [each for part in parts for each in part]
