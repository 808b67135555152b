"""The options of every command that makes the main pipeline: how it trains, and what it gates."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from tfx_updaters.optimizers import UpdaterConfig
from tfx_updaters.pipelines.cli.choice import choose

if TYPE_CHECKING:
    from tfx_updaters.pipelines.training import Training

_OPTIONS = (
    click.option(
        "--updater",
        default="article",
        show_default=True,
        help="A name (see `tfx-updaters updaters`) or a .json file.",
    ),
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="NAME=VALUE",
        help="A hyper-parameter of the updater; may be repeated.",
    ),
    click.option(
        "--epochs",
        type=click.IntRange(1),
        default=9,
        show_default=True,
        help="Passes over the train split.",
    ),
    click.option(
        "--batch-size",
        type=click.IntRange(1),
        default=32,
        show_default=True,
        help="Examples in an update.",
    ),
    click.option(
        "--workers",
        type=click.IntRange(1),
        default=1,
        show_default=True,
        help="Processes that train together on the Trainer's machine, each on its share of a "
        "batch; for CPUs.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(0, 2**31 - 1),
        default=0,
        show_default=True,
        help="Of the initial weights and the order of examples.",
    ),
    click.option(
        "--min-accuracy",
        type=click.FloatRange(0, 1),
        default=0.9,
        show_default=True,
        help="Accuracy on the eval split below which nothing is pushed.",
    ),
    click.option(
        "--max-drop",
        type=click.FloatRange(0, 1),
        default=0.01,
        show_default=True,
        help="How far the accuracy may lie below the last blessed model's.",
    ),
    click.option(
        "--max-gap",
        type=click.FloatRange(0, 1),
        default=0.05,
        show_default=True,
        help="Accuracy on train minus accuracy on eval above which nothing is pushed.",
    ),
    click.option(
        "--worst-class",
        type=click.FloatRange(0, 1),
        default=0.8,
        show_default=True,
        help="Accuracy on eval that every class has to have.",
    ),
    click.option(
        "--confidence",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        default=0.95,
        show_default=True,
        help="Level of the intervals that the limits are held against.",
    ),
    click.option(
        "--burden",
        type=click.Choice(["model", "gate", "none"]),
        default="gate",
        show_default=True,
        help="Who has to show something. gate: that a limit is broken, so that few examples pass. "
        "model: that it is kept, so that few examples refuse. none: values count, not intervals.",
    ),
)


def training(command: Callable) -> Callable:
    """Gives a command all of them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True)
class Chosen:
    """What was chosen by them, checked without TensorFlow.

    Attributes:
        updater: how the parameters are updated.
        epochs: passes over the train split.
        batch_size: examples in an update.
        workers: processes that train together.
        seed: of the initial weights and the order of examples.
        limits: of the gate, by the names of its fields.
    """

    updater: UpdaterConfig
    epochs: int
    batch_size: int
    workers: int
    seed: int
    limits: dict[str, Any]

    @classmethod
    def of(cls, updater: str, settings: Iterable[str], epochs: int, batch_size: int, workers: int,
           seed: int, max_drop: float, **limits: Any) -> "Chosen":  # fmt: skip
        """From the options' values.

        Raises:
            click.UsageError: an updater that cannot be taken, or a batch that cannot be shared.
        """
        if batch_size % workers:
            raise click.UsageError(
                f"--workers: received {workers}; a divisor of the batch size {batch_size} is needed"
            )
        limits["no_worse_than_blessed"] = max_drop
        return cls(choose(updater, settings), epochs, batch_size, workers, seed, limits)

    def training(self, **length: int) -> "Training":
        """For the pipeline; `length` is `steps` or `epochs`."""
        from tfx_updaters.components import Gate
        from tfx_updaters.pipelines.training import Training

        return Training(
            updater=self.updater, batch_size=self.batch_size, workers=self.workers, seed=self.seed,
            gate=Gate(**self.limits), **length,
        )  # fmt: skip
