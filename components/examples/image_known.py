"""What is in memory of all images at once: some twenty bytes of each."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Self

import numpy as np

from tfx_updaters.components.examples.image_scans import Scans


@dataclass(frozen=True, eq=False)
class Known:
    """Of the files that can be used, in their order; and which ones cannot.

    Attributes:
        classes: names.
        labels: of each image the place of its class in `classes`, int32.
        folders: names of the splits that folders name; an empty one where the content decides.
        folder: of each image the place of its folder in `folders`, uint8.
        digests: of each image two numbers, which sort as the bytes do, uint64.
        sizes: number of images by (height, width).
        grey: whether no image has colour.
        length: of all files together, in bytes.
        faults: path and reason of each file that cannot be used.
    """

    classes: tuple[str, ...]
    labels: np.ndarray
    folders: tuple[str, ...]
    folder: np.ndarray
    digests: np.ndarray
    sizes: Counter[tuple[int, int]]
    grey: bool
    length: int
    faults: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, lots: Iterable[Scans]) -> Self:
        """Goes through all lots once."""
        classes: defaultdict[str, int] = defaultdict(count().__next__)
        folders: defaultdict[str, int] = defaultdict(count().__next__)
        labels, folder, digests = array("i"), array("B"), array("Q")
        sizes, faults = Counter(), []
        grey, length = True, 0
        for lot in lots:
            faults += [each for each in zip(lot.paths, lot.faults, strict=True) if each[1]]
            good = lot.good()
            labels.extend(classes[label] for label in good.labels)
            folder.extend(folders[split] for split in good.splits)
            digests.frombytes(good.digests.view(">u8").astype(np.uint64).tobytes())
            sizes.update(map(tuple, good.sizes.tolist()))
            grey = grey and bool(good.grey.all())
            length += int(good.lengths.sum(dtype=np.int64))
        return cls(
            tuple(classes), np.array(labels, np.int32), tuple(folders), np.array(folder, np.uint8),
            np.frombuffer(digests, np.uint64).reshape(-1, 2), sizes, grey, length, tuple(faults),
        )  # fmt: skip

    def __len__(self) -> int:
        """How many images."""
        return len(self.labels)

    def by_digest(self) -> np.ndarray:
        """The images in the order of their digests, which knows nothing of names and classes."""
        return np.lexsort((self.digests[:, 1], self.digests[:, 0]))
