"""Work on image files, on several at a time where they are large."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

# Decoding lets go of Python's lock. Of smaller files it takes less time than waiting for the lock:
# on two processors a file of 1 kB took 1.8 times as long, one of 14 kB 0.94, of 100 kB 0.55.
LEAST_BYTES = 16 << 10
# Results that are in memory at once.
AT_ONCE = 64


def several(
    work: Callable[[Path, Any], Any], folder: Path, images: Iterable[Any], threads: int
) -> Iterator[Any]:
    """What `work` makes of the folder and each image, in order.

    Args:
        work: reads the image's file.
        folder: that the paths of the images start from.
        images: each with a `path`; the first of every 64 says how large they are.
        threads: most images at a time.
    """
    waiting = iter(images)
    with ThreadPoolExecutor(threads) as pool:
        while batch := list(islice(waiting, AT_ONCE)):
            side_by_side = threads > 1 and _is_large(folder / batch[0].path)
            yield from (pool.map if side_by_side else map)(lambda image: work(folder, image), batch)


def _is_large(path: Path) -> bool:
    try:
        return os.path.getsize(path) >= LEAST_BYTES
    except OSError:
        return False  # The work on it will say so.
