"""ImageFolderExampleGen on Beam: files scanned, planned in one place, decoded and written."""

import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
from tfx import types
from tfx.components.example_gen.base_example_gen_executor import BaseExampleGenExecutor
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import proto_utils

from tfx_updaters.components.examples import image_file, image_layout, image_plan
from tfx_updaters.components.examples.image_config import ImageConfig
from tfx_updaters.components.examples.image_layout import Listing
from tfx_updaters.components.examples.image_plan import Placed
from tfx_updaters.components.examples.image_record import example
from tfx_updaters.components.examples.records import SUMMARY

# The execution property with the ImageConfig as JSON.
KEY = "images"


class Executor(BaseExampleGenExecutor):
    """Reads the files twice, so that no image waits in memory: to look for faults and
    near-copies, then to write the examples. Between the two only a few hundred bytes of each are
    gathered in one place.
    """

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """As TFX's, with the splits that the folder has; see `GenerateExamplesByBeam`."""
        examples = artifact_utils.get_single_instance(
            output_dict[standard_component_specs.EXAMPLES_KEY]
        )
        config = ImageConfig.from_json(json.loads(exec_properties[KEY]))
        listing = image_layout.find(_folder(exec_properties), config.labels)
        buckets = _buckets(exec_properties)
        self._work = listing, config, buckets, examples.uri
        names = listing.splits or tuple(buckets)
        splits = [example_gen_pb2.Input.Split(name=name, pattern="*") for name in names]
        inputs = example_gen_pb2.Input(splits=splits)
        super().Do(
            input_dict,
            output_dict,
            {
                **exec_properties,
                standard_component_specs.INPUT_CONFIG_KEY: proto_utils.proto_to_json(inputs),
                standard_component_specs.OUTPUT_CONFIG_KEY: "{}",
            },
        )
        _describe(examples)

    def GetInputSourceToExamplePTransform(self) -> beam.PTransform:
        """Not used: the split of an image depends on all the others."""
        raise NotImplementedError

    def GenerateExamplesByBeam(
        self, pipeline: beam.Pipeline, exec_properties: dict[str, Any]
    ) -> dict[str, beam.pvalue.PCollection]:
        """The serialized examples of each split.

        Raises:
            DataError: when the pipeline runs, as `image_plan.plan` does.
        """
        listing, config, buckets, place = self._work
        folder, rest = listing.folder, dataclasses.replace(listing, files=())
        names = listing.splits or tuple(buckets)
        placed = (
            pipeline
            | "Files" >> beam.Create(listing.files)
            | "Spread" >> beam.Reshuffle()
            | "Scan" >> beam.Map(lambda file: image_file.scan(folder, file))
            | "Gather" >> beam.combiners.ToList()
            | "Plan" >> beam.FlatMap(_planned, rest, config, buckets, place)
        )
        records = (
            placed
            | "SpreadAgain" >> beam.Reshuffle()
            | "Encode" >> beam.Map(lambda each: (each[0].split, example(folder, *each)))
        )
        return {
            name: records
            | f"Of[{name}]" >> beam.Filter(lambda each, name=name: each[0] == name)
            | f"Example[{name}]" >> beam.Values()
            for name in names
        }


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
    scans: list[image_file.Scan], listing: Listing, config: ImageConfig, buckets: dict[str, int],
    place: str,
) -> Iterator[tuple[Placed, ImageConfig]]:  # fmt: skip
    """Each image with what it is to become; the artifact gets what is to be known of them all."""
    plan = image_plan.plan(scans, listing, config, buckets)
    for name, text in plan.files().items():
        with fileio.open(os.path.join(place, name), "w") as file:
            file.write(text)
    for image in plan.images:
        yield image, plan.config


def _describe(examples: types.Artifact) -> None:
    """What can be asked of the artifact without its files."""
    with fileio.open(os.path.join(examples.uri, SUMMARY)) as file:
        summary = json.load(file)
    classes = json.dumps(summary["classes"], ensure_ascii=False)
    examples.set_string_custom_property("classes", classes)
    for name in ("skipped", "copies"):
        examples.set_int_custom_property(name, summary[name])
