"""Which image becomes an example of which split: classes, near-copies, and what is refused."""

import dataclasses
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples.image_config import ImageConfig
from tfx_updaters.components.examples.image_copies import groups as near_copies
from tfx_updaters.components.examples.image_known import Known
from tfx_updaters.components.examples.image_layout import Listing, Skipped
from tfx_updaters.components.examples.image_placed import Images
from tfx_updaters.components.examples.image_scans import Scans
from tfx_updaters.components.examples.image_splits import TRAIN, by_content, by_folder
from tfx_updaters.components.examples.records import SUMMARY

# What lies beside the examples and `records.SUMMARY`.
SKIPPED, COPIES = "skipped.jsonl", "copies.jsonl"
# Shares by content: four to train on for one to judge by.
BUCKETS = {"train": 4, "eval": 1}
NAMED = 5


@dataclass(frozen=True, eq=False)
class Plan:
    """What becomes of a folder of images.

    Attributes:
        classes: names; a label is a place in this list.
        splits: names of the splits, each with images.
        config: with the channels that were found, if none were asked for.
        known: what is in memory of each image.
        labels: of each image; int32.
        places: of each image the place of its split in `splits`; uint8.
        scans: of all files.
        skipped: what is left out, and why.
        copies: the files of each group of near-copies.
        moved: files that their folder had in another split than their near-copies.
        contradictions: groups of near-copies with more than one label.
    """

    classes: tuple[str, ...]
    splits: tuple[str, ...]
    config: ImageConfig
    known: Known
    labels: np.ndarray
    places: np.ndarray
    scans: Iterable[Scans]
    skipped: tuple[Skipped, ...]
    copies: tuple[tuple[str, ...], ...] = ()
    moved: tuple[str, ...] = ()
    contradictions: tuple[tuple[str, ...], ...] = ()

    def images(self) -> Iterator[Images]:
        """All that become examples, a lot at a time, in the order of their files."""
        start = 0
        for lot in self.scans:
            good = lot.good()
            rows = slice(start, start + len(good))
            start += len(good)
            yield Images(
                good.paths, [self.splits[place] for place in self.places[rows]], self.labels[rows],
                good.digests, _as_it_is(good, self.config),
            )  # fmt: skip

    def counts(self) -> dict[str, dict[str, int]]:
        """Number of images by class and split; 0 where a class has none in a split."""
        found = _table(self.places, self.labels, (len(self.splits), len(self.classes))).tolist()
        shown = sorted(range(len(self.splits)), key=self.splits.__getitem__, reverse=True)
        return {
            name: {self.splits[place]: found[place][label] for place in shown}
            for label, name in enumerate(self.classes)
        }

    def files(self) -> dict[str, str]:
        """What there is to know besides the examples, as the text of each file."""
        copies = ({"files": files} for files in self.copies)
        return {
            SUMMARY: json.dumps(self.summary(), ensure_ascii=False, indent=1),
            SKIPPED: _lines(map(dataclasses.asdict, self.skipped)),
            COPIES: _lines(copies),
        }

    def summary(self) -> dict[str, Any]:
        """The classes, the counts, the shape of an image if they share one, and what was done."""
        size = self.config.size
        return {
            "classes": self.classes,
            "counts": self.counts(),
            "shape": [*size, self.config.channels] if size else None,
            "skipped": len(self.skipped),
            "copies": len(self.copies),
            "moved": len(self.moved),
            "contradictions": len(self.contradictions),
        }


def plan(scans: Iterable[Scans], listing: Listing, config: ImageConfig,
         buckets: Mapping[str, int] | None = None) -> Plan:  # fmt: skip
    """Places each image that could be read.

    Near-copies go into the same split: by the smallest digest among them where the content
    decides; where folders do, into `train` if one of them lies there.

    Args:
        scans: of every file of the listing, in lots, gone through several times.
        listing: what was found in the folder.
        config: what was chosen.
        buckets: shares by split, where the content decides; by default 4 of `train`, 1 of `eval`.

    Raises:
        DataError: more is to be skipped than allowed; fewer than two classes are left, or images
            of different sizes without a size to bring them to; a class lies in no `train`; a
            split is empty.
    """
    known = Known.of(scans)
    skipped = _skipped(known, listing)
    _check_skipped(listing, skipped, config.max_skipped)
    classes = _sorted(known.classes)
    if len(classes) < 2:
        raise DataError(
            f"data {listing.folder}: one class, {', '.join(classes)}; two or more are needed"
            if classes else f"data {listing.folder}: no image can be read"
        )  # fmt: skip
    config = _completed(listing, known, config)
    labels = np.array([classes.index(name) for name in known.classes], np.int32)[known.labels]
    groups = near_copies(_Signatures(scans), len(known))
    names = listing.splits or tuple(buckets or BUCKETS)
    places = (
        by_folder(known, groups, names) if listing.splits
        else by_content(known, groups, buckets or BUCKETS)
    )  # fmt: skip
    _check_splits(listing, names, classes, _table(places, labels, (len(names), len(classes))))
    copies = _copies(groups)
    folders = np.array([names.index(name) if name else -1 for name in known.folders])
    moved = np.flatnonzero((folders != -1)[known.folder] & (folders[known.folder] != places))
    paths = _paths(scans, {*moved.tolist(), *(row for rows in copies for row in rows)})
    return Plan(
        classes, names, config, known, labels, places, scans, tuple(skipped),
        _named(copies, paths),
        tuple(sorted(paths[row] for row in moved.tolist())),
        _named((rows for rows in copies if len(np.unique(labels[rows])) > 1), paths),
    )  # fmt: skip


@dataclass(frozen=True)
class _Signatures:
    """Those of scans that can be used, a lot at a time, as often as one likes."""

    scans: Iterable[Scans]

    def __iter__(self) -> Iterator[np.ndarray]:
        return (lot.good().signatures for lot in self.scans)


def _as_it_is(scans: Scans, config: ImageConfig) -> np.ndarray:
    """Whether each file is the PNG that is asked for already."""
    bare = (scans.bare == config.channels) & (config.encoding == "png")
    return bare & (scans.sizes == config.size).all(axis=1) if config.size else bare


def _lines(rows: Iterable[Mapping]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def _skipped(known: Known, listing: Listing) -> list[Skipped]:
    unreadable = [Skipped(path, fault) for path, fault in known.faults]
    empty = [
        Skipped(f"{name}/", "a class without an image that can be read")
        for name in listing.classes
        if name not in known.classes
    ]
    return sorted([*listing.skipped, *unreadable, *empty], key=lambda each: each.file)


def _check_skipped(listing: Listing, skipped: list[Skipped], most: int) -> None:
    if len(skipped) <= most:
        return
    first = "; ".join(f"{each.file}: {each.reason}" for each in skipped[:NAMED])
    more = f"; and {len(skipped) - NAMED} more" if len(skipped) > NAMED else ""
    raise DataError(
        f"data {listing.folder}: {len(skipped)} files cannot be used, {most} may be skipped: "
        f"{first}{more}"
    )


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    """Numbers by value, else by name."""
    names = tuple(names)
    if all(name.isascii() and name.isdigit() for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def _completed(listing: Listing, known: Known, config: ImageConfig) -> ImageConfig:
    """With the channels and the size that all images have."""
    channels = config.channels or (1 if known.grey else 3)
    sizes = known.sizes
    size = config.size or (next(iter(sizes)) if len(sizes) == 1 else None)
    if size is None and config.encoding == "float":
        common = ", ".join(f"{h}x{w} ({n})" for (h, w), n in sizes.most_common(NAMED))
        raise DataError(
            f"data {listing.folder}: images of {len(sizes)} sizes, {common}; give the one to bring "
            "them to: --image-size HxW, or size=(height, width)"
        )
    return dataclasses.replace(config, channels=channels, size=size)


def _copies(groups: np.ndarray) -> list[list[int]]:
    """The rows of each group of several."""
    found = defaultdict(list)
    for row in np.flatnonzero(np.bincount(groups)[groups] > 1).tolist():
        found[groups[row]].append(row)
    return list(found.values())


def _paths(scans: Iterable[Scans], rows: set[int]) -> dict[int, str]:
    """The paths of some images by their rows."""
    if not rows:
        return {}
    paths = (path for lot in scans for path in lot.good().paths)
    return {row: path for row, path in enumerate(paths) if row in rows}


def _named(groups: Iterable[list[int]], paths: Mapping[int, str]) -> tuple[tuple[str, ...], ...]:
    return tuple(sorted(tuple(sorted(paths[row] for row in rows)) for rows in groups))


def _table(places: np.ndarray, labels: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Number of images by split and class."""
    return np.bincount(places * np.int32(shape[1]) + labels, minlength=shape[0] * shape[1]).reshape(
        shape
    )


def _check_splits(
    listing: Listing, names: tuple[str, ...], classes: tuple[str, ...], table: np.ndarray
) -> None:
    empty = [name for name, found in zip(names, table, strict=True) if not found.any()]
    if empty:
        raise DataError(
            f"data {listing.folder}: no image for the split {', '.join(empty)} is left; "
            f"near-copies stay together, and {table.sum()} images were found; more are needed"
        )
    first = names.index(TRAIN) if TRAIN in names else 0
    for name, found in zip(names, table, strict=True):
        unseen = [classes[label] for label in np.flatnonzero((found > 0) & (table[first] == 0))]
        if unseen:
            raise DataError(
                f"data {listing.folder}: the classes {', '.join(unseen[:NAMED])} are in {name} and "
                f"not in {names[first]}: no model can learn them; move some images there"
            )
