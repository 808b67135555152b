"""Which image becomes an example of which split: classes, near-copies, and what is refused."""

import dataclasses
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples.image_config import ImageConfig
from tfx_updaters.components.examples.image_file import Scan
from tfx_updaters.components.examples.image_layout import File, Listing, Skipped
from tfx_updaters.components.examples.image_signature import groups as near_copies
from tfx_updaters.components.examples.records import SUMMARY

# What lies beside the examples and `records.SUMMARY`.
SKIPPED, COPIES = "skipped.jsonl", "copies.jsonl"
# Shares by content: four to train on for one to judge by.
BUCKETS = {"train": 4, "eval": 1}
NAMED = 5


@dataclass(frozen=True, slots=True)
class Placed:
    """An image with its place.

    Attributes:
        file: which one.
        split: where it goes.
        label: the number of its class.
        size: (height, width) of the image.
        digest: SHA-256 of the file.
        as_it_is: whether the file's bytes are what the feature `image` holds.
    """

    file: File
    split: str
    label: int
    size: tuple[int, int]
    digest: bytes
    as_it_is: bool


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
    images: tuple[Placed, ...]
    config: ImageConfig
    skipped: tuple[Skipped, ...]
    copies: tuple[tuple[str, ...], ...] = ()
    moved: tuple[str, ...] = ()
    contradictions: tuple[tuple[str, ...], ...] = ()

    def counts(self) -> dict[str, dict[str, int]]:
        """Number of images by class and split; 0 where a class has none in a split."""
        splits = self.splits()
        found = Counter((image.label, image.split) for image in self.images)
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
        return tuple(sorted({image.split for image in self.images}, reverse=True))


def plan(scans: Iterable[Scan], listing: Listing, config: ImageConfig,
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
    found = sorted(scans, key=lambda scan: scan.file.path)
    good = [scan for scan in found if not scan.fault]
    skipped = _skipped(found, good, listing)
    _check_skipped(listing, skipped, config.max_skipped)
    classes = _sorted({scan.file.label for scan in good})
    if len(classes) < 2:
        raise DataError(
            f"data {listing.folder}: one class, {', '.join(classes)}; two or more are needed"
            if classes else f"data {listing.folder}: no image can be read"
        )  # fmt: skip
    config = _completed(listing, good, config)
    groups = _groups(good)
    splits = _by_folder(groups) if listing.splits else _by_content(groups, buckets or BUCKETS)
    _check_splits(listing, good, splits, listing.splits or tuple(buckets or BUCKETS))
    labels = {name: label for label, name in enumerate(classes)}
    return Plan(
        classes,
        tuple(
            Placed(
                scan.file, splits[scan.file.path], labels[scan.file.label], scan.size, scan.digest,
                _as_it_is(scan, config),
            )
            for scan in good
        ),
        config,
        tuple(skipped),
        tuple(tuple(each.file.path for each in group) for group in groups if len(group) > 1),
        tuple(s.file.path for s in good if s.file.split not in ("", splits[s.file.path])),
        tuple(
            tuple(each.file.path for each in group)
            for group in groups if len({each.file.label for each in group}) > 1
        ),
    )  # fmt: skip


def _as_it_is(scan: Scan, config: ImageConfig) -> bool:
    """Whether the file is the PNG that is asked for already."""
    return (
        config.encoding == "png"
        and scan.bare == config.channels
        and config.size in (None, scan.size)
    )


def _lines(rows: Iterable[Mapping]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def _skipped(found: list[Scan], good: list[Scan], listing: Listing) -> list[Skipped]:
    unreadable = [Skipped(scan.file.path, scan.fault) for scan in found if scan.fault]
    full = {scan.file.label for scan in good}
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


def _completed(listing: Listing, good: list[Scan], config: ImageConfig) -> ImageConfig:
    """With the channels and the size that all images have."""
    channels = config.channels or (1 if all(scan.grey for scan in good) else 3)
    sizes = Counter(scan.size for scan in good)
    size = config.size or (next(iter(sizes)) if len(sizes) == 1 else None)
    if size is None and config.encoding == "float":
        common = ", ".join(f"{h}x{w} ({n})" for (h, w), n in sizes.most_common(NAMED))
        raise DataError(
            f"data {listing.folder}: images of {len(sizes)} sizes, {common}; give the one to bring "
            "them to: --image-size HxW, or size=(height, width)"
        )
    return dataclasses.replace(config, channels=channels, size=size)


def _groups(good: list[Scan]) -> list[list[Scan]]:
    found = defaultdict(list)
    for number, scan in zip(near_copies([scan.signature for scan in good]), good, strict=True):
        found[number].append(scan)
    return list(found.values())


def _by_folder(groups: list[list[Scan]]) -> dict[str, str]:
    """The split of each file: its folder's, or `train` for those with a near-copy there."""
    splits = {}
    for group in groups:
        theirs = {scan.file.split for scan in group}
        one = "train" if "train" in theirs else min(theirs)
        splits |= {scan.file.path: one for scan in group}
    return splits


def _by_content(groups: list[list[Scan]], buckets: Mapping[str, int]) -> dict[str, str]:
    """The split of each file; a class that would have none in the first split goes there."""
    names = [name for name, share in buckets.items() for _ in range(share)]
    chosen = [names[int.from_bytes(min(s.digest for s in group)) % len(names)] for group in groups]
    trained = {s.file.label for g, split in zip(groups, chosen, strict=True)
               if split == names[0] for s in g}  # fmt: skip
    splits = {}
    for group, split in zip(groups, chosen, strict=True):
        kept = all(scan.file.label in trained for scan in group)
        splits |= {scan.file.path: split if kept else names[0] for scan in group}
    return splits


def _check_splits(
    listing: Listing, good: list[Scan], splits: dict[str, str], names: tuple[str, ...]
) -> None:
    classes = {name: set() for name in names}
    for scan in good:
        classes[splits[scan.file.path]].add(scan.file.label)
    empty = [name for name, found in classes.items() if not found]
    if empty:
        raise DataError(
            f"data {listing.folder}: no image for the split {', '.join(empty)} is left; "
            f"near-copies stay together, and {len(good)} images were found; more are needed"
        )
    first = "train" if "train" in classes else names[0]
    for name, found in classes.items():
        unseen = _sorted(found - classes[first])
        if unseen:
            raise DataError(
                f"data {listing.folder}: the classes {', '.join(unseen[:NAMED])} are in {name} and "
                f"not in {first}: no model can learn them; move some images there"
            )
