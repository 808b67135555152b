"""What near-copies of an image have in common, and which images are near-copies.

The rule is four limits at once: the difference hash alone (N. Krawetz, Kind of Like That, 2013)
chains small pictures together, as its 64 bits say little about a digit of 28 x 28. A bit needs a
step of some levels, or the noise of a JPEG decides it where an image is flat.
"""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

# Side in pixels of the picture that a signature is made of: in 9 x 9 tiles of 8, and 8 of 9.
SIDE = 72
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
# Levels of 255 by which grey falls where a bit is set.
STEP = 8.0
# Of 64 bits; levels of 255, for each channel, on average over 64 tiles, and for each tile.
MOST_BITS, MOST_CHANNEL, MOST_TILES, MOST_TILE = 4, 8.0, 3.0, 14.0
# With 5 bands of bits, hashes that differ in 4 agree in one of the bands.
BANDS = ((0, 13), (13, 13), (26, 13), (39, 13), (52, 12))
LAYOUT = np.dtype([("bits", "<u8"), ("channels", "<f2", 3), ("tiles", "<f2", 64)])


def signature(small: np.ndarray) -> bytes:
    """The signature of an image.

    Args:
        small: the whole image, 72 x 72 x 3, values 0..255.

    Returns:
        142 bytes: 64 bits, each whether grey falls by 8 levels from one ninth of a row to the
        next; the mean of each channel; the grey means of 8 x 8 tiles.
    """
    grey = small @ LUMA
    ninths = grey.reshape(8, 9, 9, 8).mean(axis=(1, 3))
    falls = ninths[:, :-1] > ninths[:, 1:] + STEP
    made = np.zeros((), LAYOUT)
    made["bits"] = np.packbits(falls).view("<u8")[0]
    made["channels"] = small.mean(axis=(0, 1))
    made["tiles"] = grey.reshape(8, 9, 8, 9).mean(axis=(1, 3)).reshape(64)
    return made.tobytes()


def groups(signatures: list[bytes]) -> np.ndarray:
    """A number for each image, the same for near-copies and for near-copies of these.

    Two images are near-copies if their hashes differ in at most 4 bits, the mean of each channel
    by at most 8 levels, and the grey means of their tiles by at most 3 levels on average and by at
    most 14 each.
    """
    unique = {each: number for number, each in enumerate(dict.fromkeys(signatures))}
    found = np.frombuffer(b"".join(unique), LAYOUT)
    linked = np.arange(len(found))
    for band in BANDS:
        linked = _joined(linked, found, band)
    return linked[[unique[each] for each in signatures]]


def _joined(linked: np.ndarray, found: np.ndarray, band: tuple[int, int]) -> np.ndarray:
    """`linked` with near-copies joined whose hashes agree in a band.

    Sorted by mean grey, near-copies lie close together: images are compared with the next one,
    the next but one, ..., as long as the means allow it.
    """
    shift, width = band
    keys = (found["bits"] >> np.uint64(shift)) & np.uint64((1 << width) - 1)
    means = found["tiles"].astype(np.float32).mean(axis=1)
    order = np.lexsort((means, keys))
    keys, means = keys[order], means[order]
    first, step = np.arange(len(order)), 0
    while len(first):
        step += 1
        first = first[first + step < len(order)]
        second = first + step
        close = (keys[first] == keys[second]) & (means[second] - means[first] <= MOST_TILES)
        first = first[close]
        a, b = order[first], order[first + step]
        apart = linked[a] != linked[b]
        a, b = a[apart], b[apart]
        near = _near(found[a], found[b])
        if near.any():
            linked = _merged(linked, a[near], b[near])
    return linked


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
