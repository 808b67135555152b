"""Scans of a lot of files, in columns."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Self

import numpy as np

from tfx_updaters.components.examples.image_columns import Columns
from tfx_updaters.components.examples.image_file import Scan
from tfx_updaters.components.examples.image_signature import LAYOUT, signatures

DIGEST = np.dtype("V16")
# Files whose pixels are in memory at once.
AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class Scans(Columns):
    """What `image_file.Scan` and `image_files.File` have, of files in their order.

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
        lengths: in bytes.
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
    lengths: np.ndarray

    @classmethod
    def of(cls, scans: Iterable[Scan]) -> Self:
        """Those of some files, of which a few have their pixels in memory at a time."""
        waiting = iter(scans)
        parts = [cls(*_few([]))]
        while few := list(islice(waiting, AT_ONCE)):
            parts.append(cls(*_few(few)))
        return cls.joined(parts)

    def good(self) -> Self:
        """Those of files that can be used."""
        if not any(self.faults):
            return self
        return self.take([row for row, fault in enumerate(self.faults) if not fault])


def _few(scans: list[Scan]) -> tuple:
    """The columns of some, zeros where a file cannot be used."""
    looks = np.zeros(len(scans), LAYOUT)
    looks[[scan.pixels is not None for scan in scans]] = signatures(
        [scan.pixels for scan in scans if scan.pixels is not None]
    )
    digests = b"".join(scan.digest or bytes(DIGEST.itemsize) for scan in scans)
    return (
        [scan.file.path for scan in scans],
        [scan.file.label for scan in scans],
        [scan.file.split for scan in scans],
        [scan.fault for scan in scans],
        np.frombuffer(digests, DIGEST),
        np.array([scan.size for scan in scans], np.uint32).reshape(-1, 2),
        np.array([scan.grey for scan in scans], bool),
        looks,
        np.array([scan.bare for scan in scans], np.uint8),
        np.array([scan.length for scan in scans], np.uint32),
    )
