"""Examples as TFX stores them, and a run of the Trainer's executor on them."""

import textwrap
from pathlib import Path

import pytest
import tensorflow as tf
from tfx.proto import trainer_pb2
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import json_utils, proto_utils

from tfx_updaters.components.trainer.executor import Executor

# A user's module: `run_fn` reads the examples, calls `train` and exports the model it returns.
MODULE = """
import keras
import numpy as np
import tensorflow as tf
from tfx_bsl.public import tfxio

X = np.linspace(-1, 1, 32, dtype="float32").reshape(16, 2)
Y = X.sum(axis=1, keepdims=True)


def dense():
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)], name="dense_model")


def run_fn(fn_args):
    model = train(fn_args)
    model.export(fn_args.serving_model_dir, verbose=False)
    np.save(fn_args.model_run_dir + "/weights.npy", model.get_weights()[0])


"""
TRAIN = """
def train(fn_args):
    model = dense()
    model.compile(keras.optimizers.Adam(0.1), "mse")
    model.fit(X, Y, epochs=1, batch_size=8, verbose=0)
    return model
"""


@pytest.fixture
def module_file(tmp_path):
    """Writes a user's module with this `train`, and gives its path."""

    def write(train: str = TRAIN, name: str = "users_module.py") -> Path:
        path = tmp_path / name
        path.write_text(MODULE + textwrap.dedent(train))
        return path

    return write


@pytest.fixture(scope="session")
def records(tmp_path_factory) -> Path:
    """A folder of examples as ExampleGen writes it."""
    folder = tmp_path_factory.mktemp("examples")
    for split in ("train", "eval"):
        (folder / f"Split-{split}").mkdir()
        path = folder / f"Split-{split}" / "data_tfrecord-00000-of-00001.gz"
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            feature = {"x": tf.train.Feature(float_list=tf.train.FloatList(value=[0.5]))}
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write(example.SerializeToString())
    return folder


@pytest.fixture
def execute(records, tmp_path):
    """Runs the executor as TFX does; gives its Model artifact and the folder of the run."""

    def run(**exec_properties):
        examples = standard_artifacts.Examples()
        examples.uri = str(records)
        examples.split_names = artifact_utils.encode_split_names(["train", "eval"])
        model, model_run = standard_artifacts.Model(), standard_artifacts.ModelRun()
        for artifact, name in ((model, "model"), (model_run, "model_run")):
            (tmp_path / name).mkdir(exist_ok=True)
            artifact.uri = str(tmp_path / name)
        custom_config = exec_properties.pop("custom_config", None)
        Executor().Do(
            {"examples": [examples]},
            {"model": [model], "model_run": [model_run]},
            {
                "train_args": proto_utils.proto_to_json(trainer_pb2.TrainArgs(num_steps=2)),
                "eval_args": proto_utils.proto_to_json(trainer_pb2.EvalArgs()),
                "custom_config": json_utils.dumps(custom_config),
                **{key: str(value) for key, value in exec_properties.items()},
            },
        )
        return model, tmp_path / "model_run"

    return run
