"""ImageFolderExampleGen on Beam: files scanned, planned in one place, decoded and written."""

import dataclasses
import json
import os
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import apache_beam as beam
import tensorflow as tf
from apache_beam.pvalue import AsIter
from tfx import types
from tfx.components.example_gen.base_example_gen_executor import BaseExampleGenExecutor
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import proto_utils

from tfx_updaters.components import local_beam
from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples import (
    image_file,
    image_files,
    image_layout,
    image_plan,
    splits,
)
from tfx_updaters.components.examples.image_config import ImageConfig
from tfx_updaters.components.examples.image_layout import Listing
from tfx_updaters.components.examples.image_lots import Lots
from tfx_updaters.components.examples.image_mixed import mixed
from tfx_updaters.components.examples.image_record import example
from tfx_updaters.components.examples.image_scans import Scans
from tfx_updaters.components.examples.image_threads import several
from tfx_updaters.components.examples.records import SUMMARY

# The execution property with the ImageConfig as JSON.
KEY = "images"
# PNG files are compressed: to do it again takes a fifth of all the time, and saves nothing of
# photos, a quarter of digits.
OPTIONS = {
    "png": tf.io.TFRecordOptions("GZIP", compression_level=0),
    "float": splits.FLOATS,
}


class Executor(BaseExampleGenExecutor):
    """Reads the files twice, so that no image waits in memory: to look for faults and
    near-copies, then to write the examples. What is known of them between the two lies in files
    beside the examples, so that workers hand each other numbers of lots.
    """

    def __init__(self, context: Any = None):
        """Takes TFX's context; workers on this machine need no sources of TFX."""
        super().__init__(local_beam.context(context))

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the splits that the folder has, or those that `output_config` asks for.

        Raises:
            DataError: the folder cannot be used, or changes meanwhile.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        examples = artifact_utils.get_single_instance(
            output_dict[standard_component_specs.EXAMPLES_KEY]
        )
        config = ImageConfig.from_json(json.loads(exec_properties[KEY]))
        listing = image_layout.find(_folder(exec_properties), config.labels)
        buckets = _buckets(exec_properties)
        if listing.splits and buckets != image_plan.BUCKETS:
            raise DataError(
                f"data {listing.folder} has the splits {', '.join(listing.splits)} as folders; "
                f"output_config asks for {', '.join(buckets)} by content: leave it out"
            )
        splits.describe(examples, listing.splits or tuple(buckets))
        with splits.temporary(examples) as folder, self._make_beam_pipeline() as pipeline:
            files = Lots(folder, "files", len(listing.files.lots))
            for number, lot in enumerate(listing.files.lots):
                files.write(number, lot)
            listing = dataclasses.replace(listing, files=image_files.Files((), 0))
            threads = local_beam.processors(self._beam_pipeline_args)
            work = _Steps(examples.uri, splits.folders(examples), files, listing, config, buckets,
                          threads)  # fmt: skip
            scanned = (
                pipeline
                | "Files" >> beam.Create(range(files.count))  # Which spreads them, too.
                | "Scan" >> beam.Map(work.scan)
            )
            _ = (
                pipeline
                | "Once" >> beam.Impulse()
                | "Plan" >> beam.FlatMap(work.plan, AsIter(scanned))
                | "Spread" >> beam.Reshuffle()
                | "Write" >> beam.Map(work.write)
            )
        _describe(examples)

    def GetInputSourceToExamplePTransform(self) -> beam.PTransform:
        """Not used: the split of an image depends on all the others."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class _Steps:
    """The steps, and what each needs.

    Attributes:
        uri: of the artifact.
        splits: the folder of each split.
        files: to scan; what a step leaves for the next lies in their folder.
        listing: without the files.
        config: as it was given.
        buckets: shares by split.
        threads: of a worker.
    """

    uri: str
    splits: Mapping[str, str]
    files: Lots
    listing: Listing
    config: ImageConfig
    buckets: Mapping[str, int]
    threads: int

    def scan(self, number: int) -> int:
        """Scans a lot of files."""
        files = image_files.opened(self.files.read(number))
        found = several(image_file.scan, self.listing.folder, files, self.threads)
        self._scans().write(number, Scans.of(found))
        return number

    def plan(self, once: bytes, scanned: Any) -> Iterator[tuple[str, int, int]]:
        """Places all images, for which nothing is needed of `scanned` but that it is done.

        The artifact gets what is to be known of them all.
        """
        with tempfile.TemporaryDirectory() as near:
            scans = self._scans().copied(near)
            plan = image_plan.plan(scans, self.listing, self.config, self.buckets)
            for name, text in plan.files().items():
                with fileio.open(os.path.join(self.uri, name), "w") as file:
                    file.write(text)
            for lot in mixed(plan):
                self._placed(lot.split, lot.count).write(lot.number, (lot.images, plan.config))
                yield lot.split, lot.number, lot.count

    def write(self, lot: tuple[str, int, int]) -> None:
        """Writes a lot of images as a file of the split: whole, or not at all."""
        split, number, count = lot
        images, config = self._placed(split, count).read(number)
        written = os.path.join(self.files.folder, f"{split}-{number}-{uuid.uuid4().hex}")
        made = partial(example, config=config)
        with tf.io.TFRecordWriter(written, OPTIONS[config.encoding]) as file:
            for record in several(made, self.listing.folder, images, self.threads):
                file.write(record)
        path = os.path.join(self.splits[split], splits.file_name(number, count))
        fileio.rename(written, path, overwrite=True)

    def _scans(self) -> Lots:
        """A lot of scans for each of files."""
        return dataclasses.replace(self.files, kind="scans")

    def _placed(self, split: str, count: int) -> Lots:
        """The lots of a split, each with the config that the plan completed."""
        return Lots(self.files.folder, f"of-{split}", count)


def _folder(exec_properties: dict[str, Any]) -> Path:
    """The folder of the span and version that the driver has put into the patterns."""
    config = example_gen_pb2.Input()
    proto_utils.json_to_proto(exec_properties[standard_component_specs.INPUT_CONFIG_KEY], config)
    inside = os.path.dirname(config.splits[0].pattern)
    return Path(exec_properties[standard_component_specs.INPUT_BASE_KEY]) / inside


def _buckets(exec_properties: dict[str, Any]) -> dict[str, int]:
    config = example_gen_pb2.Output()
    proto_utils.json_to_proto(exec_properties[standard_component_specs.OUTPUT_CONFIG_KEY], config)
    return {split.name: split.hash_buckets for split in config.split_config.splits}


def _describe(examples: types.Artifact) -> None:
    """What can be asked of the artifact without its files."""
    with fileio.open(os.path.join(examples.uri, SUMMARY)) as file:
        summary = json.load(file)
    classes = json.dumps(summary["classes"], ensure_ascii=False)
    examples.set_string_custom_property("classes", classes)
    for name in ("skipped", "copies"):
        examples.set_int_custom_property(name, summary[name])
