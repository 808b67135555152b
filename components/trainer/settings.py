"""What a training sets: on the process, and on the model that it compiles."""

import contextlib
import difflib
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.trainer import step
from tfx_updaters.components.trainer.choice import Choice
from tfx_updaters.components.trainer.config import TrainingConfig

# Names that Keras makes a metric of when it knows the shapes.
CHOSEN_BY_SHAPE = ("accuracy", "acc", "crossentropy", "ce")


@contextlib.contextmanager
def of_process(config: TrainingConfig) -> Iterator[None]:
    """Seeds Keras and sets its precision; afterwards the precision is what it was."""
    if config.deterministic and tf.config.list_physical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(config.seed)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(config.precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def compile_model(made: Any, updater: Mapping[str, Any], config: TrainingConfig) -> None:
    """Gives the model its updater, whose rules are resolved here against the layers.

    Args:
        made: the model.
        updater: the document of a `Choice`.
        config: its loss, metrics, and how a step goes.

    Raises:
        ArgumentError: an unknown loss or metric, or one that early stopping cannot monitor.
        UpdaterError: a rule of the updater does not fit the model.
    """
    _check_names(config)
    accumulate = {"gradient_accumulation_steps": config.accumulate} if config.accumulate > 1 else {}
    optimizer = Choice.of(updater).optimizer(**accumulate)
    made.compile(
        optimizer=optimizer,
        loss=config.loss,
        metrics=list(config.metrics),
        jit_compile=config.jit_compile,
    )
    made.optimizer.build(made.trainable_variables)
    step.install(made, config.sam_radius)


def _check_names(config: TrainingConfig) -> None:
    """Keras itself looks the names up at the first step, and early stopping's after an epoch."""
    try:
        keras.losses.get(config.loss)
        names = ["loss", *map(_reported, config.metrics)]
    except ValueError as error:
        raise ArgumentError(f"loss {config.loss!r}, metrics {config.metrics}: {error}") from error
    if config.early_stopping is not None:
        known = [*names, *(f"val_{name}" for name in names)]
        monitor = config.early_stopping.monitor
        if monitor not in known:
            near = difflib.get_close_matches(monitor, known, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            raise ArgumentError(
                f"early_stopping.monitor: received '{monitor}'; {hint}there are {', '.join(known)}"
            )


def _reported(metric: str) -> str:
    """The name under which Keras reports a metric."""
    found: Any = metric if metric in CHOSEN_BY_SHAPE else keras.metrics.get(metric)
    return getattr(found, "name", metric)
