"""The files of series that a path stands for: itself, or those in a folder, at any depth."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples import image_layout
from tfx_updaters.components.examples.image_layout import LOOKED_AT, Skipped

CSV, PARQUET = (".csv", ".csv.gz"), (".parquet", ".pq")
SUFFIXES = (*CSV, *PARQUET)
NAMED = 5


@dataclass(frozen=True)
class SeriesFiles:
    """What a path holds.

    Attributes:
        path: that was asked for.
        base: the folder that names are relative to.
        names: of the files, with `/`.
        skipped: what is left out, and why.
    """

    path: Path
    base: Path
    names: tuple[str, ...]
    skipped: tuple[Skipped, ...]

    def refuse(self, max_skipped: int) -> None:
        """Checks that no more is left out than may be.

        Raises:
            DataError: more is.
        """
        if len(self.skipped) > max_skipped:
            listed = "; ".join(f"{each.file}: {each.reason}" for each in self.skipped[:NAMED])
            raise DataError(
                f"data {self.path}: {len(self.skipped)} files cannot be used, {max_skipped} may be "
                f"skipped (--max-skipped): {listed}{'; ...' * (len(self.skipped) > NAMED)}"
            )


def is_series(name: str) -> bool:
    """Whether a file's name says that it holds series."""
    return name.lower().endswith(SUFFIXES)


def looks_like(path: Path) -> bool:
    """Whether a path is a file of series, or a folder with some and without images."""
    if path.is_file():
        return is_series(path.name)
    names = [name for name, _ in islice(_walk(path), LOOKED_AT)]
    pictures = any(name.lower().endswith(image_layout.SUFFIXES) for name in names)
    return not pictures and any(map(is_series, names))


def find(path: Path) -> SeriesFiles:
    """The files of a path that `looks_like` takes; names that begin with `.` or `_` are no files.

    Links to folders are not followed.
    """
    if path.is_file():
        return SeriesFiles(path, path.absolute().parent, (path.name,), ())
    found = sorted(_walk(path))
    names = tuple(name for name, reason in found if not reason)
    skipped = tuple(Skipped(name, reason) for name, reason in found if reason)
    return SeriesFiles(path, path.absolute(), names, skipped)


def _walk(folder: Path) -> Iterator[tuple[str, str]]:
    """The name of each file, and why it is left out; nothing if it is not."""
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[:1] not in "._")
        for name in sorted(name for name in files if name[:1] not in "._"):
            path = Path(where, name)
            yield path.relative_to(folder).as_posix(), _reason(path)
        for name in [name for name in folders if Path(where, name).is_symlink()]:
            yield Path(where, name).relative_to(folder).as_posix(), "a link to a folder"


def _reason(path: Path) -> str:
    if not is_series(path.name):
        return f"not one of {', '.join(SUFFIXES)}"
    return "" if path.is_file() else "a link that leads nowhere"
