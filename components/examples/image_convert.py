"""A folder of images as the TFRecords that `records` reads, made on this machine without Beam."""

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import chain
from pathlib import Path

from tfx_updaters.components.examples import image_file, image_files, image_layout, image_plan
from tfx_updaters.components.examples.image_config import ImageConfig
from tfx_updaters.components.examples.image_layout import Listing
from tfx_updaters.components.examples.image_plan import Plan
from tfx_updaters.components.examples.image_scans import Scans
from tfx_updaters.components.examples.image_threads import several
from tfx_updaters.components.examples.whole_folder import appearing

# What is written for the same images; another number makes them anew.
FORMAT = 1


def scans(listing: Listing) -> list[Scans]:
    """Every file, read once."""
    threads = os.cpu_count() or 1
    return [
        Scans.of(several(image_file.scan, listing.folder, image_files.opened(lot), threads))
        for lot in listing.files.lots
    ]


def fingerprint(listing: Listing, config: ImageConfig) -> str:
    """Another one when a file is added, removed or changed, or when it becomes other examples."""
    digest = hashlib.sha256(json.dumps([FORMAT, config.to_json()], sort_keys=True).encode())
    names = (file.path for file in listing.files)
    for name in chain(names, [config.labels] if config.labels else []):
        status = os.stat(listing.folder / name)
        digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    for skipped in listing.skipped:
        digest.update(f"{skipped}\n".encode())
    return digest.hexdigest()[:12]


def convert(folder: Path, config: ImageConfig, into: Callable[[str], Path]) -> Path:
    """Writes a folder of images once, as TFRecords by split and the files of `Plan.files`.

    The folder appears whole or not at all, and is left as it is where it exists, so that TFX's
    cache sees no change.

    Args:
        folder: of images.
        config: what an example holds; `float` is what the main pipeline reads.
        into: the folder to write, by the fingerprint.

    Returns:
        the folder that was written.

    Raises:
        DataError: the images cannot be used, or change meanwhile.
    """
    listing = image_layout.find(folder, config.labels)
    target = into(fingerprint(listing, config))
    if target.is_dir():
        return target
    plan = image_plan.plan(scans(listing), listing, config)
    with appearing(target) as place:
        for name, text in plan.files().items():
            (place / name).write_text(text, encoding="utf-8")
        _write(plan, folder, place)
    return target


def _write(plan: Plan, folder: Path, target: Path) -> None:
    import tensorflow as tf

    from tfx_updaters.components.examples.image_record import example

    made = partial(example, config=plan.config)
    with ExitStack() as stack:
        writers = {
            split: stack.enter_context(
                tf.io.TFRecordWriter(str(target / f"{split}.tfrecord.gz"), "GZIP")
            )
            for split in plan.splits
        }
        for images in plan.images():
            serialized = several(made, folder, images, os.cpu_count() or 1)
            for image, record in zip(images, serialized, strict=True):
                writers[image.split].write(record)
