"""Lots of what is known of images, in files: one in memory at a time."""

import os
import pickle
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tfx.dsl.io import fileio


@dataclass(frozen=True)
class Lots:
    """Lots in a folder that each worker can reach, gone through as often as one likes.

    Attributes:
        folder: where they lie.
        kind: what they are lots of, the beginning of their files' names.
        count: how many there are.
    """

    folder: str
    kind: str
    count: int

    def write(self, number: int, lot: Any) -> None:
        """Stores a lot: whole, also where two workers do the same work."""
        written = f"{self._path(number)}.{uuid.uuid4().hex}"
        with fileio.open(written, "wb") as file:
            file.write(pickle.dumps(lot))
        fileio.rename(written, self._path(number), overwrite=True)

    def read(self, number: int) -> Any:
        """The lot of a number."""
        with fileio.open(self._path(number), "rb") as file:
            return pickle.loads(file.read())

    def __iter__(self) -> Iterator[Any]:
        """All of them in the order of their numbers."""
        return map(self.read, range(self.count))

    def copied(self, folder: str) -> "Lots":
        """The same in another folder, such as one that is nearer."""
        there = Lots(folder, self.kind, self.count)
        for number in range(self.count):
            fileio.copy(self._path(number), there._path(number))
        return there

    def _path(self, number: int) -> str:
        return os.path.join(self.folder, f"{self.kind}-{number}")
