"""What examples contain, as numbers: to find those that two splits share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

# Different examples of a split that are remembered; of more, a fair sample.
KEPT = 1 << 20
FACTOR = np.uint64(0x9E3779B97F4A7C15)


def hashes(features: Mapping[str, Any], count: int) -> np.ndarray:
    """A number for each example, from the values of all its features."""
    total = np.zeros(count, np.uint64)
    for name in sorted(features):
        column = pd.util.hash_array(_bytes(features[name], count), categorize=False)
        total = (total ^ column) * FACTOR
        total ^= total >> np.uint64(29)
    return total


def _bytes(values: Any, count: int) -> np.ndarray:
    """Each row's values as one object that can be hashed."""
    column = np.empty(count, object)
    if not isinstance(values, np.ndarray):
        places = values.indices[:, 0] if hasattr(values, "indices") else []
        rows: list[list[Any]] = [[] for _ in range(count)]
        for place, value in zip(places, getattr(values, "values", []), strict=False):
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


@dataclass(frozen=True)
class Sketch:
    """The examples of a split: those with the lowest numbers, all of them if there are few.

    K. Beyer et al. (2007): the k lowest of hashed values are a uniform sample of the distinct
    ones, and the sample of a union is made of the samples.

    Attributes:
        values: sorted.
        counts: how often each is there.
    """

    values: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> "Sketch":
        """Of the numbers of some examples."""
        return cls(*np.unique(values, return_counts=True))

    def merged(self, other: "Sketch") -> "Sketch":
        """Of the examples of both."""
        values = np.concatenate([self.values, other.values])
        counts = np.concatenate([self.counts, other.counts])
        distinct, place = np.unique(values, return_inverse=True)
        summed = np.bincount(place, weights=counts).astype(int)
        return Sketch(distinct[:KEPT], summed[:KEPT])

    def shared_with(self, other: "Sketch") -> float:
        """The share of these examples, repeated ones counted, that the other split has as well."""
        ends = [sketch.values[-1] for sketch in (self, other) if len(sketch.values) >= KEPT]
        known = self.values <= min(ends) if ends else np.ones(len(self.values), bool)
        if not known.any():
            return 0.0
        shared = np.isin(self.values, other.values) & known
        return float(self.counts[shared].sum() / self.counts[known].sum())
