"""Examples by the numbers of their contents: to find those that two splits share."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

# Different examples of a split that are remembered; of more, a fair sample.
KEPT = 1 << 20


class Part(NamedTuple):
    """Some examples of a split, in 8 bytes each but for those that are repeated.

    Attributes:
        numbers: different ones, sorted.
        repeated: those of them that are there more than once, sorted.
        extra: how often each of these is there after the first.
    """

    numbers: np.ndarray
    repeated: np.ndarray
    extra: np.ndarray


class Contents:
    """The examples of a split: those with the lowest numbers, all of them if there are few.

    K. Beyer et al. (2007): the k lowest of hashed values are a uniform sample of the distinct
    ones, and the sample of a union is made of the samples.
    """

    def __init__(self) -> None:
        # A part is more than twice as long as the next, so that no number is sorted more often
        # than there are parts.
        self._parts: list[Part] = []

    def add(self, numbers: np.ndarray) -> None:
        """More examples, by their numbers."""
        none = np.empty(0, np.uint64), np.empty(0, int)
        self._take(_together([Part(numbers, *none)]))

    def merge(self, other: "Contents") -> None:
        """The examples of another one as well."""
        for part in other._parts:
            self._take(part)

    def shared_with(self, other: "Contents") -> float:
        """The share of these examples, repeated ones counted, that the other split has as well."""
        mine, theirs = _together(self._parts), _together(other._parts)
        ends = [part.numbers[-1] for part in (mine, theirs) if len(part.numbers) >= KEPT]
        known = _up_to(mine, min(ends)) if ends else mine
        if not len(known.numbers):
            return 0.0
        shared = np.intersect1d(known.numbers, theirs.numbers, assume_unique=True)
        extra = known.extra[np.isin(known.repeated, shared)].sum()
        return float((len(shared) + extra) / (len(known.numbers) + known.extra.sum()))

    def _take(self, part: Part) -> None:
        while self._parts and len(self._parts[-1].numbers) <= 2 * len(part.numbers):
            part = _together([self._parts.pop(), part])
        self._parts.append(part)


def _together(parts: Sequence[Part]) -> Part:
    """One part of several, whose numbers need not be sorted nor different."""
    if not parts:
        return Part(np.empty(0, np.uint64), np.empty(0, np.uint64), np.empty(0, int))
    numbers = np.concatenate([part.numbers for part in parts])
    numbers.sort()
    again = np.zeros(len(numbers), bool)
    np.equal(numbers[1:], numbers[:-1], out=again[1:])
    more = numbers[again]
    repeated, place = np.unique(
        np.concatenate([more, *(part.repeated for part in parts)]), return_inverse=True
    )
    extra = np.zeros(len(repeated), int)
    np.add.at(
        extra, place, np.concatenate([np.ones(len(more), int), *(part.extra for part in parts)])
    )
    whole = Part(numbers[~again], repeated, extra)
    return _up_to(whole, whole.numbers[KEPT - 1]) if len(whole.numbers) > KEPT else whole


def _up_to(part: Part, last: np.uint64) -> Part:
    """Only numbers that are not above the last one."""
    count, repeated = (np.searchsorted(each, last, "right") for each in part[:2])
    return Part(part.numbers[:count].copy(), part.repeated[:repeated], part.extra[:repeated])
