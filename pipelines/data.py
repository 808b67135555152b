"""What `--data` stands for: a name, a folder or an address, and the records made of it."""

import dataclasses
import difflib
import hashlib
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples import (
    image_layout,
    named,
    packed,
    records,
    sensor_layout,
    sensor_settings,
)
from tfx_updaters.components.examples.image_config import ImageConfig
from tfx_updaters.components.examples.records import Records
from tfx_updaters.components.examples.sensor_layout import SeriesFiles
from tfx_updaters.components.examples.sensor_windows import Windows
from tfx_updaters.pipelines import store

RECORDS, IMAGES, SERIES = "TFRecords", "images", "series"
STORED = "files in an object store"
# What a summary counts, as it is said.
NOTES = {
    "skipped": "skipped",
    "copies": "groups of near-copies, each in one split",
    "moved": "moved to train, where they have near-copies",
    "contradictions": "groups of near-copies with different labels",
}


@dataclass(frozen=True)
class Source:
    """What was asked for.

    Attributes:
        text: a name of `named`, a folder, a file of series, or an address of an object store.
        images: how images become examples, and how many files may be left out.
        windows: how series do: what is given of the fields of `Windows`.
        copied: the folder on this machine with what lies at the address; see `here`.
    """

    text: str
    images: ImageConfig = field(default_factory=ImageConfig)
    windows: Mapping[str, Any] = field(default_factory=dict)
    copied: Path | None = None

    @property
    def is_named(self) -> bool:
        """Whether it comes with a package; a folder of that name is ./NAME."""
        return self.text in named.NAMES

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.copied or Path(self.text).absolute()

    @property
    def shown(self) -> str:
        """Where it lies, for people."""
        return self.text if store.is_address(self.text) else str(Path(self.text).absolute())

    @property
    def name(self) -> str:
        """Of its pipeline: with a few digits of its path's hash, for a baseline of its own."""
        if self.is_named:
            return self.text
        return f"{self._readable}-{_hash(self.shown)}"

    @property
    def _readable(self) -> str:
        last = Path(self.text.partition("?")[0]).absolute().name
        return re.sub(r"[^a-z0-9]+", "-", last.lower()).strip("-") or "data"

    def kind(self) -> str:
        """What lies there; needs no TensorFlow.

        Raises:
            DataError: nothing that can be used, or not with these options.
        """
        if store.is_address(self.text) and self.copied is None:
            store.check(self.text)
            return STORED
        if self.copied is None and (kind := packed.looks_like(self.folder)):
            packed.find(self.folder)
            return kind
        kind = RECORDS if self.is_named else self._looked_up()
        if kind == SERIES:
            self.series()
        elif self.windows:
            raise DataError(f"data {self.text} holds {kind}; --window is for series")
        if kind == RECORDS and not self.is_named and self.images != ImageConfig():
            raise DataError(
                f"data {self.text} holds TFRecords; how images are read changes nothing"
            )
        return kind

    def series(self) -> tuple[SeriesFiles, Windows]:
        """The files of series, and how they are cut.

        Raises:
            DataError: a column is not there, or what a window is was not said.
        """
        if self.images != ImageConfig(max_skipped=self.images.max_skipped):
            raise DataError(f"data {self.text} holds series; how images are read changes nothing")
        files = sensor_layout.find(self.copied or Path(self.text))
        return files, sensor_settings.completed(self.windows, files)

    def _looked_up(self) -> str:
        _refuse_unknown_name(self.text)
        folder = self.copied or Path(self.text)
        if self.images.labels or (not _has_records(folder) and image_layout.looks_like(folder)):
            return IMAGES
        if sensor_layout.looks_like(folder) and not _has_records(folder):
            return SERIES
        if folder.is_dir() and not any(folder.glob("train*")) and not any(folder.glob("eval*")):
            raise DataError(
                f"data {folder} has no train* and no eval* TFRecords, no series "
                f"({', '.join(sensor_layout.SUFFIXES)}), and no images in folders "
                "named like their classes; a file with the labels is named with --image-labels"
            )
        records.find(folder)
        return RECORDS

    def here(self, root: Path) -> "Source":
        """The same as files on this machine, made once in `root`.

        What lies at an address is copied; what another library has packed is unpacked.

        Raises:
            DataError: it cannot be.
        """
        if self.is_named:
            return self
        into = root / "data" / "copied"
        _clean(into)
        source = self
        if store.is_address(self.text):
            copied = store.copy(self.text, into, self._readable)
            source = dataclasses.replace(self, copied=copied)
        if packed.looks_like(source.folder):
            copied = packed.unpack(source.folder, into, self._readable)
            source = dataclasses.replace(self, copied=copied)
        return source

    def prepare(self, root: Path) -> Path:
        """The folder with its records; what is no records yet is made into them once, in `root`.

        Raises:
            DataError: it cannot be.
        """
        _clean(root / "data")
        if self.is_named:
            return named.write(self.text, root / "data" / self.text)
        kind = self.kind()
        if kind == RECORDS:
            return self.folder
        if kind == SERIES:
            # Beam and pandas, too.
            from tfx_updaters.components.examples.sensor_convert import convert as cut

            files, windows = self.series()
            files.refuse(self.images.max_skipped)
            return cut(files, windows, lambda mark: root / "data" / f"{self._readable}-{mark}")
        # Pillow and NumPy are loaded only now: help and usage errors do not wait for them.
        from tfx_updaters.components.examples.image_convert import convert

        config = dataclasses.replace(self.images, encoding="float")
        return convert(self.folder, config, lambda mark: root / "data" / f"{self._readable}-{mark}")


def describe(source: Source, found: Records) -> str:
    """What there is, in a sentence; for images and series also what was left out."""
    counts = ", ".join(f"{count:,} in {split}" for split, count in found.counts.items())
    parts = [f"{found.classes} classes", counts, " x ".join(map(str, found.shape))]
    summary = found.summary()
    parts += [f"{summary[key]:,} {text}" for key, text in NOTES.items() if summary.get(key)]
    if "series" in summary:
        parts.append(f"{summary['series']:,} series with {', '.join(summary['channels'])}")
        parts += [f"{n:,} windows dropped ({why})" for why, n in summary["dropped"].items()]
        short = summary["series_too_short"]["count"]
        parts += [f"{short:,} series shorter than a window"] if short else []
    what = source.text if source.is_named else source.kind()
    return f"{what}: {'; '.join(parts)}"


def _clean(folder: Path) -> None:
    """Removes what a run that was killed has left; this one holds the root."""
    for left in folder.glob(".partial-*"):
        shutil.rmtree(left)


def _has_records(folder: Path) -> bool:
    """Whether each split has files that are no series: `train.csv` is one."""
    return all(
        any(path.is_file() and not sensor_layout.is_series(path.name) for path in paths)
        for paths in (folder.glob(f"{split}*") for split in records.SPLITS)
    )


def _refuse_unknown_name(text: str) -> None:
    """A word that is neither a name nor there, but close to a name."""
    if "/" in text or Path(text).exists():
        return
    near = difflib.get_close_matches(text, named.NAMES, 1)
    if near:
        raise DataError(
            f"data {text} does not exist; did you mean '{near[0]}'? Names are "
            f"{', '.join(named.NAMES)}; everything else is a folder or a file"
        )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
