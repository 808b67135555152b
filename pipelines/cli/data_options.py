"""The options of every command that reads data: where it is, and how it becomes examples."""

import functools
import re
from collections.abc import Callable
from typing import Any

import click

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.examples import sensor_settings
from tfx_updaters.components.examples.image_config import LARGEST_SIDE, RESIZES, ImageConfig
from tfx_updaters.components.examples.named import NAMES
from tfx_updaters.pipelines.data import Source


class Size(click.ParamType):
    """HEIGHTxWIDTH."""

    name = "size"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int]:
        """The two numbers."""
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", value)
        if not found or max(map(int, found.groups())) > LARGEST_SIDE:
            self.fail(
                f"received '{value}'; HEIGHTxWIDTH of 1..{LARGEST_SIDE} is needed, such as 28x28"
            )
        height, width = map(int, found.groups())
        return height, width


DATA = click.option(
    "--data",
    "text",
    default="digits",
    show_default=True,
    metavar="NAME|PATH|URL",
    help=f"{', '.join(NAMES)}; a folder of images, in folders named like their classes; a CSV or "
    "Parquet file of sensor series, or a folder of them; a folder with train* and eval* TFRecords "
    "of tf.train.Example (a float feature 'image', an int64 feature 'label'); or "
    "s3://BUCKET/FOLDER or gs://BUCKET/FOLDER with one of these.",
)
_IMAGES = (
    click.option(
        "--image-size",
        "size",
        type=Size(),
        metavar="HxW",
        help="What images are brought to. Without it they need to have one size.",
    ),
    click.option(
        "--image-resize",
        "resize",
        type=click.Choice(RESIZES),
        default="crop",
        show_default=True,
        help="How, if their shape is another one: cut the middle out, fill up with black, or "
        "change the proportions.",
    ),
    click.option(
        "--image-labels",
        "labels",
        metavar="FILE",
        help="A CSV or JSONL file in the folder of images, with file and label, in place of "
        "folders named like the classes.",
    ),
    click.option(
        "--max-skipped",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        help="Files that may be left out because they cannot be read.",
    ),
)
WINDOW = click.option(
    "--window",
    "windows",
    multiple=True,
    metavar="NAME=VALUE",
    help="Of series, how they are cut: length=128 and label=COLUMN are needed; stride=64, "
    "time=COLUMN, group=COLUMN, channels=A,B and every other field of Windows; may be repeated.",
)


def data(command: Callable) -> Callable:
    """Gives a command `--data` and what goes with it; it gets all of it as `data`, a `Source`."""
    return reading(DATA(command))


def reading(command: Callable) -> Callable:
    """Gives a command with the parameter `text` the options of how it is read."""

    @functools.wraps(command)
    def checked(*args: Any, text: str, size: Any, resize: str, labels: str | None,
                max_skipped: int, windows: tuple[str, ...], **others: Any) -> Any:  # fmt: skip
        try:
            config = ImageConfig(size=size, resize=resize, labels=labels, max_skipped=max_skipped)
        except ArgumentError as error:
            raise click.UsageError(f"--image-{error}") from error
        try:
            given = sensor_settings.parsed(windows)
        except ArgumentError as error:
            raise click.UsageError(f"--window {error}") from error
        return command(*args, data=Source(text, config, given), **others)

    for option in reversed((*_IMAGES, WINDOW)):
        checked = option(checked)
    return checked
