"""The `run_fn` of our Trainer: reads the examples, trains the model, exports it."""

import contextlib
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.components.trainer.fn_args_utils import FnArgs
from tfx.utils import io_utils

from tfx_updaters.components.errors import ArgumentError, DataError, ModelError
from tfx_updaters.components.trainer import (
    batches,
    checkpoint,
    data,
    devices,
    diverged,
    model,
    preemption,
    progress,
    serving,
    settings,
    step,
    workers,
)
from tfx_updaters.components.trainer.config import TrainingConfig
from tfx_updaters.components.trainer.dynamics import Dynamics

METRICS_FILE = "metrics.json"
TYPES = {schema_pb2.BYTES: tf.string, schema_pb2.INT: tf.int64, schema_pb2.FLOAT: tf.float32}


def run_fn(fn_args: FnArgs) -> None:
    """Trains the model of `custom_config["model_fn"]` with the updater and exports it.

    Reads `model_fn`, `model_args`, `updater` and `training` (a `TrainingConfig` as JSON) of the
    custom configuration. Writes the loss and metrics on the train and eval split, measured after
    the last update, to `metrics.json` in `model_run_dir`.

    Raises:
        ComponentError: the data, the model or an argument cannot be used, or the loss is not
            finite.
        UpdaterError: a rule of the updater does not fit the model.
    """
    config = TrainingConfig.from_json(fn_args.custom_config.get("training", {}))
    config.check_length(fn_args.train_steps)
    if config.workers > 1 and devices.workers() == 1:
        return workers.train(fn_args, config.workers, _checkpoint_folder(fn_args, config))
    strategy = devices.strategy()
    devices.check_batch(strategy, config.batch_size // config.accumulate, config.accumulate)
    with settings.of_process(config):
        _train(fn_args, config, strategy)


def _train(fn_args: FnArgs, config: TrainingConfig, strategy: tf.distribute.Strategy) -> None:
    transform = (
        tft.TFTransformOutput(fn_args.transform_output) if fn_args.transform_output else None
    )
    schema = _schema(fn_args, transform)
    custom = fn_args.custom_config
    with strategy.scope():
        made: Any = model.build(custom["model_fn"], custom.get("model_args") or {})
        # What is exported: made now, as a clone of a compiled model is compiled as well.
        bare = keras.models.clone_model(made)
        settings.compile_model(made, custom["updater"], config)
    splits = _splits(fn_args, made, schema, config)
    _start_from(made, fn_args.base_model)
    chief = devices.is_chief(strategy)
    # Workers save at the same step only, and one alone may be asked to end.
    alone = devices.workers() == 1
    with preemption.noticed() if alone else contextlib.nullcontext(lambda: False) as asked:
        store = _fit(made, splits, fn_args, config, chief, asked)
    measured = {
        name: made.evaluate(batches.evaluation(split), verbose=0, return_dict=True)
        for name, split in splits.items()
    }
    if not chief:
        tf.io.gfile.makedirs(fn_args.serving_model_dir)  # TFX wants to see it.
        return
    _save_metrics(measured, fn_args.model_run_dir)
    bare.set_weights(made.get_weights())
    shapes = splits["train"].source.shapes
    raw = _raw_spec(transform, schema, shapes, config.label)
    serving.export(bare, fn_args.serving_model_dir, shapes, raw, transform, config.resize)
    serving.save_keras(bare, fn_args.serving_model_dir)
    store.remove()  # Not before: a kill while exporting must not cost the training.


def _schema(fn_args: FnArgs, transform: tft.TFTransformOutput | None) -> schema_pb2.Schema:
    if transform is not None:
        return transform.transformed_metadata.schema
    if not fn_args.schema_path:
        raise DataError("neither a schema nor a transform graph was given; one of them is needed")
    return io_utils.parse_pbtxt_file(fn_args.schema_path, schema_pb2.Schema())


def _check_weights(config: TrainingConfig, classes: int | None) -> None:
    wrong = [label for label in config.class_weights or () if label >= (classes or 0)]
    if wrong:
        what = f"classes 0 to {classes - 1}" if classes else f"{config.loss} has no classes"
        raise ArgumentError(f"class_weights: received weights of {wrong}; {what}")


def _splits(fn_args: FnArgs, made: keras.Model, schema: Any, config: TrainingConfig) -> dict:
    shapes = model.shapes(made, schema, config.label)
    classes = model.classes(made, config.loss)
    _check_weights(config, classes)
    splits = {}
    for name, files in (("train", fn_args.train_files), ("eval", fn_args.eval_files)):
        source = data.Source(
            accessor=fn_args.data_accessor, files=files, schema=schema, shapes=shapes,
            label=config.label, classes=classes, resize=config.resize,
        )  # fmt: skip
        splits[name] = data.read(source, name, config.cache_gb)
    return splits


def _start_from(made: keras.Model, base: str | None) -> None:
    """Warm start: takes the weights of the base model."""
    if not base:
        return
    found = serving.load_keras(base)
    if found is None:
        raise ModelError(f"base model {base} has no {serving.KERAS_FILE} beside it to start from")
    try:
        made.set_weights(found.get_weights())
    except ValueError as error:
        raise ModelError(f"base model {base} has other layers: {error}") from error


def _fit(
    made: Any, splits: Mapping, fn_args: FnArgs, config: TrainingConfig, chief, asked
) -> checkpoint.Store:
    train = splits["train"]
    an_epoch, total = _steps(train.count, fn_args.train_steps, config)
    several = devices.workers() > 1
    stopping = _stopping(config)
    folder = _checkpoint_folder(fn_args, config)
    updater = fn_args.custom_config["updater"]
    store = checkpoint.Store(folder, _identity(made, updater, train, config))
    dynamics = _dynamics(fn_args, folder if chief else None)
    before_saving: list[Any] = [recorder.flush for recorder in dynamics]
    saver = checkpoint.Checkpoints(
        store, an_epoch, total,
        # Workers have to save at the same step, as they read their shared state together.
        every_steps=config.checkpoint_steps or (an_epoch if several else None),
        every_minutes=None if several else config.checkpoint_minutes,
        writes=chief, stopping=stopping, flush=before_saving, asked=asked,
    )  # fmt: skip
    saver.restore(made)
    first = saver.position
    dataset = batches.training(train, config, first)
    if several or first % an_epoch:
        # Those of an epoch that was begun are put back before its first step here.
        devices.build_metrics(made, dataset)
    callbacks: list[Any] = [progress.LogEpochs()]
    if chief:
        callbacks.append(progress.EventsByEpoch(fn_args.model_run_dir, write_graph=False))
    callbacks += dynamics
    if not step.skips(made.optimizer):
        batch = lambda at: next(iter(batches.training(train, config, at)))  # noqa: E731
        finite = diverged.StopWhenNotFinite(batch, lambda: saver.position)
        callbacks.append(finite)
        before_saving.append(finite.check)
    with _memory_explained(config):
        made.fit(
            dataset,
            epochs=math.ceil(total / an_epoch),
            initial_epoch=first // an_epoch,
            steps_per_epoch=an_epoch,
            shuffle=False,
            validation_data=batches.evaluation(splits["eval"]),
            callbacks=[*callbacks, *([stopping] if stopping else []), saver],
            verbose=0,
        )
    return store


@contextlib.contextmanager
def _memory_explained(config: TrainingConfig) -> Iterator[None]:
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        smaller = max(1, config.batch_size // config.accumulate // 2)
        raise ArgumentError(
            f"out of memory with micro-batches of {config.batch_size // config.accumulate}: "
            f"try batch_size={smaller}, or accumulate={config.batch_size // smaller}, which gives "
            f"the same updates: {str(error.message).splitlines()[0][:120]}"
        ) from error


def _steps(count: int, steps: int | None, config: TrainingConfig) -> tuple[int, int]:
    """Training steps, each of a micro-batch, in an epoch and in all."""
    an_epoch = math.ceil(count / config.batch_size)
    updates = steps or (config.epochs or 0) * an_epoch
    return an_epoch * config.accumulate, updates * config.accumulate


def _stopping(config: TrainingConfig) -> keras.callbacks.EarlyStopping | None:
    early = config.early_stopping
    if early is None:
        return None
    make: Any = keras.callbacks.EarlyStopping
    return make(
        monitor=early.monitor, patience=early.patience, min_delta=early.min_delta,
        restore_best_weights=early.restore_best,
    )  # fmt: skip


def _checkpoint_folder(fn_args: FnArgs, config: TrainingConfig) -> str:
    """Beside the node's outputs, which are other folders each time; named by all that goes in."""
    if config.checkpoint_dir:
        return config.checkpoint_dir
    root = checkpoint.beside(str(fn_args.model_run_dir), "checkpoints")
    inputs = (
        fn_args.train_files, fn_args.eval_files, fn_args.train_steps, fn_args.custom_config,
        fn_args.transform_output, fn_args.base_model,
    )  # fmt: skip
    return f"{root}/{checkpoint.fingerprint(*inputs)}"


def _dynamics(fn_args: FnArgs, folder: str | None) -> list[Dynamics]:
    """What records the updates, beside the checkpoints in `folder` until training has ended."""
    every = fn_args.custom_config.get("dynamics_every", 0)
    if not every:
        return []
    parts = f"{folder}/dynamics" if folder and "://" not in folder else None
    return [Dynamics(fn_args.model_run_dir, every, parts)]


def _identity(
    made: keras.Model, updater: Mapping[str, Any], train: data.Split, config: TrainingConfig
) -> dict[str, Any]:
    return {
        "updater": updater,
        "variables": [[list(v.shape), str(v.dtype)] for v in made.variables],
        "examples": train.count,
        "batch size": [config.batch_size, config.accumulate],
        "seed": config.seed,
    }


def _save_metrics(measured: Mapping[str, Mapping[str, float]], folder: str) -> None:
    tf.io.gfile.makedirs(folder)
    with tf.io.gfile.GFile(f"{folder}/{METRICS_FILE}", "w") as file:
        file.write(json.dumps(measured, indent=1) + "\n")


def _raw_spec(transform: Any, schema: Any, shapes: Mapping, label: str) -> dict[str, Any]:
    if transform is None:
        types = {feature.name: TYPES[feature.type] for feature in schema.feature}
        return serving.feature_spec(shapes, types)
    spec = transform.raw_feature_spec()
    spec.pop(label, None)
    return spec
