"""Scans of many files, in columns."""

import pickle
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Self

import numpy as np

from tfx_updaters.components.examples.image_columns import Columns
from tfx_updaters.components.examples.image_file import Scan
from tfx_updaters.components.examples.image_signature import LAYOUT

DIGEST = np.dtype("V16")


@dataclass(frozen=True, eq=False)
class Scans(Columns):
    """What `image_file.Scan` and `image_layout.File` have, of files in the order of their paths.

    Attributes:
        paths: of files.
        labels: names of their classes.
        splits: by folder; empty where the content decides.
        faults: why a file cannot be used; empty if it can.
        digests: 16 bytes each.
        sizes: of shape (files, 2).
        grey: whether there is no colour.
        signatures: of `image_signature.LAYOUT`.
        bare: channels of bare PNG files, else 0.
    """

    paths: list[str]
    labels: list[str]
    splits: list[str]
    faults: list[str]
    digests: np.ndarray
    sizes: np.ndarray
    grey: np.ndarray
    signatures: np.ndarray
    bare: np.ndarray

    @classmethod
    def of(cls, scans: Iterable[Scan]) -> Self:
        """Those of some files."""
        found = sorted(scans, key=lambda scan: scan.file.path)
        return cls(
            [scan.file.path for scan in found],
            [scan.file.label for scan in found],
            [scan.file.split for scan in found],
            [scan.fault for scan in found],
            _packed([scan.digest for scan in found], DIGEST),
            np.array([scan.size for scan in found], np.uint32).reshape(-1, 2),
            np.array([scan.grey for scan in found], bool),
            _packed([scan.signature for scan in found], LAYOUT),
            np.array([scan.bare for scan in found], np.uint8),
        )

    def packed(self) -> bytes:
        """A lot of scans as `gathered` takes it: in less memory than its texts take as objects."""
        return pickle.dumps(self)

    @classmethod
    def gathered(cls, packed: Iterable[bytes]) -> Self:
        """Those of several lots, each of files whose paths follow each other.

        The lots are gone through twice, so that their columns are made at their full length.
        """
        lengths = {lot.paths[0]: len(lot) for lot in map(pickle.loads, packed)}
        firsts = sorted(lengths)
        ends = dict(zip(firsts, accumulate(lengths[first] for first in firsts), strict=True))
        columns = []
        for lot in map(pickle.loads, packed):
            parts = vars(lot).values()
            columns = columns or [_empty(part, ends[firsts[-1]]) for part in parts]
            end = ends[lot.paths[0]]
            for column, part in zip(columns, parts, strict=True):
                column[end - len(lot) : end] = part
        return cls(*columns)

    def good(self) -> Self:
        """Those of files that can be used."""
        if not any(self.faults):
            return self
        return self.take([row for row, fault in enumerate(self.faults) if not fault])

    def by_size(self) -> Counter[tuple[int, int]]:
        """Number of usable files by (height, width)."""
        return Counter(map(tuple, self.good().sizes.tolist()))


def _empty(like: Any, count: int) -> Any:
    if isinstance(like, np.ndarray):
        return np.empty((count, *like.shape[1:]), like.dtype)
    return [None] * count


def _packed(values: list[bytes], kind: np.dtype) -> np.ndarray:
    """As an array; zeros where there is none, as in faulty files."""
    return np.frombuffer(b"".join(each or bytes(kind.itemsize) for each in values), kind)
