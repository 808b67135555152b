"""ImageFolderExampleGen on Beam: files scanned, planned in one place, decoded and written."""

import dataclasses
import json
import os
import pickle
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import AsIter, PCollection
from tfx import types
from tfx.components.example_gen.base_example_gen_executor import BaseExampleGenExecutor
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import proto_utils

from tfx_updaters.components import local_beam
from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples import image_file, image_layout, image_plan, splits
from tfx_updaters.components.examples.image_config import ImageConfig
from tfx_updaters.components.examples.image_layout import File, Listing
from tfx_updaters.components.examples.image_placed import Images
from tfx_updaters.components.examples.image_record import example
from tfx_updaters.components.examples.image_scans import Scans
from tfx_updaters.components.examples.image_threads import several
from tfx_updaters.components.examples.records import SUMMARY

# The execution property with the ImageConfig as JSON.
KEY = "images"


# Files in a lot: at most so many, and few enough that there are so many lots for the workers.
MOST_FILES, LEAST_LOTS = 256, 64


@dataclasses.dataclass(frozen=True)
class Placements:
    """A lot of placed images of one split, and what they become."""

    images: Images
    split: str
    config: ImageConfig


class Executor(BaseExampleGenExecutor):
    """Reads the files twice, so that no image waits in memory: to look for faults and
    near-copies, then to write the examples. Between the two only a few hundred bytes of each are
    gathered in one place.
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
        names = listing.splits or tuple(buckets)
        splits.describe(examples, names)
        threads = local_beam.processors(self._beam_pipeline_args)
        with self._make_beam_pipeline() as pipeline:
            lots = pipeline | ToLots(listing, config, buckets, examples.uri, threads)
            listing = dataclasses.replace(listing, files=())  # They are in the graph, and smaller.
            for name in names:
                _ = (
                    lots
                    | f"Of[{name}]" >> beam.Filter(lambda lot, name=name: lot.split == name)
                    | f"Encode[{name}]" >> beam.FlatMap(_encoded, listing.folder, threads)
                    | f"Write[{name}]" >> splits.WriteSplit(examples, name)
                )
        _describe(examples)

    def GetInputSourceToExamplePTransform(self) -> beam.PTransform:
        """Not used: the split of an image depends on all the others."""
        raise NotImplementedError


class ToLots(beam.PTransform):
    """Files to lots of placed images; what is known of them all, to the artifact."""

    def __init__(
        self, listing: Listing, config: ImageConfig, buckets: dict[str, int], place: str,
        threads: int,
    ):  # fmt: skip
        """Takes what `image_plan.plan` does, the folder for `Plan.files`, threads of a worker."""
        super().__init__()
        self._threads = threads
        files = sorted(listing.files, key=lambda file: file.path)
        self._files = [pickle.dumps(_plain(lot)) for lot in parted(files)]
        self._rest = dataclasses.replace(listing, files=()), config, buckets, place

    def expand(self, input_or_inputs: Any) -> PCollection[Placements]:
        """The graph: lots of files -> lots of scans -> one plan -> lots of placed images.

        The plan takes the scans as a side input: a GroupByKey would hold more copies of them.
        """
        scans = (
            input_or_inputs
            | "Files" >> beam.Create(self._files)  # Which spreads them, too.
            | "Scan" >> beam.Map(_scanned, self._rest[0].folder, self._threads)
        )
        return (
            input_or_inputs
            | "Once" >> beam.Impulse()
            | "Plan" >> beam.FlatMap(_planned, AsIter(scans), *self._rest)
            | "Spread" >> beam.Reshuffle()
        )


def parted(items: Any) -> Iterator[Any]:
    """Items of a list or an array that follow each other, a lot at a time."""
    size = min(MOST_FILES, -(-len(items) // LEAST_LOTS))
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _plain(files: Iterable[File]) -> list[tuple[str, str, str]]:
    return [(file.path, file.label, file.split) for file in files]


def _scanned(files: bytes, folder: Path, threads: int) -> bytes:
    found = (File(*each) for each in pickle.loads(files))
    return Scans.of(several(image_file.scan, folder, found, threads)).packed()


def _encoded(lot: Placements, folder: Path, threads: int) -> Iterator[bytes]:
    return several(partial(example, config=lot.config), folder, lot.images, threads)


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


def _planned(
    once: bytes, scans: Iterable[bytes], listing: Listing, config: ImageConfig,
    buckets: dict[str, int], place: str,
) -> Iterator[Placements]:  # fmt: skip
    """The images of each split, in an order that knows nothing of their classes.

    The artifact gets what is to be known of them all.
    """
    plan = image_plan.plan(Scans.gathered(scans), listing, config, buckets)
    for name, text in plan.files().items():
        with fileio.open(os.path.join(place, name), "w") as file:
            file.write(text)
    mixed = np.argsort(plan.images.digests, kind="stable")
    for split in plan.splits():
        of_split = np.array([each == split for each in plan.images.splits])
        for rows in parted(mixed[of_split[mixed]]):
            yield Placements(plan.images.take(rows), split, plan.config)


def _describe(examples: types.Artifact) -> None:
    """What can be asked of the artifact without its files."""
    with fileio.open(os.path.join(examples.uri, SUMMARY)) as file:
        summary = json.load(file)
    classes = json.dumps(summary["classes"], ensure_ascii=False)
    examples.set_string_custom_property("classes", classes)
    for name in ("skipped", "copies"):
        examples.set_int_custom_property(name, summary[name])
