"""The splits of examples in an artifact, written as TFX's ExampleGens write them."""

import os
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import apache_beam as beam
import tensorflow as tf
from apache_beam.pvalue import PCollection
from apache_beam.transforms.window import GlobalWindows
from tfx import types
from tfx.components.example_gen.write_split import DEFAULT_FILE_NAME
from tfx.components.util import examples_utils
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils

# Level 1 of zlib: of floats, 6 takes as long again for a hundredth less.
FLOATS = tf.io.TFRecordOptions("GZIP", compression_level=1)


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


@contextmanager
def temporary(examples: types.Artifact) -> Iterator[str]:
    """A folder beside the examples that every worker reaches, and that is gone at the end."""
    folder = os.path.join(examples.uri, f".{uuid.uuid4().hex}")
    fileio.makedirs(folder)
    try:
        yield folder
    finally:
        fileio.rmtree(folder)


def file_name(number: int, count: int) -> str:
    """The name of a file of a split that has so many."""
    return f"{DEFAULT_FILE_NAME}-{number:05}-of-{count:05}.gz"


class WriteSplits(beam.PTransform):
    """(split, serialized example) to TFRecords, in the order in which they come.

    TFX's own shuffles them all once more before, which takes as long as the rest, and all of their
    bytes in the memory of Beam's local runner. Beam's own has a side input, before which a runner
    in Java takes all examples from its workers and hands them out again.
    """

    def __init__(self, folders: Mapping[str, str], temporary: str):
        """Writes.

        Args:
            folders: of the splits.
            temporary: a folder where files lie until all examples are written.
        """
        super().__init__()
        self._folders, self._temporary = folders, temporary

    def expand(self, input_or_inputs: PCollection[tuple[str, bytes]]) -> Any:
        """As many files as there are bundles with examples of the split."""
        return (
            input_or_inputs
            | "Write" >> beam.ParDo(_WriteBundle(self._temporary))
            | "Gather" >> beam.GroupByKey()
            | "Name" >> beam.Map(_name, self._folders)
        )


def _name(written: tuple[str, Iterable[str]], folders: Mapping[str, str]) -> None:
    split, paths = written[0], sorted(written[1])
    for number, path in enumerate(paths):
        # A worker that does this a second time finds some of them named.
        if fileio.exists(path):
            name = os.path.join(folders[split], file_name(number, len(paths)))
            fileio.rename(path, name, overwrite=True)


class _WriteBundle(beam.DoFn):
    """A file for each split of which a bundle has examples."""

    def __init__(self, folder: str):
        self._folder = folder

    def start_bundle(self) -> None:
        """Forgets what a bundle that failed has left."""
        self._files: dict[str, tuple[str, Any]] = {}

    def process(self, element: tuple[str, bytes]) -> None:
        split, example = element
        if split not in self._files:
            path = os.path.join(self._folder, f"{split}-{uuid.uuid4().hex}")
            self._files[split] = path, tf.io.TFRecordWriter(path, FLOATS)
        self._files[split][1].write(example)

    def finish_bundle(self) -> Any:
        for split, (path, file) in self._files.items():
            file.close()
            yield GlobalWindows.windowed_value((split, path))
