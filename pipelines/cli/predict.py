"""`tfx-updaters predict`: a pushed model on examples, as a server would ask it."""

import itertools
import os
import sys
from pathlib import Path

import click

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples import records
from tfx_updaters.pipelines.errors import sentence


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FOLDER",
    help="The folder with train* and eval* TFRecords.",
)
@click.option(
    "--examples",
    "count",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="How many of the eval split.",
)
def predict(model: Path, data: Path, count: int) -> None:
    """Predict with a pushed MODEL (a folder with a SavedModel) on examples of the eval split."""
    if not (model / "saved_model.pb").is_file():
        raise click.UsageError(f"{model} holds no SavedModel (saved_model.pb)")
    try:
        _predict(model, records.find(data)["eval"], count)
    except DataError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


def _predict(model: Path, files: list[Path], count: int) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    found = itertools.chain.from_iterable(map(records.read, files))
    examples = list(itertools.islice(found, count))
    try:
        serve = tf.saved_model.load(str(model)).signatures["serving_default"]
        outputs = serve(examples=tf.constant(examples))["outputs"].numpy()
    except Exception as error:
        click.echo(f"Error: {model} cannot predict on {files[0]}: {sentence(error)}", err=True)
        sys.exit(1)
    click.echo("example  label  predicted  probability")
    for number, (example, probabilities) in enumerate(zip(examples, outputs, strict=True)):
        feature = tf.train.Example.FromString(example).features.feature
        label = feature[records.LABEL].int64_list.value
        best = int(probabilities.argmax())
        click.echo(
            f"{number:>7}  {label[0] if label else '-':>5}  {best:>9}  {probabilities[best]:>11.4f}"
        )
