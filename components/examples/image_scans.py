"""Scans of many files, in columns."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from tfx_updaters.components.examples.image_columns import Columns
from tfx_updaters.components.examples.image_file import Scan
from tfx_updaters.components.examples.image_signature import LAYOUT

DIGEST = np.dtype("V32")


@dataclass(frozen=True, eq=False)
class Scans(Columns):
    """What `image_file.Scan` and `image_layout.File` have, of files in the order of their paths.

    Attributes:
        paths: of files.
        labels: names of their classes.
        splits: by folder; empty where the content decides.
        faults: why a file cannot be used; empty if it can.
        digests: 32 bytes each.
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

    @classmethod
    def gathered(cls, lots: Iterable[Self]) -> Self:
        """Those of several lots of files, which are gone through twice."""
        paths = [path for lot in lots for path in lot.paths]
        places = np.empty(len(paths), int)
        places[sorted(range(len(paths)), key=paths.__getitem__)] = np.arange(len(paths))
        del paths
        return cls.together(lots, places)

    def good(self) -> Self:
        """Those of files that can be used."""
        if not any(self.faults):
            return self
        return self.take([row for row, fault in enumerate(self.faults) if not fault])


def _packed(values: list[bytes], kind: np.dtype) -> np.ndarray:
    """As an array; zeros where there is none, as in faulty files."""
    return np.frombuffer(b"".join(each or bytes(kind.itemsize) for each in values), kind)
