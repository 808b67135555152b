"""The files of a folder of images: the class and the split of each, by folder or by a list."""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples.image_files import File, Files
from tfx_updaters.components.examples.image_labels import read as read_labels

SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp")
# What file managers leave behind.
JUNK = {"thumbs.db", "desktop.ini", "__macosx"}
# Files of each depth that decide whether a folder is one of images.
LOOKED_AT = 10_000
EVALS = ("eval", "val", "valid", "validation")
SPLITS = ("train", *EVALS, "test")


@dataclass(frozen=True)
class Skipped:
    """Something that is left out, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Listing:
    """What lies in a folder.

    Attributes:
        folder: where it is.
        files: those that should be images.
        splits: names of the splits that are folders; none where the content decides.
        skipped: what is left out already.
        classes: by folder, also those without a file.
        unlabelled: number of images that the list of labels does not name.
    """

    folder: Path
    files: Files
    splits: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    classes: tuple[str, ...]
    unlabelled: int = 0


def find(folder: Path, labels: str | None = None) -> Listing:
    """Lists a folder of images, without opening one.

    `train/` beside `eval/` (or `val/`, `valid/`, `validation/`, `test/`) are splits; then, or
    else, each folder is a class, with all that lies in it. With `labels` that file has the classes.
    Hidden files and what file managers leave are passed over.

    Raises:
        DataError: there is no such folder, or nothing in it that could be an image; its splits
            are unclear; the list of labels cannot be read.
    """
    folders = _folders(folder)
    splits = _splits(folder, folders)
    skipped: list[Skipped] = []
    found = _walk(folder, skipped)
    if labels is not None:
        labelled, unlabelled = _labelled(folder, labels, set(found), splits, skipped)
        files, classes = Files.of(labelled), {file.label for file in labelled}
    else:
        files, unlabelled = Files.of(_by_folder(found, splits, skipped)), 0
        classes = set(_class_folders(folder, folders, splits))
    if not files:
        raise DataError(
            f"data {folder} holds no image of a class; folders named like the classes, with "
            f"{', '.join(SUFFIXES)} files in them, are needed"
        )
    names = tuple(dict.fromkeys(splits.values()))
    return Listing(folder, files, names, tuple(skipped), tuple(sorted(classes)), unlabelled)


def looks_like(folder: Path) -> bool:
    """Whether a folder is one of images: some lie up to three folders deep. Quick on large ones."""
    return any(
        path.suffix.lower() in SUFFIXES
        for depth in ("*/*", "*/*/*", "*/*/*/*")
        for path in islice(folder.glob(depth), LOOKED_AT)
    )


def _folders(folder: Path) -> list[str]:
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise DataError(f"data {folder} {what}; a folder of images is needed")
    return sorted(
        entry.name for entry in os.scandir(folder) if entry.is_dir() and not _is_junk(entry.name)
    )


def _is_junk(name: str) -> bool:
    return name.startswith(".") or name.lower() in JUNK


def _splits(folder: Path, folders: list[str]) -> dict[str, str]:
    """The split that each top folder is; empty where they are classes."""
    found = {name: name.lower() for name in folders if name.lower() in SPLITS}
    if "train" not in found.values() or len(found) < 2:
        return {}
    evals = [name for name, split in found.items() if split in EVALS]
    for name in ("train", "test"):
        _refuse_several(folder, [each for each in found if found[each] == name])
    _refuse_several(folder, evals)
    held_out = evals or [name for name, split in found.items() if split == "test"]
    others = [name for name in folders if name not in found]
    if others:
        raise DataError(
            f"data {folder}: {', '.join(sorted(found))} are splits, but {', '.join(others[:3])} "
            "lies beside them; move it elsewhere, or into each of them if it is a class"
        )
    return {name: "eval" if name in held_out else split for name, split in found.items()}


def _refuse_several(folder: Path, names: list[str]) -> None:
    if len(names) > 1:
        raise DataError(f"data {folder}: {' and '.join(names)} are the same split; keep one")


def _class_folders(folder: Path, folders: list[str], splits: dict[str, str]) -> list[str]:
    """Names of all folders that stand for a class, the empty ones too."""
    if not splits:
        return folders
    return [name for split in splits for name in _folders(folder / split)]


def _walk(folder: Path, skipped: list[Skipped]) -> Iterator[str]:
    """The files below a folder, by their paths from there, in order; follows links, but no loop."""
    here = folder.resolve()
    waiting = [("", frozenset(map(str, (here, *here.parents))))]
    while waiting:
        prefix, above = waiting.pop()
        for entry in _entries(folder, prefix, skipped):
            path = f"{prefix}{entry.name}"
            if _is_junk(entry.name):
                continue
            reason = _fault(entry)
            if not reason and entry.is_dir():
                real = os.path.realpath(entry.path)
                if real in above:
                    reason = "a link to a folder that it lies in"
                else:
                    waiting.append((f"{path}/", above | {real}))
                    continue
            if reason:
                skipped.append(Skipped(_printable(path), reason))
            else:
                yield path


def _entries(folder: Path, prefix: str, skipped: list[Skipped]) -> list[os.DirEntry]:
    try:
        return sorted(os.scandir(folder / prefix), key=lambda entry: entry.name)
    except OSError as error:
        skipped.append(Skipped(prefix or str(folder), f"cannot be listed: {error.strerror}"))
        return []


def _fault(entry: os.DirEntry) -> str:
    if _printable(entry.name) != entry.name:
        return "its name is not UTF-8"
    if entry.is_symlink() and not os.path.exists(entry.path):
        return "a link to nothing"
    if not entry.is_dir() and not entry.is_file():
        return "neither a file nor a folder"
    return ""


def _printable(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _by_folder(
    found: Iterable[str], splits: dict[str, str], skipped: list[Skipped]
) -> Iterator[File]:
    depth = 2 if splits else 1
    for path in found:
        parts = path.split("/")
        is_image = path.lower().endswith(SUFFIXES)
        if len(parts) <= depth:
            if is_image:
                skipped.append(Skipped(path, "it lies in no folder of a class"))
        elif not is_image:
            skipped.append(Skipped(path, f"not one of {', '.join(SUFFIXES)}"))
        else:
            yield File(path, sys.intern(parts[depth - 1]), splits[parts[0]] if splits else "")


def _labelled(
    folder: Path, labels: str, there: set[str], splits: dict[str, str], skipped: list[Skipped]
) -> tuple[list[File], int]:
    """The files that the list names, and how many images it does not."""
    named = read_labels(folder / labels)
    files = []
    for path, label in named.items():
        split = splits.get(PurePosixPath(path).parts[0], "") if splits else ""
        if path not in there:
            skipped.append(Skipped(path, f"{labels} names it, and it is not there"))
        elif splits and not split:
            skipped.append(Skipped(path, "it lies in no split"))
        else:
            files.append(File(path, label, split))
    others = [path for path in there - set(named) if path.lower().endswith(SUFFIXES)]
    return files, len(others)
