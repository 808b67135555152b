"""Which images are near-copies, by their signatures: four limits at once.

The signatures lie in files; in memory is a part of them that can be near-copies of each other, and
of each image the number of its group.
"""

import math
from collections.abc import Iterable, Iterator

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from tfx_updaters.components.examples.image_signature import LAYOUT
from tfx_updaters.components.examples.image_spill import Spill

# Of 64 bits; levels of 255, for each channel, on average over 64 tiles, and for each tile.
MOST_BITS, MOST_CHANNEL, MOST_TILES, MOST_TILE = 4, 8.0, 3.0, 14.0
# How far apart near-copies lie at most, seen as points of 64 tiles.
REACH = math.sqrt(64 * MOST_TILES * MOST_TILE)
# Images with a part of their hash in common from which on a tree is faster; axes in it, those along
# which the tiles differ most; images and pairs of them that are worked on at once.
IN_A_TREE, AXES, AT_ONCE, PAIRS = 4096, 12, 256, 1 << 22
# Images in memory at a time, if so many have different hashes.
IN_MEMORY = 1 << 14
# Every fifth bit: two hashes that differ in four bits agree in one of five parts.
PARTS = [np.uint64(sum(1 << bit for bit in range(part, 64, 5))) for part in range(MOST_BITS + 1)]
# Spreads the values of a part: what a multiplicative hash multiplies by, 2^64 over the golden
# ratio (D. Knuth, The Art of Computer Programming, volume 3, 6.4).
SPREAD = np.uint64(0x9E3779B97F4A7C15)
ROW = np.dtype([("row", "<i8"), ("signature", LAYOUT)])


def groups(signatures: Iterable[np.ndarray], count: int) -> np.ndarray:
    """A number for each image, the same for near-copies and for near-copies of these.

    Two images are near-copies if their hashes differ in at most 4 bits, the mean of each channel
    by at most 8 levels, and the grey means of their tiles by at most 3 levels on average and by at
    most 14 each.

    Args:
        signatures: of `LAYOUT`, in several arrays; they are gone through five times.
        count: how many there are in all.

    Returns:
        int32; the number of a group is the row of one of its images.
    """
    linked = np.arange(count, dtype=np.int32)
    for part in PARTS:
        for rows, found in _together(signatures, part, -(-count // IN_MEMORY)):
            near = _near_copies(found, linked[rows], part)
            linked = _merged(linked, rows, rows[near])
    return linked


def _together(
    signatures: Iterable[np.ndarray], part: np.uint64, parts: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows and their signatures; those with the same part of their hash come at once."""
    with Spill() as spill:
        start, waiting = 0, []
        for lot in signatures:
            waiting.append(lot)
            if sum(map(len, waiting)) >= IN_MEMORY:
                start = _spread(waiting, start, part, parts, spill)
        _spread(waiting, start, part, parts, spill)
        for each in range(parts):
            numbered = np.frombuffer(spill.take(each), ROW)
            yield numbered["row"], np.ascontiguousarray(numbered["signature"])


def _spread(
    waiting: list[np.ndarray], start: int, part: np.uint64, parts: int, spill: Spill
) -> int:
    """Brings the signatures that wait to their place; the row of the next one."""
    if not waiting:
        return start
    lot = np.concatenate(waiting)
    waiting.clear()
    numbered = np.empty(len(lot), ROW)
    numbered["row"] = np.arange(start, start + len(lot))
    numbered["signature"] = lot
    places = ((lot["bits"] & part) * SPREAD >> np.uint64(32)) % np.uint64(parts)
    for place in np.unique(places).tolist():
        spill.add(place, numbered[places == place].tobytes())
    return start + len(lot)


def _near_copies(signatures: np.ndarray, known: np.ndarray, part: np.uint64) -> np.ndarray:
    """Of each the place of the first one in its group; `known` has what are groups already."""
    first, same = _different(signatures)
    linked = _merged(np.arange(len(first)), same, same[_firsts(known)])
    for a, b in _pairs(signatures, first, part):
        if not linked.any():
            break  # All are in the first group.
        apart = linked[a] != linked[b]
        a, b = a[apart], b[apart]
        near = _near(signatures[first[a]], signatures[first[b]])
        linked = _merged(linked, a[near], b[near])
    return _firsts(linked[same])


def _firsts(values: np.ndarray) -> np.ndarray:
    """Of each value the first place that has it."""
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    return first[inverse]


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


def _pairs(
    signatures: np.ndarray, of: np.ndarray, part: np.uint64
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Places of every two images that may be near-copies, some thousand pairs at a time.

    A part of their hashes is the same (M. Norouzi et al., Fast exact search in Hamming space with
    multi-index hashing, 2014). Of those with the same part either the whole hashes are compared, or
    where they are many, as of flat images, their tiles by a tree.
    """
    if len(of) < 2:
        return
    bits = signatures["bits"][of]
    order = np.argsort(bits & part, kind="stable")
    bits, keys = bits[order], bits[order] & part
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    lengths = np.diff(starts, append=len(keys))
    for start, length in zip(starts, lengths, strict=True):
        if length > IN_A_TREE:
            rows = order[start : start + length]
            for a, b in _neighbours(signatures["tiles"][of[rows]]):
                yield rows[a], rows[b]
    few = np.flatnonzero(np.repeat(lengths <= IN_A_TREE, lengths))
    for a, b in _alike(bits, np.repeat(starts + lengths, lengths), few):
        yield order[a], order[b]


def _alike(bits: np.ndarray, ends: np.ndarray, first: np.ndarray) -> Iterator[np.ndarray]:
    """Two rows of places of hashes that differ in few bits: each with those up to its end."""
    found, count, apart = [], 0, 1
    while len(first := first[first + apart < ends[first]]):
        near = first[np.bitwise_count(bits[first] ^ bits[first + apart]) <= MOST_BITS]
        if len(near):
            found.append(np.array([near, near + apart]))
            count += len(near)
        apart += 1
        if count > AT_ONCE:
            yield np.concatenate(found, axis=1)
            found, count = [], 0
    if found:
        yield np.concatenate(found, axis=1)


def _neighbours(tiles: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Places of every two whose tiles are within reach, each pair once.

    No two can differ by more on a few axes than they do on all 64 means.
    """
    some = tiles[:: max(1, len(tiles) // 10_000)].astype(np.float32)
    axes = np.linalg.eigh(np.cov(some.T))[1][:, -AXES:].astype(np.float32)
    points = np.empty((len(tiles), AXES), np.float32)
    for start in range(0, len(tiles), AT_ONCE):
        points[start : start + AT_ONCE] = tiles[start : start + AT_ONCE].astype(np.float32) @ axes
    tree = cKDTree(points)
    size = max(1, min(AT_ONCE, PAIRS // len(points)))
    for start in range(0, len(points), size):
        of = cKDTree(points[start : start + size])
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
    """The groups after those of each `a` and `b` became one, by the least of their numbers."""
    a, b = linked[a], linked[b]
    apart = a != b
    if not apart.any():
        return linked
    numbers, places = np.unique([a[apart], b[apart]], return_inverse=True)
    a, b = places.reshape(2, -1)
    edges = coo_array((np.ones(len(a), bool), (a, b)), (len(numbers), len(numbers)))
    least = numbers[_firsts(connected_components(edges, directed=False)[1])]
    renamed = np.arange(len(linked), dtype=linked.dtype)
    renamed[numbers] = least
    return renamed[linked]
