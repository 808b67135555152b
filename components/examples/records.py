"""TFRecords of `tf.train.Example` as they lie in a folder: found, read through and checked."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfx_updaters.components.errors import DataError

IMAGE, WINDOW, LABEL = "image", "window", "label"
SPLITS = ("train", "eval")
# Where a window lies: the name of its series, and its first and last time in nanoseconds.
SPAN = ("group", "start", "end")
# What is known of images and of series that were made into records, beside them: see
# `image_plan.Plan` and `sensor_counts.to_json`.
SUMMARY, COUNTS = "images.json", "windows.json"
GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Records:
    """What a folder of TFRecords holds.

    Attributes:
        folder: where the files are.
        counts: number of examples by split.
        classes: number of classes, the largest label plus one.
        shape: (height, width, channels) of an image, or (time steps, channels) of a window.
    """

    folder: Path
    counts: dict[str, int]
    classes: int
    shape: tuple[int, ...]

    @property
    def feature(self) -> str:
        """What an example's values are called: `image` or `window`."""
        return feature_of(self.shape)

    def summary(self) -> dict[str, Any]:
        """What was written beside them of images or series; empty where nothing was."""
        return _summary(self.folder)


def feature_of(shape: Sequence[int]) -> str:
    """The feature with the values of examples of this shape."""
    return WINDOW if len(shape) == 2 else IMAGE


def find(folder: Path) -> dict[str, list[Path]]:
    """The record files of each split, by name: `train*` and `eval*`. Needs no TensorFlow.

    Raises:
        DataError: there is no such folder, or a split has no file, or an empty one.
    """
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise DataError(f"data {folder} {what}; a folder with train* and eval* TFRecords is needed")
    files = {split: sorted(p for p in folder.glob(f"{split}*") if p.is_file()) for split in SPLITS}
    missing = [split for split, paths in files.items() if not paths]
    if missing:
        raise DataError(
            f"data {folder} has no {' and no '.join(f'{split}*' for split in missing)} files; "
            "TFRecords named train* and eval* are needed (train.tfrecord.gz, eval-00000-of-00002)"
        )
    for path in (path for paths in files.values() for path in paths):
        _check_start(path)
    return files


def _check_start(path: Path) -> None:
    """Whether a file has content, of the kind that its name promises: Beam goes by the name."""
    try:
        with path.open("rb") as file:
            start = file.read(2)
    except OSError as error:
        raise DataError(f"data file {path} cannot be read: {error.strerror}") from error
    if not start:
        raise DataError(f"data file {path} is empty")
    if path.suffix == ".gz" and start != GZIP:
        raise DataError(f"data file {path} is not compressed with gzip; name it without .gz")
    if path.suffix != ".gz" and start == GZIP:
        raise DataError(f"data file {path} is compressed with gzip; name it {path.name}.gz")


def inspect(folder: Path) -> Records:
    """Reads every record once: checksums, features, label range and size.

    Raises:
        DataError: a record is truncated or corrupt, or is no `tf.train.Example` with a float
            feature `image` of one size (`window` beside a `windows.json`) and an int64 feature
            `label` of one value.
    """
    files = find(folder)
    shape, classes = _described(folder)
    feature = feature_of(shape)
    sizes: set[int] = set()
    largest = 0
    counts = {split: 0 for split in files}
    for split, paths in files.items():
        for path in paths:
            for number, serialized in enumerate(read(path)):
                size, label = _check(serialized, feature, path, number)
                sizes.add(size)
                largest = max(largest, label)
                counts[split] += 1
    if len(sizes) != 1:
        raise DataError(f"data {folder}: {feature}s of sizes {sorted(sizes)[:5]}; one is needed")
    if largest == 0:
        raise DataError(f"data {folder}: every label is 0; two classes or more are needed")
    size = sizes.pop()
    if not shape or math.prod(shape) != size:
        shape = _square(size, folder)
    return Records(folder, counts, max(largest + 1, classes), shape)


def read(path: Path) -> Iterator[bytes]:
    """The records of a file.

    Raises:
        DataError: a record is truncated or corrupt, or there is none.
    """
    import tensorflow as tf

    number = 0
    try:
        for record in tf.data.TFRecordDataset(str(path), "GZIP" if path.suffix == ".gz" else ""):
            yield bytes(record.numpy())
            number += 1
    except (tf.errors.DataLossError, tf.errors.OutOfRangeError) as error:
        raise DataError(
            f"data file {path} is truncated or corrupt after record {number}: "
            f"{str(error.message).splitlines()[0][:120]}"
        ) from error
    if not number:
        raise DataError(f"data file {path} holds no record")


def _check(serialized: bytes, feature: str, path: Path, number: int) -> tuple[int, int]:
    """The number of values and the label of an example."""
    import tensorflow as tf

    where = f"data file {path}, record {number}"
    try:
        features = tf.train.Example.FromString(serialized).features.feature
    except Exception as error:
        raise DataError(f"{where}: not a tf.train.Example") from error
    label, values = features[LABEL].int64_list.value, features[feature].float_list.value
    if len(label) != 1 or label[0] < 0 or not values:
        found = sorted(name for name in features if features[name].WhichOneof("kind"))
        raise DataError(
            f"{where}: a float feature '{feature}' and one int64 '{LABEL}' of 0 or more are "
            f"needed; found {found}"
        )
    return len(values), label[0]


def _described(folder: Path) -> tuple[tuple[int, ...], int]:
    """The shape of an example and the number of classes, where they were written beside them."""
    summary = _summary(folder)
    return tuple(summary.get("shape", ())), len(summary.get("classes", ()))


def _summary(folder: Path) -> dict[str, Any]:
    for path in (folder / SUMMARY, folder / COUNTS):
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise DataError(f"data file {path} cannot be read: {error}") from error
    return {}


def _square(size: int, folder: Path) -> tuple[int, int, int]:
    """Square images: grey, or with three channels."""
    for channels in (1, 3):
        side = math.isqrt(size // channels)
        if side * side * channels == size:
            return side, side, channels
    raise DataError(f"data {folder}: {size} values are no square image of 1 or 3 channels")
