"""Examples by the numbers of their contents: to find those that two splits share."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

# By the highest bits of a number. A shard goes through Beam alone: all of them are megabytes, more
# than Flink sorts as one record.
SHARDS = 64
SHIFT = np.uint64(64 - SHARDS.bit_length() + 1)
# Different examples of a split that are remembered in a shard; of more, a fair sample.
KEPT = 1 << 14


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


NONE = Part(np.empty(0, np.uint64), np.empty(0, np.uint64), np.empty(0, int))


class Contents:
    """The examples of a split: of each shard those with the lowest numbers, all if they are few.

    K. Beyer et al. (2007): the k lowest of hashed values are a uniform sample of the distinct
    ones, and the sample of a union is made of the samples.
    """

    def __init__(self) -> None:
        # A part is more than twice as long as the next, so that no number is sorted more often
        # than there are parts.
        self._parts: list[Part] = []

    def add(self, numbers: np.ndarray) -> None:
        """More examples, by their numbers."""
        part = _together([NONE._replace(numbers=numbers)])
        while self._parts and len(self._parts[-1].numbers) <= 2 * len(part.numbers):
            part = _together([self._parts.pop(), part])
        self._parts.append(part)

    def shards(self) -> Iterator[tuple[int, Part]]:
        """The shards that have examples, by number."""
        whole = _together(self._parts)
        firsts = np.arange(SHARDS, dtype=np.uint64) << SHIFT
        pieces = [np.split(whole.numbers, np.searchsorted(whole.numbers, firsts[1:]))]
        places = np.searchsorted(whole.repeated, firsts[1:])
        pieces += [np.split(each, places) for each in whole[1:]]
        for shard, columns in enumerate(zip(*pieces, strict=True)):
            if len(columns[0]):
                yield shard, Part(*(column.copy() for column in columns))


def gathered(found: Iterable[Mapping[str, Part]]) -> dict[str, Part]:
    """The examples of a shard by view, from all who found some."""
    of_view: dict[str, list[Part]] = {}
    for each in found:
        for view, part in each.items():
            of_view.setdefault(view, []).append(part)
    return {view: _together(parts) for view, parts in of_view.items()}


def overlap(mine: Part, theirs: Part) -> np.ndarray:
    """Of how many examples of a shard it is known whether the other split has them, and who are.

    Returns:
        numbers of examples, repeated ones counted: those that the other split has as well, and
        those of which that is known.
    """
    ends = [part.numbers[-1] for part in (mine, theirs) if len(part.numbers) >= KEPT]
    known = _up_to(mine, min(ends)) if ends else mine
    shared = np.intersect1d(known.numbers, theirs.numbers, assume_unique=True)
    extra = known.extra[np.isin(known.repeated, shared)].sum()
    return np.array([len(shared) + extra, len(known.numbers) + known.extra.sum()])


def _together(parts: Sequence[Part]) -> Part:
    """One part of several, whose numbers need not be sorted nor different."""
    if not parts:
        return NONE
    numbers = np.concatenate([part.numbers for part in parts])
    numbers.sort()
    again = np.zeros(len(numbers), bool)
    np.equal(numbers[1:], numbers[:-1], out=again[1:])
    more = numbers[again]
    repeated, place = np.unique(
        np.concatenate([more, *(part.repeated for part in parts)]), return_inverse=True
    )
    extra = np.zeros(len(repeated), int)
    counts = [np.ones(len(more), int), *(part.extra for part in parts)]
    np.add.at(extra, place, np.concatenate(counts))
    return _kept(Part(numbers[~again], repeated, extra))


def _kept(part: Part) -> Part:
    """The lowest of each shard."""
    firsts = np.arange(SHARDS, dtype=np.uint64) << SHIFT
    starts = np.searchsorted(part.numbers, firsts)
    stops = np.append(starts[1:], len(part.numbers))
    if (stops - starts).max() <= KEPT:
        return part
    numbers = np.concatenate(
        [part.numbers[a : min(b, a + KEPT)] for a, b in zip(starts, stops, strict=True)]
    )
    kept = np.isin(part.repeated, numbers, assume_unique=True)
    return Part(numbers, part.repeated[kept], part.extra[kept])


def _up_to(part: Part, last: np.uint64) -> Part:
    """Only numbers that are not above the last one."""
    count, repeated = (np.searchsorted(each, last, "right") for each in part[:2])
    return Part(part.numbers[:count], part.repeated[:repeated], part.extra[:repeated])
