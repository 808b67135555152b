"""What near-copies of an image have in common.

The difference hash alone (N. Krawetz, Kind of Like That, 2013) chains small pictures together, as
its 64 bits say little about a digit of 28 x 28; so the means of tiles and channels stand beside it.
A bit needs a step of some levels, or the noise of a JPEG decides it where an image is flat.
"""

import functools
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

# Side in pixels of the picture that a signature is made of: in 9 x 9 tiles of 8, and 8 of 9.
SIDE = 72
# Thousandths of red, green and blue in grey (ITU-R BT.601): with whole numbers all sums are exact.
LUMA = np.array([299, 587, 114], np.float64)
# Levels of 255 by which grey falls where a bit is set.
STEP = 8.0
LAYOUT = np.dtype([("bits", "<u8"), ("channels", "<f2", 3), ("tiles", "u1", 64)])


def signatures(images: Sequence[np.ndarray]) -> np.ndarray:
    """The signatures of images, of `LAYOUT`; those of one shape are made at once.

    Args:
        images: pixels of each whole image, height x width of grey or height x width x 3 of RGB,
            whole numbers 0..255; a side shorter than 72 counts as one of 72 whose pixels repeat.

    Returns:
        of each 78 bytes: 64 bits, each whether grey falls by 8 levels from one ninth of a row to
        the next; the mean of each channel; the grey means of 8 x 8 tiles in whole levels.
    """
    made = np.empty(len(images), LAYOUT)
    by_shape = defaultdict(list)
    for row, image in enumerate(images):
        by_shape[image.shape].append(row)
    for rows in by_shape.values():
        _make(made, rows, np.array([images[row] for row in rows], np.float64))
    return made


def _make(made: np.ndarray, rows: list[int], values: np.ndarray) -> None:
    """Those of images of one shape: n x height x width, or n x height x width x 3."""
    height, width = values.shape[1:3]
    down, once_down, _ = _shares(height)
    _, once_across, across = _shares(width)
    thousandths = values @ LUMA if values.ndim == 4 else 1000 * values
    sums = down @ (thousandths @ across)
    tiles, ninths = sums[..., :8], sums[..., 8:]
    falls = ninths[..., :-1] - ninths[..., 1:] > 1000 * STEP * (SIDE // 8) * (SIDE // 9)
    made["bits"][rows] = np.packbits(falls.reshape(-1, 64), axis=1).view("<u8")[:, 0]
    means = np.einsum("h,nhw...,w->n...", once_down, values, once_across) / SIDE**2
    made["channels"][rows] = means.reshape(len(means), -1)
    made["tiles"][rows] = np.rint(tiles / (1000 * (SIDE // 8) ** 2)).reshape(-1, 64)


@functools.lru_cache(maxsize=SIDE)
def _shares(length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How often each pixel of a side counts: in its eighths, in all, in its eighths and ninths.

    Returns:
        8 x length, length, and length x 17.
    """
    repeated = np.eye(length)[(2 * np.arange(SIDE) + 1) * length // (2 * SIDE)]
    eighths, ninths = (np.repeat(np.eye(n), SIDE // n, axis=0) for n in (8, 9))
    return eighths.T @ repeated, repeated.sum(axis=0), repeated.T @ np.hstack([eighths, ninths])
