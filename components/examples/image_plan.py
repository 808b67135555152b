"""Which image becomes an example of which split: classes, near-copies, and what is refused."""

import dataclasses
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples.image_config import ImageConfig
from tfx_updaters.components.examples.image_layout import Listing, Skipped
from tfx_updaters.components.examples.image_placed import Images
from tfx_updaters.components.examples.image_scans import Scans
from tfx_updaters.components.examples.image_signature import groups as near_copies
from tfx_updaters.components.examples.records import SUMMARY

# What lies beside the examples and `records.SUMMARY`.
SKIPPED, COPIES = "skipped.jsonl", "copies.jsonl"
# Shares by content: four to train on for one to judge by.
BUCKETS = {"train": 4, "eval": 1}
NAMED = 5


@dataclass(frozen=True)
class Plan:
    """What becomes of a folder of images.

    Attributes:
        classes: names; a label is a place in this list.
        images: all that become examples.
        config: with the channels that were found, if none were asked for.
        skipped: what is left out, and why.
        copies: the files of each group of near-copies.
        moved: files that their folder had in another split than their near-copies.
        contradictions: groups of near-copies with more than one label.
    """

    classes: tuple[str, ...]
    images: Images
    config: ImageConfig
    skipped: tuple[Skipped, ...]
    copies: tuple[tuple[str, ...], ...] = ()
    moved: tuple[str, ...] = ()
    contradictions: tuple[tuple[str, ...], ...] = ()

    def counts(self) -> dict[str, dict[str, int]]:
        """Number of images by class and split; 0 where a class has none in a split."""
        splits = self.splits()
        found = Counter(zip(self.images.labels.tolist(), self.images.splits, strict=True))
        return {
            name: {split: found[label, split] for split in splits}
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

    def splits(self) -> tuple[str, ...]:
        """Names of the splits that have images."""
        return tuple(sorted(set(self.images.splits), reverse=True))


def plan(scans: Scans, listing: Listing, config: ImageConfig,
         buckets: Mapping[str, int] | None = None) -> Plan:  # fmt: skip
    """Places each image that could be read.

    Near-copies go into the same split: by the smallest digest among them where the content
    decides; where folders do, into `train` if one of them lies there, as a model must not be
    judged by what it was trained on.

    Args:
        scans: of every file of the listing.
        listing: what was found in the folder.
        config: what was chosen.
        buckets: shares by split, where the content decides; by default 4 of `train`, 1 of `eval`.

    Raises:
        DataError: more is to be skipped than allowed; fewer than two classes are left, or images
            of different sizes without a size to bring them to; a class lies in no `train`; a
            split is empty.
    """
    skipped = _skipped(scans, listing)
    _check_skipped(listing, skipped, config.max_skipped)
    scans = scans.good()
    classes = _sorted(set(scans.labels))
    if len(classes) < 2:
        raise DataError(
            f"data {listing.folder}: one class, {', '.join(classes)}; two or more are needed"
            if classes else f"data {listing.folder}: no image can be read"
        )  # fmt: skip
    config = _completed(listing, scans, config)
    groups = np.unique(near_copies(scans.signatures), return_inverse=True)[1]
    splits = (
        _by_folder(scans, groups) if listing.splits
        else _by_content(scans, groups, buckets or BUCKETS)
    )  # fmt: skip
    _check_splits(listing, scans, splits, listing.splits or tuple(buckets or BUCKETS))
    copies = _copies(groups)
    return Plan(
        classes,
        _images(scans, splits, classes, config),
        config,
        tuple(skipped),
        tuple(tuple(scans.paths[row] for row in rows) for rows in copies),
        tuple(
            path for path, folder, split in zip(scans.paths, scans.splits, splits, strict=True)
            if folder not in ("", split)
        ),
        tuple(
            tuple(scans.paths[row] for row in rows)
            for rows in copies if len({scans.labels[row] for row in rows}) > 1
        ),
    )  # fmt: skip


def _images(
    scans: Scans, splits: list[str], classes: tuple[str, ...], config: ImageConfig
) -> Images:
    numbers = {name: label for label, name in enumerate(classes)}
    labels = np.array([numbers[name] for name in scans.labels], np.int32)
    return Images(
        scans.paths, scans.labels, scans.splits, splits, labels, scans.digests,
        _as_it_is(scans, config),
    )  # fmt: skip


def _as_it_is(scans: Scans, config: ImageConfig) -> np.ndarray:
    """Whether each file is the PNG that is asked for already."""
    bare = (scans.bare == config.channels) & (config.encoding == "png")
    return bare & (scans.sizes == config.size).all(axis=1) if config.size else bare


def _lines(rows: Iterable[Mapping]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def _skipped(scans: Scans, listing: Listing) -> list[Skipped]:
    faults = zip(scans.paths, scans.faults, strict=True)
    unreadable = [Skipped(path, fault) for path, fault in faults if fault]
    full = {label for label, fault in zip(scans.labels, scans.faults, strict=True) if not fault}
    empty = [
        Skipped(f"{name}/", "a class without an image that can be read")
        for name in listing.classes
        if name not in full
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


def _sorted(names: set[str]) -> tuple[str, ...]:
    """Numbers by value, else by name."""
    if all(name.isascii() and name.isdigit() for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def _completed(listing: Listing, scans: Scans, config: ImageConfig) -> ImageConfig:
    """With the channels and the size that all images have."""
    channels = config.channels or (1 if scans.grey.all() else 3)
    sizes = scans.by_size()
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


def _by_folder(scans: Scans, groups: np.ndarray) -> list[str]:
    """The split of each file: its folder's, or `train` for those with a near-copy there."""
    chosen = [""] * (groups.max() + 1)
    for group, split in zip(groups, scans.splits, strict=True):
        both = split, chosen[group] or split
        chosen[group] = "train" if "train" in both else min(both)
    return [chosen[group] for group in groups]


def _by_content(scans: Scans, groups: np.ndarray, buckets: Mapping[str, int]) -> list[str]:
    """The split of each file; a class that would have none in the first split goes there."""
    names = [name for name, share in buckets.items() for _ in range(share)]
    falling = np.argsort(scans.digests)[::-1]
    least = np.empty(groups.max() + 1, int)
    least[groups[falling]] = falling  # Of several, the last stays.
    chosen = [names[int.from_bytes(scans.digests[row].tobytes()) % len(names)] for row in least]
    trained = {
        label for group, label in zip(groups, scans.labels, strict=True)
        if chosen[group] == names[0]
    }  # fmt: skip
    for group, label in zip(groups, scans.labels, strict=True):
        if label not in trained:
            chosen[group] = names[0]
    return [chosen[group] for group in groups]


def _check_splits(
    listing: Listing, scans: Scans, splits: list[str], names: tuple[str, ...]
) -> None:
    classes = {name: set() for name in names}
    for split, label in zip(splits, scans.labels, strict=True):
        classes[split].add(label)
    empty = [name for name, found in classes.items() if not found]
    if empty:
        raise DataError(
            f"data {listing.folder}: no image for the split {', '.join(empty)} is left; "
            f"near-copies stay together, and {len(scans)} images were found; more are needed"
        )
    first = "train" if "train" in classes else names[0]
    for name, found in classes.items():
        unseen = _sorted(found - classes[first])
        if unseen:
            raise DataError(
                f"data {listing.folder}: the classes {', '.join(unseen[:NAMED])} are in {name} and "
                f"not in {first}: no model can learn them; move some images there"
            )
