"""Windows that share samples: some are held out so that none of the others has a sample of theirs.

The window that overlaps one that is trained on would be predicted from what the model has seen:
a share that is drawn window by window validates nothing (N. Hammerla and T. Plötz, UbiComp 2015).
"""

import math

import numpy as np

# Runs of windows that a share is made of, if it is long enough, and how long a run is at least,
# in windows that overlap one.
RUNS, LONG = 8, 5


def overlap(spans: np.ndarray) -> bool:
    """Whether any two windows of a group share a time.

    Args:
        spans: windows x (group, first time, last time).
    """
    return _reach(spans[_order(spans)]) > 0


def held_out(spans: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Windows to hold out, and the others that share no time with them; some are in neither.

    Args:
        spans: windows x (group, first time, last time).
        count: how many are held out.
        seed: which runs of windows that follow each other.

    Returns:
        places of both.
    """
    order = _order(spans)
    ordered = spans[order]
    length = min(count, max(LONG * _reach(ordered), math.ceil(count / RUNS)))
    random = np.random.default_rng(seed)
    first = random.integers(length)
    starts = np.flatnonzero(np.diff(ordered[:, 0], prepend=ordered[0, 0] - 1))
    cuts = np.union1d(starts, np.arange(first, len(order), length))[1:]
    runs = np.split(np.arange(len(order)), cuts)
    chosen = np.concatenate([runs[place] for place in random.permutation(len(runs))])[:count]
    out = np.zeros(len(order), bool)
    out[chosen] = True
    return order[out], order[~out & ~_touching(ordered, ordered[out])]


def _order(spans: np.ndarray) -> np.ndarray:
    """Places by group, then by time."""
    return np.lexsort(spans.T[::-1])


def _reach(ordered: np.ndarray) -> int:
    """How many of those that follow a window overlap it, at most."""
    most = 0
    for group in np.split(ordered, np.flatnonzero(np.diff(ordered[:, 0])) + 1):
        later = np.searchsorted(group[:, 1], group[:, 2], "right") - np.arange(len(group)) - 1
        most = max(most, int(later.max(initial=0)))
    return most


def _touching(ordered: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which windows share a time with one of the others."""
    found = np.zeros(len(ordered), bool)
    for group in np.unique(others[:, 0]):
        here = ordered[:, 0] == group
        first, last = others[others[:, 0] == group, 1:].T
        latest = np.concatenate([[np.iinfo(np.int64).min], np.maximum.accumulate(last)])
        before = np.searchsorted(first, ordered[here, 2], "right")
        found[here] = latest[before] >= ordered[here, 1]
    return found
