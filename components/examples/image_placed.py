"""Images and the places that they get."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tfx_updaters.components.examples.image_columns import Columns


class Placed(NamedTuple):
    """An image with its place.

    Attributes:
        path: of its file.
        split: where it goes.
        label: the number of its class.
        digest: of the file; see `image_file.digest`.
        as_it_is: whether the file's bytes are what the feature `image` holds.
    """

    path: str
    split: str
    label: int
    digest: bytes
    as_it_is: bool


@dataclass(frozen=True, eq=False)
class Images(Columns, Sequence[Placed]):
    """A lot of placed images, of which each is made when it is asked for.

    Attributes:
        paths: of their files.
        splits: where they go.
        labels: numbers of their classes.
        digests: 16 bytes each.
        as_it_is: whether the file's bytes are what is wanted.
    """

    paths: list[str]
    splits: list[str]
    labels: np.ndarray
    digests: np.ndarray
    as_it_is: np.ndarray

    def __getitem__(self, row: Any) -> Any:
        """The image of a row."""
        return Placed(
            self.paths[row],
            self.splits[row],
            int(self.labels[row]),
            self.digests[row].tobytes(),
            bool(self.as_it_is[row]),
        )
