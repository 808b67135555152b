"""What a test of a `run_fn` or a `model_fn` needs: arrays as artifacts, and our Trainer on them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.proto import trainer_pb2
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import io_utils, json_utils, proto_utils

from tfx_updaters.components.trainer.executor import Executor


def example(features: Mapping[str, Any]) -> bytes:
    """A serialized `tf.train.Example`: bytes, whole numbers or floats by name."""
    return tf.train.Example(
        features=tf.train.Features(feature={name: _feature(v) for name, v in features.items()})
    ).SerializeToString()


def _feature(value: Any) -> tf.train.Feature:
    if isinstance(value, bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
    array = np.asarray(value).reshape(-1)
    if array.dtype.kind in "iu":
        return tf.train.Feature(int64_list=tf.train.Int64List(value=array))
    return tf.train.Feature(float_list=tf.train.FloatList(value=array))


def write_examples(
    folder: Path, splits: Mapping[str, Sequence[Mapping[str, Any]]]
) -> standard_artifacts.Examples:
    """An Examples artifact as ExampleGen leaves it, a list of examples for each split."""
    for split, rows in splits.items():
        place = folder / f"Split-{split}"
        place.mkdir(parents=True)
        path = str(place / "data_tfrecord-00000-of-00001.gz")
        with tf.io.TFRecordWriter(path, tf.io.TFRecordOptions("GZIP")) as writer:
            for row in rows:
                writer.write(example(row))
    return stored_examples(folder, list(splits))


def write_schema(
    folder: Path, features: Mapping[str, tuple[str, Sequence[int]]]
) -> standard_artifacts.Schema:
    """A Schema artifact: the type (`bytes`, `int` or `float`) and the shape of each feature."""
    schema = schema_pb2.Schema()
    for name, (kind, shape) in features.items():
        feature = schema.feature.add(name=name)
        feature.type = schema_pb2.FeatureType.Value(kind.upper())
        feature.presence.min_fraction = 1
        for size in shape:
            feature.shape.dim.add(size=size)
    artifact = standard_artifacts.Schema()
    artifact.uri = str(folder)
    io_utils.write_pbtxt_file(str(folder / "schema.pbtxt"), schema)
    return artifact


def stored_examples(folder: Path, splits: Sequence[str]) -> standard_artifacts.Examples:
    """The artifact of examples that `write_examples` wrote before."""
    artifact = standard_artifacts.Examples()
    artifact.uri = str(folder)
    artifact.split_names = artifact_utils.encode_split_names(list(splits))
    artifact.set_string_custom_property("payload_format", "FORMAT_TF_EXAMPLE")
    artifact.set_string_custom_property("file_format", "tfrecords_gzip")
    return artifact


def run_trainer(
    node: Path, inputs: Mapping[str, Any], steps: int | None = None, **properties: Any
) -> standard_artifacts.Model:
    """Runs the executor of our Trainer as TFX does; the Model artifact, with its properties.

    Args:
        node: the node's folder; `model/1` and `model_run/1` are written under it.
        inputs: artifacts by the name of the input.
        steps: `num_steps` of `train_args`.
        **properties: execution properties: `updater`, `run_fn`, `custom_config`, ...
    """
    model, run = standard_artifacts.Model(), standard_artifacts.ModelRun()
    model.uri, run.uri = str(node / "model" / "1"), str(node / "model_run" / "1")
    custom_config = json_utils.dumps(properties.pop("custom_config", None))
    Executor().Do(
        {name: [artifact] for name, artifact in inputs.items()},
        {"model": [model], "model_run": [run]},
        {
            "train_args": proto_utils.proto_to_json(trainer_pb2.TrainArgs(num_steps=steps)),
            "eval_args": proto_utils.proto_to_json(trainer_pb2.EvalArgs()),
            "custom_config": custom_config,
            **properties,
        },
    )
    return model
