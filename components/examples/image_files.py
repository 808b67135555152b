"""The files of a folder of images, packed: as objects a million of them take 150 MB."""

import pickle
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Self

# Files in a lot: so few at first that a small folder has a lot for each worker, and ever more, up
# to so many that the lots of a large one are few.
LEAST_FILES, MOST_FILES, LOTS = 16, 1024, 64


class File(NamedTuple):
    """A file that should be an image.

    Attributes:
        path: from the folder, with `/`.
        label: the name of its class.
        split: the one that its folder names; empty where the content decides.
    """

    path: str
    label: str
    split: str = ""


@dataclass(frozen=True)
class Files:
    """Files in their order.

    Attributes:
        lots: files that follow each other, packed; see `opened`.
        count: of all files.
    """

    lots: tuple[bytes, ...]
    count: int

    @classmethod
    def of(cls, files: Iterable[File]) -> Self:
        """Some files, of which a lot at a time is in memory."""
        waiting, lots, count = iter(files), [], 0
        while lot := list(islice(waiting, min(MOST_FILES, max(LEAST_FILES, count // LOTS)))):
            lots.append(zlib.compress(pickle.dumps([tuple(file) for file in lot])))
            count += len(lot)
        return cls(tuple(lots), count)

    def __len__(self) -> int:
        """How many files."""
        return self.count

    def __iter__(self) -> Iterator[File]:
        """The files, one after the other."""
        return (file for lot in self.lots for file in opened(lot))


def opened(lot: bytes) -> list[File]:
    """The files of a lot."""
    return [File._make(each) for each in pickle.loads(zlib.decompress(lot))]
