"""Examples by the numbers of their contents: to find those that two splits share."""

from collections.abc import Sequence

import numpy as np

# Different examples of a split that are remembered; of more, a fair sample.
KEPT = 1 << 20


class Contents:
    """The examples of a split: those with the lowest numbers, all of them if there are few.

    K. Beyer et al. (2007): the k lowest of hashed values are a uniform sample of the distinct
    ones, and the sample of a union is made of the samples.
    """

    def __init__(self) -> None:
        # Sorted numbers, and how often each is there. A part is more than twice as long as the
        # next, so that no number is sorted more often than there are parts.
        self._parts: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, numbers: np.ndarray) -> None:
        """More examples, by their numbers."""
        self._take(*np.unique(numbers, return_counts=True))

    def merge(self, other: "Contents") -> None:
        """The examples of another one as well."""
        for part in other._parts:
            self._take(*part)

    def shared_with(self, other: "Contents") -> float:
        """The share of these examples, repeated ones counted, that the other split has as well."""
        (mine, counts), (theirs, _) = self._whole(), other._whole()
        ends = [numbers[-1] for numbers in (mine, theirs) if len(numbers) >= KEPT]
        known = mine <= min(ends) if ends else np.ones(len(mine), bool)
        if not known.any():
            return 0.0
        shared = np.isin(mine, theirs) & known
        return float(counts[shared].sum() / counts[known].sum())

    def _take(self, numbers: np.ndarray, counts: np.ndarray) -> None:
        while self._parts and len(self._parts[-1][0]) <= 2 * len(numbers):
            numbers, counts = _together([self._parts.pop(), (numbers, counts)])
        self._parts.append((numbers, counts))

    def _whole(self) -> tuple[np.ndarray, np.ndarray]:
        return _together(self._parts)


def _together(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    if not parts:
        return np.empty(0, np.uint64), np.empty(0, int)
    distinct, place = np.unique(np.concatenate([part[0] for part in parts]), return_inverse=True)
    summed = np.bincount(place, weights=np.concatenate([part[1] for part in parts])).astype(int)
    return distinct[:KEPT], summed[:KEPT]
