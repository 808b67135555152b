"""`tfx-updaters predict`: a pushed model on examples, as a server would ask it."""

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples import records
from tfx_updaters.pipelines.errors import RunError, sentence


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
        rows = list(_predictions(model, records.find(data)["eval"], count))
    except (DataError, RunError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    click.echo("example  label  predicted  probability")
    for number, (label, best, probability) in enumerate(rows):
        click.echo(f"{number:>7}  {label:>5}  {best:>9}  {probability:>11.4f}")


def _predictions(
    model: Path, files: list[Path], count: int
) -> Iterator[tuple[int | str, int, float]]:
    """For each of the first examples: the label, the likeliest class and its probability."""
    from tfx_updaters.pipelines.output import silenced

    with silenced():
        import tensorflow as tf

        found = itertools.chain.from_iterable(map(records.read, files))
        examples = list(itertools.islice(found, count))
        try:
            serve = tf.saved_model.load(str(model)).signatures["serving_default"]
            outputs = serve(examples=tf.constant(examples))["outputs"].numpy()
        except Exception as error:
            raise RunError(f"{model} cannot predict on {files[0]}: {sentence(error)}") from error
    for example, probabilities in zip(examples, outputs, strict=True):
        feature = tf.train.Example.FromString(example).features.feature
        label = feature[records.LABEL].int64_list.value
        best = int(probabilities.argmax())
        yield (label[0] if label else "-", best, float(probabilities[best]))
