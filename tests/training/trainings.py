"""Trainings on digits, each in a process of its own, which may be killed at a step."""

import json
import multiprocessing
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

FORKS = multiprocessing.get_context("forkserver")
# The server imports the stack once; every process is a fork of it.
FORKS.set_forkserver_preload(
    ["tfx_updaters.components.trainer.fit", "tfx_updaters.components.testing", "sklearn.datasets"]
)

REFUSAL = "refusal.txt"
MODEL = {
    "model_fn": "tfx_updaters.components.trainer.cnn.image",
    "model_args": {
        "shape": [8, 8, 1], "classes": 10, "filters": [4, 8], "norm": "batch", "dropout": 0.2,
    },
    "updater": {"updater": "momentum", "learning_rate": 0.05},
}  # fmt: skip


def write_digits(folder: Path, train: int = 300, evaluation: int = 100) -> None:
    """Artifacts with the first digits."""
    from sklearn.datasets import load_digits

    from tfx_updaters.components import testing

    images, labels = load_digits(return_X_y=True)
    rows = [
        {"image": (image / 16).astype("float32"), "label": int(label)}
        for image, label in zip(images, labels, strict=True)
    ]
    splits = {"train": rows[:train], "eval": rows[train : train + evaluation]}
    testing.write_examples(folder / "examples", splits)
    testing.write_schema(folder / "schema", {"image": ("float", [64]), "label": ("int", [1])})


def run(data: Path, node: Path, config: Mapping[str, Any], steps: int | None = None) -> Any:
    """Our Trainer on these digits; its Model artifact."""
    from tfx.types import standard_artifacts

    from tfx_updaters.components import testing
    from tfx_updaters.components.trainer.executor import OUR_TRAINING

    custom = {**MODEL, "dynamics_every": 10, **config}
    custom.setdefault("training", {})
    inputs = {
        "examples": testing.stored_examples(data / "examples", ["train", "eval"]),
        "schema": standard_artifacts.Schema(),
    }
    inputs["schema"].uri = str(data / "schema")
    if base := custom.pop("base_model", None):
        inputs["base_model"] = standard_artifacts.Model()
        inputs["base_model"].uri = base
    if found := custom.pop("hyperparameters", None):
        inputs["hyperparameters"] = standard_artifacts.HyperParameters()
        inputs["hyperparameters"].uri = str(node / "hyperparameters")
        (node / "hyperparameters").mkdir(parents=True)
        (node / "hyperparameters" / "best.txt").write_text(json.dumps(found))
    own = {name: custom.pop(name) for name in ("updater", "dynamics_every")}
    return testing.run_trainer(
        node, inputs, steps, run_fn=OUR_TRAINING, custom_config=custom,
        **{**own, "updater": json.dumps(own["updater"])},
    )  # fmt: skip


def model(node: Path) -> Any:
    """The model that was saved."""
    from tfx_updaters.components.trainer import serving

    return serving.load_keras(str(node / "model" / "1" / "Format-Serving"))


def weights(node: Path) -> list[np.ndarray]:
    """Of the model that was saved."""
    return model(node).get_weights()


def _train(
    data: Path,
    node: Path,
    config: Mapping[str, Any],
    steps: int | None,
    kill_at: int,
    devices: int,
    environment: Mapping[str, str],
    by: int,
) -> None:
    os.environ.update(environment)
    if kill_at:
        _kill_before(kill_at, by)
    if devices > 1:
        _split_the_processor(devices)
    try:
        run(data, node, config, steps)
    except ValueError as error:
        node.mkdir(parents=True, exist_ok=True)
        (node / REFUSAL).write_text(f"{type(error).__name__}: {error}")
        raise


def _kill_before(step: int, by: int) -> None:
    from tfx_updaters.components.trainer import checkpoint

    begin, begun = checkpoint.Checkpoints.on_train_batch_begin, 0

    def killing(self, batch, logs=None):
        nonlocal begun
        begun += 1
        if begun == step:
            os.kill(os.getpid(), by)
        begin(self, batch, logs)

    checkpoint.Checkpoints.on_train_batch_begin = killing


def _split_the_processor(count: int) -> None:
    """Logical processors in the place of GPUs."""
    import tensorflow as tf

    from tfx_updaters.components.trainer import devices

    parts = [tf.config.LogicalDeviceConfiguration()] * count
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], parts)
    names = [f"CPU:{number}" for number in range(count)]
    devices.strategy = lambda: tf.distribute.MirroredStrategy(names)


def start(
    data: Path,
    node: Path,
    config: Mapping[str, Any],
    steps: int | None = None,
    kill_at: int = 0,
    devices: int = 1,
    environment: Mapping[str, str] | None = None,
    by: int = signal.SIGKILL,
) -> Any:
    """Starts a training in a process.

    Args:
        data: from `write_digits`.
        node: the folder of the node's outputs.
        config: of the Trainer, beside `MODEL`.
        steps: `num_steps`.
        kill_at: kill it before this training step of the process, counted from 1.
        devices: how many it trains on.
        environment: variables of the process.
        by: the signal that kills it.
    """
    given = (data, node, config, steps, kill_at, devices, environment or {}, by)
    process = FORKS.Process(target=_train, args=given)
    process.start()
    return process


def train(*arguments: Any, **options: Any) -> int:
    """Trains as `start` says; the exit status, negative for a signal."""
    process = start(*arguments, **options)
    process.join(300)
    return process.exitcode


def refusal(data: Path, node: Path, *arguments: Any, **options: Any) -> str:
    """Trains what has to be refused; the error, and nothing was exported."""
    assert train(data, node, *arguments, **options) == 1
    assert not list(node.glob("model/*/*")), "a model was left"
    return (node / REFUSAL).read_text()
