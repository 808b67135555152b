"""What near-copies of an image have in common, and which images are near-copies.

The rule is four limits at once: the difference hash alone (N. Krawetz, Kind of Like That, 2013)
chains small pictures together, as its 64 bits say little about a digit of 28 x 28. A bit needs a
step of some levels, or the noise of a JPEG decides it where an image is flat.
"""

import functools
import math
from collections.abc import Iterator

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

# Side in pixels of the picture that a signature is made of: in 9 x 9 tiles of 8, and 8 of 9.
SIDE = 72
# Thousandths of red, green and blue in grey (ITU-R BT.601): with whole numbers all sums are exact.
LUMA = np.array([299, 587, 114], np.float64)
# Levels of 255 by which grey falls where a bit is set.
STEP = 8.0
# Of 64 bits; levels of 255, for each channel, on average over 64 tiles, and for each tile.
MOST_BITS, MOST_CHANNEL, MOST_TILES, MOST_TILE = 4, 8.0, 3.0, 14.0
# How far apart near-copies lie at most, seen as points of 64 tiles.
REACH = math.sqrt(64 * MOST_TILES * MOST_TILE)
# Axes along which the tiles differ most; images whose pairs are in memory at once; images among
# which these are looked for, if so many have different hashes.
AXES, AT_ONCE, IN_A_TREE = 12, 256, 4096
# Every fifth bit: two hashes that differ in four bits agree in one of five parts.
PARTS = [np.uint64(sum(1 << bit for bit in range(part, 64, 5))) for part in range(MOST_BITS + 1)]
LAYOUT = np.dtype([("bits", "<u8"), ("channels", "<f2", 3), ("tiles", "u1", 64)])


def signature(pixels: np.ndarray) -> bytes:
    """The signature of an image.

    Args:
        pixels: of the whole image, height x width of grey or height x width x 3 of RGB, whole
            numbers 0..255; a side shorter than 72 counts as one of 72 whose pixels repeat.

    Returns:
        78 bytes: 64 bits, each whether grey falls by 8 levels from one ninth of a row to the
        next; the mean of each channel; the grey means of 8 x 8 tiles in whole levels.
    """
    height, width = pixels.shape[:2]
    down, rows, _ = _shares(height)
    _, columns, across = _shares(width)
    values = pixels.astype(np.float64)
    thousandths = values @ LUMA if values.ndim == 3 else 1000 * values
    sums = down @ thousandths @ across
    tiles, ninths = sums[:, :8], sums[:, 8:]
    falls = ninths[:, :-1] - ninths[:, 1:] > 1000 * STEP * (SIDE // 8) * (SIDE // 9)
    channels = np.empty(3, "<f2")
    channels[:] = columns @ (rows @ values.reshape(height, -1)).reshape(width, -1) / SIDE**2
    means = np.rint(tiles / (1000 * (SIDE // 8) ** 2)).astype("u1")
    return np.packbits(falls).tobytes() + channels.tobytes() + means.tobytes()  # As LAYOUT has it.


@functools.lru_cache(maxsize=SIDE)
def _shares(length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How often each pixel of a side counts: in its eighths, in all, in its eighths and ninths.

    Returns:
        8 x length, length, and length x 17.
    """
    repeated = np.eye(length)[(2 * np.arange(SIDE) + 1) * length // (2 * SIDE)]
    eighths, ninths = (np.repeat(np.eye(n), SIDE // n, axis=0) for n in (8, 9))
    return eighths.T @ repeated, repeated.sum(axis=0), repeated.T @ np.hstack([eighths, ninths])


def groups(signatures: np.ndarray) -> np.ndarray:
    """A number for each image, the same for near-copies and for near-copies of these.

    Two images are near-copies if their hashes differ in at most 4 bits, the mean of each channel
    by at most 8 levels, and the grey means of their tiles by at most 3 levels on average and by at
    most 14 each.

    Args:
        signatures: of `LAYOUT`.
    """
    first, same = _different(signatures)
    linked = np.arange(len(first))
    for a, b in _pairs(signatures, first):
        apart = linked[a] != linked[b]
        a, b = a[apart], b[apart]
        near = _near(signatures[first[a]], signatures[first[b]])
        if near.any():
            linked = _merged(linked, a[near], b[near])
        if not linked.any():
            break  # All are in the first group.
    return linked[same]


def _different(signatures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One place of each signature, and for each image which of these signatures it has."""
    raw = signatures.view(f"V{LAYOUT.itemsize}")
    order = np.argsort(raw, kind="stable")
    new = np.ones(len(raw), bool)
    for start in range(1, len(raw), AT_ONCE):
        here = order[start : start + AT_ONCE]
        new[start : start + AT_ONCE] = raw[here] != raw[order[start - 1 : start - 1 + len(here)]]
    same = np.empty(len(raw), int)
    same[order] = np.cumsum(new) - 1
    return order[new], same


def _pairs(signatures: np.ndarray, of: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Places of every two images that may be near-copies, a few images at a time.

    A part of their hashes is the same (M. Norouzi et al., Fast exact search in Hamming space with
    multi-index hashing, 2014), and no two of the tiles' means can differ by more on a few axes than
    they do on all 64. So each part is a search for neighbours, with the part's value as an axis
    along which other values are out of reach.
    """
    if len(of) < 2:
        return
    tiles, bits = signatures["tiles"], signatures["bits"][of]
    some = tiles[of[:: max(1, len(of) // 10_000)]].astype(np.float32)
    axes = np.linalg.eigh(np.cov(some.T))[1][:, -AXES:].astype(np.float32)
    points = np.empty((len(of), AXES), np.float32)
    for start in range(0, len(of), AT_ONCE):
        here = of[start : start + AT_ONCE]
        points[start : start + AT_ONCE] = tiles[here].astype(np.float32) @ axes
    for part in PARTS:
        order = np.argsort(bits & part, kind="stable")
        for rows in _stretches(order, bits & part):
            value = np.unique(bits[rows] & part, return_inverse=True)[1]
            for a, b in _neighbours(np.column_stack([2 * REACH * value, points[rows]])):
                yield rows[a], rows[b]


def _stretches(order: np.ndarray, values: np.ndarray) -> Iterator[np.ndarray]:
    """An order by values in parts of some thousand, each with all that have the same value."""
    values = values[order]
    ends = np.append(np.flatnonzero(values[1:] != values[:-1]) + 1, len(values))
    start = 0
    while start < len(order):
        stop = ends[min(np.searchsorted(ends, start + IN_A_TREE), len(ends) - 1)]
        yield order[start:stop]
        start = stop


def _neighbours(points: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Places of every two points within reach, each pair once."""
    tree = cKDTree(points)
    for start in range(0, len(points), AT_ONCE):
        of = cKDTree(points[start : start + AT_ONCE])
        found = of.sparse_distance_matrix(tree, REACH + 0.1, output_type="ndarray")
        a, b = found["i"] + start, found["j"]
        yield a[a < b], b[a < b]


def _near(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    bits = np.bitwise_count(a["bits"] ^ b["bits"])
    channels = np.abs(a["channels"].astype(np.float32) - b["channels"]).max(axis=1, initial=0)
    tiles = np.abs(a["tiles"].astype(np.float32) - b["tiles"])
    alike = (tiles.mean(axis=1) <= MOST_TILES) & (tiles.max(axis=1, initial=0) <= MOST_TILE)
    return alike & (bits <= MOST_BITS) & (channels <= MOST_CHANNEL)


def _merged(linked: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    count = len(linked)
    edges = coo_array((np.ones(len(a), bool), (linked[a], linked[b])), (count, count))
    return connected_components(edges, directed=False)[1][linked]
