"""Checks of what an optimizer keeps: saved, restored, cloned, described and counted."""

import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfx_updaters.optimizers import apply
from tfx_updaters.optimizers.testing.trial import (
    Make,
    equal,
    tensor,
    values,
    variables,
)


def _network(optimizer: Any) -> Any:
    keras.utils.set_random_seed(3)
    net = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            keras.layers.Conv2D(2, 3, name="conv"),
            keras.layers.Flatten(),
            keras.layers.Dense(2, name="head"),
        ]
    )
    net.compile(optimizer, "mse")
    optimizer.build(net.trainable_variables)
    return net


def _train(net: Any, steps: Iterable[int]) -> list[np.ndarray]:
    for step in steps:
        trained = net.trainable_variables
        gradients = [np.random.default_rng([step, i]).normal(size=v.shape)
                     for i, v in enumerate(trained)]  # fmt: skip
        net.optimizer.apply([tensor(g) for g in gradients], trained)
    return values(net.trainable_variables)


def resumed(make: Make) -> None:
    """Saved in mid-training and loaded, it goes on bit for bit as if it had never stopped."""
    never_stopped = _train(_network(make()), range(6))
    with tempfile.TemporaryDirectory() as folder:
        for way in ("keras file", "weights file", *_tensorflow_only("checkpoint")):
            stopped = _network(make())
            _train(stopped, range(3))
            again = _WAYS[way](stopped, make, Path(folder))
            equal(_train(again, range(3, 6)), never_stopped, tolerance=0)


def _tensorflow_only(*ways: str) -> Sequence[str]:
    return ways if apply.on_tensorflow() else ()


def _through_keras_file(net: Any, make: Make, folder: Path) -> Any:
    net.save(folder / "net.keras")
    return keras.models.load_model(folder / "net.keras")


def _through_weights_file(net: Any, make: Make, folder: Path) -> Any:
    net.save_weights(folder / "net.weights.h5")
    again = _network(make())
    again.load_weights(folder / "net.weights.h5")
    return again


def _through_checkpoint(net: Any, make: Make, folder: Path) -> Any:
    import tensorflow as tf

    path = tf.train.Checkpoint(model=net, optimizer=net.optimizer).save(str(folder / "checkpoint"))
    again = _network(make())
    tf.train.Checkpoint(model=again, optimizer=again.optimizer).restore(path).assert_consumed()
    return again


_WAYS = {
    "keras file": _through_keras_file,
    "weights file": _through_weights_file,
    "checkpoint": _through_checkpoint,
}


def cloned_and_compiled_again(make: Make) -> None:
    """A clone with an optimizer of the same configuration starts as the model did."""
    net = _network(make())
    start = net.get_weights()
    trained = _train(net, range(3))
    clone = keras.models.clone_model(net)
    clone.set_weights(start)
    clone.compile(type(net.optimizer).from_config(net.optimizer.get_config()), "mse")
    clone.optimizer.build(clone.trainable_variables)
    equal(_train(clone, range(3)), trained, tolerance=0)


def round_trips(make: Make) -> None:
    """Keras' serialization and plain JSON give the same optimizer again."""
    optimizer = make()
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    plain = type(optimizer).from_config(json.loads(json.dumps(optimizer.get_config())))
    for other in (again, plain):
        assert type(other) is type(optimizer)
        assert other.get_config() == optimizer.get_config()
        assert other.fingerprint == optimizer.fingerprint


def state_memory(make: Make) -> None:
    """The state is what the transforms declare, and what Keras keeps itself."""
    optimizer = make()
    own = len(optimizer.variables)
    trained = variables()
    optimizer.build(trained)
    declared = 0
    for transform in optimizer.transforms:
        applies = transform.resolve([v.path for v in trained])
        for variable, where in zip(trained, applies, strict=True):
            slots = transform.slots().values() if where is not None else ()
            declared += sum(_size(variable.shape if s.shape is None else s.shape) for s in slots)
        declared += sum(_size(slot.shape) for slot in transform.shared_slots().values())
    declared += any(transform.vetoes for transform in optimizer.transforms)
    assert sum(_size(v.shape) for v in optimizer.variables[own:]) == declared


def _size(shape: Any) -> int:
    return int(np.prod(shape))
