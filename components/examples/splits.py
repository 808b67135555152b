"""The splits of examples in an artifact, written as TFX's ExampleGens write them."""

import os
from collections.abc import Sequence
from typing import Any

import apache_beam as beam
from apache_beam.io.tfrecordio import WriteToTFRecord
from apache_beam.pvalue import PCollection
from tfx import types
from tfx.components.example_gen.write_split import DEFAULT_FILE_NAME
from tfx.components.util import examples_utils
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils


class WriteSplit(beam.PTransform):
    """Serialized examples to compressed TFRecords, in the order in which they come.

    TFX's own shuffles them all once more before, which takes as long as the rest, and all of their
    bytes in the memory of Beam's local runner.
    """

    def __init__(self, examples: types.Artifact, split: str):
        """Writes into the folder that the artifact has for the split."""
        super().__init__()
        self._folder = artifact_utils.get_split_uri([examples], split)

    def expand(self, input_or_inputs: PCollection[bytes]) -> Any:
        """One file or more, as many as there are bundles."""
        prefix = os.path.join(self._folder, DEFAULT_FILE_NAME)
        return input_or_inputs | WriteToTFRecord(prefix, file_name_suffix=".gz")


def describe(examples: types.Artifact, names: Sequence[str]) -> None:
    """Says in the artifact which splits it has and what they hold."""
    examples.split_names = artifact_utils.encode_split_names(list(names))
    examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)
    examples_utils.set_file_format(examples, "tfrecords_gzip")


def folders(examples: types.Artifact) -> dict[str, str]:
    """The folder of each split, made where it is missing."""
    names = artifact_utils.decode_split_names(examples.split_names)
    found = {name: artifact_utils.get_split_uri([examples], name) for name in names}
    for folder in found.values():
        fileio.makedirs(folder)
    return found
