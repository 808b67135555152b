"""The `run_fn` of our Trainer: reads the examples, trains the CNN, saves it and what it reached."""

import json
import math
from pathlib import Path

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs
from tfx_bsl.public import tfxio

from tfx_updaters.components.examples.records import IMAGE, LABEL
from tfx_updaters.components.trainer import cnn, progress, serving
from tfx_updaters.optimizers import from_json

METRICS_FILE = "metrics.json"
EVALUATION_BATCH = 256


class DivergedError(ArithmeticError):
    """The loss became NaN or infinite: the model is of no use and is not saved."""


def run_fn(fn_args: FnArgs) -> None:
    """Trains with the updater in `custom_config` and exports to `serving_model_dir`.

    Writes the losses and accuracies on the train and eval split, measured after the last
    update, to `metrics.json` in `model_run_dir`.

    Raises:
        DivergedError: the loss is not a finite number.
    """
    config = fn_args.custom_config
    keras.utils.set_random_seed(config["seed"])
    transform = tft.TFTransformOutput(fn_args.transform_output)
    train, count = _examples(fn_args, fn_args.train_files, transform)
    evaluation, _ = _examples(fn_args, fn_args.eval_files, transform)
    model = cnn.build(config["shape"], config["classes"])
    model.compile(
        optimizer=from_json(config["updater"]).optimizer(),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    batches = train.shuffle(min(count, 100_000), seed=config["seed"]).repeat()
    batches = batches.batch(config["batch_size"]).prefetch(tf.data.AUTOTUNE)
    _fit(model, batches, fn_args, math.ceil(count / config["batch_size"]), evaluation)
    _save_metrics(model, {"train": train, "eval": evaluation}, Path(fn_args.model_run_dir))
    serving.export(model, transform, fn_args.serving_model_dir)


def _examples(
    fn_args: FnArgs, files: list[str], transform: tft.TFTransformOutput
) -> tuple[tf.data.Dataset, int]:
    """The examples of a split as (image, label), read once and kept in memory, and their number."""
    dataset = fn_args.data_accessor.tf_dataset_factory(
        files,
        tfxio.TensorFlowDatasetOptions(
            batch_size=EVALUATION_BATCH, num_epochs=1, shuffle=False, label_key=LABEL
        ),
        transform.transformed_metadata.schema,
    )
    images, labels = zip(*((features[IMAGE], label) for features, label in dataset), strict=True)
    tensors = tf.concat(images, 0), tf.reshape(tf.concat(labels, 0), [-1])
    return tf.data.Dataset.from_tensor_slices(tensors), len(tensors[1])


def _fit(model, batches, fn_args: FnArgs, steps_an_epoch: int, evaluation) -> None:
    """Exactly `train_steps` updates: whole epochs, then a shorter last one."""
    epochs, rest = divmod(fn_args.train_steps, steps_an_epoch)
    shared = {
        "verbose": 0,
        "validation_data": evaluation.batch(EVALUATION_BATCH),
        "callbacks": [
            progress.LogEpochs(),
            keras.callbacks.TensorBoard(fn_args.model_run_dir, write_graph=False),
        ],
    }
    if epochs:
        model.fit(batches, epochs=epochs, steps_per_epoch=steps_an_epoch, **shared)
    if rest:
        last = {"epochs": epochs + 1, "initial_epoch": epochs}
        model.fit(batches, steps_per_epoch=rest, **last, **shared)


def _save_metrics(model, splits: dict[str, tf.data.Dataset], folder: Path) -> None:
    metrics = {
        split: model.evaluate(dataset.batch(EVALUATION_BATCH), verbose=0, return_dict=True)
        for split, dataset in splits.items()
    }
    if not math.isfinite(metrics["train"]["loss"]):
        raise DivergedError(
            f"training diverged: the loss on the train split is {metrics['train']['loss']}; "
            "try a lower learning_rate or a clip"
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / METRICS_FILE).write_text(json.dumps(metrics, indent=1) + "\n")
