"""What is timed: training steps of a CNN, and optimizer steps alone on given gradients."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context

BATCH = 32
# Placeholders and their like stand for what comes in and goes out: no work.
BORDER = {"Placeholder", "_Arg", "_Retval", "_DeviceArg", "_DeviceRetval"}


def cnn(filters: int, units: int) -> keras.Model:
    """Two convolutions and two dense layers on images of 28 x 28."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(filters, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(2 * filters, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(10),
        ]
    )


MODELS = {"50 k": lambda: cnn(16, 28), "5 M": lambda: cnn(32, 1600)}


def training_step(model: keras.Model, optimizer: Any, jit: bool) -> Callable[[], Any]:
    """A call that trains the model by one batch: forward, backward, apply."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, jit_compile=jit)
    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=(BATCH, 28, 28, 1)), "float32")
    y = tf.constant(rng.integers(0, 10, BATCH))
    step = tf.function(lambda x, y: model.train_step((x, y)), jit_compile=jit)
    return lambda: step(x, y)


def small_variables(count: int, groups: int) -> list[keras.Variable]:
    """Kernels of 16 x 16 and biases of 16 in turn, spread over layers of as many groups."""
    made = []
    for place in range(count):
        with keras.name_scope(f"group{place * groups // count:02d}"):
            shape = (16,) if place % 2 else (16, 16)
            made.append(keras.Variable(np.zeros(shape, "float32"), name=f"weight{place}"))
    return made


def apply_function(optimizer: Any, variables: Sequence[Any], jit: bool = False) -> Any:
    """A `tf.function` of the optimizer's step alone, on constant gradients."""
    rng = np.random.default_rng(1)
    gradients = [tf.constant(rng.normal(scale=1e-2, size=v.shape), "float32") for v in variables]
    optimizer.build(variables)
    return tf.function(lambda: optimizer.apply(gradients, variables), jit_compile=jit)


def least_function(variables: Sequence[Any]) -> Any:
    """The least that a compiled momentum step can do: assign each trace and each variable."""
    rng = np.random.default_rng(1)
    gradients = [tf.constant(rng.normal(scale=1e-2, size=v.shape), "float32") for v in variables]
    traces = [tf.Variable(tf.zeros(v.shape)) for v in variables]

    def step() -> None:
        for variable, trace, gradient in zip(variables, traces, gradients, strict=True):
            trace.assign(gradient, read_value=False)
            variable.value.assign_sub(gradient, read_value=False)

    return tf.function(step, jit_compile=True)


def operations(function: Any) -> tuple[int, int]:
    """How many operations a function has as traced, and what TensorFlow makes of it to run."""
    traced = function.get_concrete_function().graph.get_operations()
    runtime = context.context()
    runtime.enable_graph_collection()
    function()
    graphs = runtime.export_run_metadata().partition_graphs
    runtime.disable_graph_collection()
    run = [node.op for graph in graphs for node in graph.node]
    return tuple(sum(op not in BORDER for op in ops) for ops in ([o.type for o in traced], run))
