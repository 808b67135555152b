"""What `--data` holds, looked at without training: counts, sizes, near-copies, what is skipped."""

import dataclasses
import io
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples import image_convert, image_layout, image_plan, records
from tfx_updaters.components.examples.image_config import ImageConfig
from tfx_updaters.components.examples.image_file import encode, read
from tfx_updaters.components.examples.image_layout import Skipped
from tfx_updaters.pipelines import window_picture

# Of each class on a contact sheet.
PICTURES, SIDE = 8, 96
SIZES = 10
WITHOUT_END = 2**62


@dataclass(frozen=True)
class Found:
    """What there is.

    Attributes:
        counts: number of examples by class and split.
        facts: sentences on what examples are.
        pictures: a few of each class as the bytes of PNG files.
        legend: what the colours of lines in them stand for: names and colours; images have none.
        skipped: what is left out, and why.
        copies: each group of near-copies, by file.
        moved: files that went to `train`, as they have near-copies there.
        contradictions: groups of near-copies with different labels, by file.
        fault: why it cannot be trained on as it is; empty if it can.
    """

    counts: Mapping[str, Mapping[str, int]]
    facts: tuple[str, ...]
    pictures: Callable[[], Mapping[str, list[bytes]]]
    legend: tuple[tuple[str, str], ...] = ()
    skipped: tuple[Skipped, ...] = ()
    copies: tuple[tuple[str, ...], ...] = ()
    moved: tuple[str, ...] = ()
    contradictions: tuple[tuple[str, ...], ...] = ()
    fault: str = ""

    def splits(self) -> tuple[str, ...]:
        """Names of the splits."""
        return tuple(next(iter(self.counts.values())))

    def imbalance(self) -> tuple[str, str, float]:
        """The largest and the smallest class, and how many times as large the first one is."""
        totals = {name: sum(of.values()) for name, of in self.counts.items()}
        large, small = max(totals, key=totals.__getitem__), min(totals, key=totals.__getitem__)
        return large, small, totals[large] / max(totals[small], 1)


def in_images(folder: Path, config: ImageConfig) -> Found:
    """What a folder of images holds, with everything that cannot be read.

    Raises:
        DataError: there is nothing to show: no images, or those of one class.
    """
    listing = image_layout.find(folder, config.labels)
    scans = image_convert.scans(listing)
    lenient = dataclasses.replace(config, encoding="png", max_skipped=WITHOUT_END)
    plan = image_plan.plan(scans, listing, lenient)
    fault = ""
    try:
        image_plan.plan(scans, listing, dataclasses.replace(config, encoding="float"))
    except DataError as error:
        fault = str(error)

    def pictures() -> dict[str, list[bytes]]:
        chosen = defaultdict(list)
        for image in (image for lot in plan.images() for image in lot):
            if len(chosen[plan.classes[image.label]]) < PICTURES:
                png = encode(read(str(folder / image.path)), plan.config)
                chosen[plan.classes[image.label]].append(_small(Image.open(io.BytesIO(bytes(png)))))
        return chosen

    sizes = _sizes(plan.known.sizes, plan.config.channels or 3)
    return Found(
        plan.counts(), (sizes,), pictures, (), plan.skipped, plan.copies, plan.moved,
        plan.contradictions, fault,
    )  # fmt: skip


def _sizes(sizes: Counter, channels: int) -> str:
    shown = ", ".join(f"{h} x {w} ({n:,})" for (h, w), n in sizes.most_common(SIZES))
    several = f"{len(sizes)} sizes: " if len(sizes) > 1 else ""
    return f"{several}{shown} {'grey' if channels == 1 else 'colour'}"


def in_records(folder: Path) -> Found:
    """What a folder of TFRecords holds.

    Raises:
        DataError: they cannot be used.
    """
    checked = records.inspect(folder)
    counts: dict[str, dict[str, int]] = {
        str(label): {split: 0 for split in checked.counts} for label in range(checked.classes)
    }
    chosen: dict[str, list[np.ndarray]] = {name: [] for name in counts}
    for split, paths in records.find(folder).items():
        for serialized in (each for path in paths for each in records.read(path)):
            values, label = _values(serialized, checked.feature)
            counts[str(label)][split] += 1
            if len(chosen[str(label)]) < PICTURES:
                chosen[str(label)].append(np.reshape(values, checked.shape))
    if checked.feature == records.WINDOW:
        size = " x ".join(map(str, checked.shape))
        legend = window_picture.legend(checked.summary()["channels"])
        return Found(counts, (f"windows of {size}",), lambda: window_picture.drawn(chosen), legend)
    sizes = Counter({checked.shape[:2]: sum(checked.counts.values())})
    return Found(counts, (_sizes(sizes, checked.shape[2]),), lambda: _drawn(chosen))


def _values(serialized: bytes, feature: str) -> tuple[Any, int]:
    import tensorflow as tf

    features = tf.train.Example.FromString(serialized).features.feature
    values = np.asarray(features[feature].float_list.value, np.float32)
    return values, features[records.LABEL].int64_list.value[0]


def _drawn(chosen: Mapping[str, list[np.ndarray]]) -> dict[str, list[bytes]]:
    """Black is the lowest of the values, white the highest."""
    several = [values for of in chosen.values() for values in of]
    low, high = min(v.min() for v in several), max(v.max() for v in several)
    scale = 255 / (high - low or 1)

    def png(values: np.ndarray) -> bytes:
        pixels = ((values - low) * scale).astype(np.uint8)
        return _small(Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels))

    return {name: [png(values) for values in of] for name, of in chosen.items()}


def _small(image: Image.Image) -> bytes:
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image) // 257).astype(np.uint8))
    image.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
