"""Placed images in lots that each become a file, in an order that knows nothing of classes."""

import io
import pickle
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tfx_updaters.components.examples.image_placed import Images
from tfx_updaters.components.examples.image_plan import Plan
from tfx_updaters.components.examples.image_spill import Spill

# Images of a lot, and bytes of their files; of the latter more, if there were too many files.
MOST_IMAGES, MOST_BYTES, MOST_LOTS = 8192, 32 << 20, 4096
# Images that are brought to their lots at a time.
AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Lot:
    """Which lot it is.

    Attributes:
        split: of its images.
        number: among the lots of its split, from 0.
        count: of the lots of its split.
        images: the lot.
    """

    split: str
    number: int
    count: int
    images: Images


def mixed(plan: Plan) -> Iterator[Lot]:
    """All images of a plan, by split in the order of their digests, a lot at a time."""
    counts = _counts(plan)
    ends = np.cumsum(counts)
    lots = _lots(plan, counts, ends - counts)
    with Spill() as spill:
        start, waiting = 0, []
        for images in plan.images():
            waiting.append(images)
            if sum(map(len, waiting)) >= AT_ONCE:
                start = _spread(waiting, lots, start, spill)
        _spread(waiting, lots, start, spill)
        for place, split in enumerate(plan.splits):
            for number in range(counts[place]):
                images = _taken(spill, ends[place] - counts[place] + number)
                yield Lot(split, number, int(counts[place]), images)


def _counts(plan: Plan) -> np.ndarray:
    """How many lots each split has."""
    found = np.bincount(plan.places, minlength=len(plan.splits))
    length = max(MOST_BYTES, plan.known.length // MOST_LOTS)
    most = max(1, min(MOST_IMAGES, length * len(plan.known) // max(1, plan.known.length)))
    return -(-found // most)


def _lots(plan: Plan, counts: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The lot of each image, numbered over all splits: all of a split are about as large."""
    order = plan.known.by_digest()
    lots = np.empty(len(order), np.int32)
    for place, (start, count) in enumerate(zip(starts, counts, strict=True)):
        rows = order[plan.places[order] == place]
        lots[rows] = start + np.arange(len(rows)) * count // len(rows)
    return lots


def _spread(waiting: list[Images], lots: np.ndarray, start: int, spill: Spill) -> int:
    """Brings the images that wait to their lots; the row of the next one."""
    if not waiting:
        return start
    images = Images.joined(waiting)
    waiting.clear()
    stop = start + len(images)
    for lot in np.unique(lots[start:stop]).tolist():
        of = images.take(np.flatnonzero(lots[start:stop] == lot))
        spill.add(lot, pickle.dumps(of))
    return stop


def _taken(spill: Spill, lot: int) -> Images:
    """The images of a lot, by their digests."""
    data, parts = spill.take(lot), []
    file = io.BytesIO(data)
    while file.tell() < len(data):
        parts.append(pickle.load(file))
    images = Images.joined(parts)
    return images.take(np.argsort(images.digests, kind="stable"))
