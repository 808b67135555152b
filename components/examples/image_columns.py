"""Rows in columns: an object for each of many rows would take several times the memory."""

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
