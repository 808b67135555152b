"""Which split each image goes to: near-copies into the same one."""

from collections.abc import Mapping, Sequence

import numpy as np

from tfx_updaters.components.examples.image_known import Known

# The split that is trained on.
TRAIN = "train"


def by_folder(known: Known, groups: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """The split of each image, a place in `names`: its folder's, where no near-copy says other.

    Near-copies go into `train` if one of them lies there, as a model must not be judged by what it
    was trained on; else into the first of their splits by name.
    """
    order = sorted(names, key=lambda name: (name != TRAIN, name))
    ranks = np.array([order.index(name) for name in known.folders], np.uint8)[known.folder]
    least = np.full(len(known), len(names), np.uint8)
    np.minimum.at(least, groups, ranks)
    return np.array([names.index(name) for name in order], np.uint8)[least[groups]]


def by_content(known: Known, groups: np.ndarray, buckets: Mapping[str, int]) -> np.ndarray:
    """The split of each image, a place in `buckets`: by the smallest digest of its near-copies.

    A class that would have none in the first split goes there.
    """
    falling = known.by_digest()[::-1].astype(np.int32)
    least = np.zeros(len(known), np.int32)
    least[groups[falling]] = falling  # Of several, the last stays.
    shares = np.repeat(np.arange(len(buckets), dtype=np.uint8), list(buckets.values()))
    chosen = shares[_remainders(known.digests, len(shares))][least]  # Of each group.
    trained = np.unique(known.labels[chosen[groups] == 0])
    chosen[groups[~np.isin(known.labels, trained)]] = 0
    return chosen[groups]


def _remainders(digests: np.ndarray, by: int) -> np.ndarray:
    """Of each digest, as a number of 128 bits whose first 64 come first, what dividing leaves."""
    high, low = digests.T % np.uint64(by)
    return (high * np.uint64(2**64 % by) + low) % np.uint64(by)
