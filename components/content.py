"""What an example contains, as a number: to find it again, wherever it stands."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

FACTOR = np.uint64(0x9E3779B97F4A7C15)


def hashes(features: Mapping[str, Any], count: int) -> np.ndarray:
    """A number for each example, from the values of all its features."""
    total = np.zeros(count, np.uint64)
    for name in sorted(features):
        column = pd.util.hash_array(_bytes(features[name], count), categorize=False)
        total = (total ^ column) * FACTOR
        total ^= total >> np.uint64(29)
    return total


def numbered(texts: np.ndarray) -> np.ndarray:
    """A whole number, int64, for each text of a list: the same for the same text."""
    return pd.util.hash_array(texts, categorize=False).view(np.int64)


def _bytes(values: Any, count: int) -> np.ndarray:
    """Each row's values as one object that can be hashed."""
    column = np.empty(count, object)
    if not isinstance(values, np.ndarray):
        rows: list[list[Any]] = [[] for _ in range(count)]
        for place, value in zip(_places(values), values.values, strict=True):
            rows[place].append(value)
        column[:] = [repr(row).encode() for row in rows]
    elif values.dtype == object:
        column[:] = [
            b"\0".join(v if isinstance(v, bytes) else str(v).encode() for v in np.ravel(row))
            for row in values
        ]
    else:
        flat = np.ascontiguousarray(values.reshape(count, -1))
        column[:] = flat.view(f"V{flat.shape[1] * flat.itemsize}").ravel().tolist()
    return column


def _places(values: Any) -> np.ndarray:
    """The row of each value of a sparse or ragged feature."""
    if hasattr(values, "indices"):
        return values.indices[:, 0]
    ends, *inner = values.nested_row_splits
    for splits in inner:
        ends = splits[ends]
    return np.repeat(np.arange(len(ends) - 1), np.diff(ends))
