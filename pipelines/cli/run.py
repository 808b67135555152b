"""`tfx-updaters run`: the whole pipeline on this machine, from data to a pushed model."""

import hashlib
import logging
import math
import re
import sys
import time
from pathlib import Path

import click

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples import named, records
from tfx_updaters.optimizers import UpdaterConfig
from tfx_updaters.pipelines.cli.choice import choose
from tfx_updaters.pipelines.errors import NodeFailedError, RunError, sentence
from tfx_updaters.pipelines.workspace import Workspace, hold

FAILED, NOT_BLESSED = 1, 3


@click.command()
@click.option(
    "--updater",
    default="article",
    show_default=True,
    help="A name (see `tfx-updaters updaters`) or a .json file.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A hyper-parameter of the updater; may be repeated.",
)
@click.option(
    "--data",
    default="digits",
    show_default=True,
    metavar="NAME|FOLDER",
    help="digits, or a folder with train* and eval* TFRecords of tf.train.Example "
    "(a float feature 'image', an int64 feature 'label').",
)
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    default="runs",
    show_default=True,
    help="The folder for everything that a run writes.",
)
@click.option(
    "--epochs",
    type=click.IntRange(1),
    default=9,
    show_default=True,
    help="Passes over the train split.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1),
    default=32,
    show_default=True,
    help="Examples in an update.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="Of the initial weights and the order of examples.",
)
@click.option(
    "--min-accuracy",
    type=click.FloatRange(0, 1),
    default=0.9,
    show_default=True,
    help="Accuracy on the eval split below which nothing is pushed.",
)
@click.option(
    "--max-drop",
    type=click.FloatRange(0, 1),
    default=0.01,
    show_default=True,
    help="How far the accuracy may lie below the last blessed model's.",
)
@click.option(
    "--max-gap",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="Accuracy on train minus accuracy on eval above which nothing is pushed.",
)
@click.option(
    "--worst-class",
    type=click.FloatRange(0, 1),
    default=0.8,
    show_default=True,
    help="Accuracy on eval that every class has to have.",
)
@click.option(
    "--confidence",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="Level of the intervals that the limits are held against.",
)
@click.option(
    "--burden",
    type=click.Choice(["model", "gate", "none"]),
    default="gate",
    show_default=True,
    help="Who has to show something. gate: that a limit is broken, so that few examples pass. "
    "model: that it is kept, so that few examples refuse. none: values count, not intervals.",
)
@click.option("--fresh", is_flag=True, help="Start over: forget earlier runs in this root.")
@click.option("-v", "--verbose", is_flag=True, help="Show the log of TensorFlow, Beam and TFX.")
def run(updater, settings, data, root, epochs, batch_size, seed, max_drop, fresh, verbose,
        **limits):  # fmt: skip
    """Train, judge and push a CNN in a TFX pipeline on this machine.

    Exit status: 0 pushed; 3 trained and judged but not blessed; 2 wrong usage;
    1 anything that failed.
    """
    began = time.monotonic()
    config = choose(updater, settings)
    try:
        if data != "digits":
            records.find(Path(data))
        with hold(root, fresh=fresh) as workspace:
            training = {"batch_size": batch_size, "seed": seed}
            limits["no_worse_than_blessed"] = max_drop
            pushed = _run(workspace, config, data, epochs, training, limits, verbose, began)
    except (RunError, DataError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(FAILED)
    except OSError as error:
        click.echo(f"Error: root {root.absolute()} cannot be used: {error}", err=True)
        sys.exit(FAILED)
    sys.exit(0 if pushed else NOT_BLESSED)


def _run(workspace: Workspace, config: UpdaterConfig, data: str, epochs: int, training: dict,
         limits: dict, verbose: bool, began: float) -> bool:  # fmt: skip
    """Runs the pipeline and prints its card; says whether the model was pushed."""
    from tfx_updaters.pipelines.output import captured

    log = workspace.log()
    with captured(log, verbose=verbose) as console:
        console.print(f"tfx-updaters run, updater {config.name}, log {log}", soft_wrap=True,
                      markup=False)  # fmt: skip
        try:
            return _run_nodes(console, workspace, config, data, epochs, training, limits, began)
        except NodeFailedError as error:
            raise RunError(f"{error}\nLog: {log}") from error
        except (RunError, DataError):
            raise
        except KeyboardInterrupt as error:
            raise RunError("interrupted; the next run goes on from here") from error
        except Exception as error:
            logging.exception("the run failed outside of its nodes")
            raise RunError(f"{sentence(error)}\nLog: {log}") from error


def _run_nodes(console, workspace, config, data, epochs, training, limits, began) -> bool:
    workspace.settle()
    with console.status("loading TensorFlow and TFX"):
        from tfx_updaters.components import Gate
        from tfx_updaters.pipelines import card, local, outcome
        from tfx_updaters.pipelines.live import LiveView
        from tfx_updaters.pipelines.training import Training, create_pipeline
    console.print(f"  {'TensorFlow and TFX':<32} loaded  {time.monotonic() - began:6.1f} s")
    if data == "digits":
        folder = named.write_digits(workspace.root / "data" / "digits")
    else:
        folder = Path(data).absolute()
    found = records.inspect(folder)
    steps = epochs * math.ceil(found.counts["train"] / training["batch_size"])
    name = _pipeline_name(data)
    chosen = Training(updater=config, steps=steps, gate=Gate(**limits), **training)
    pipeline = create_pipeline(name, workspace.root, found, chosen)
    local.run(pipeline, LiveView(console))
    result = outcome.read(workspace.metadata, name)
    card.show(console, config, result, folder, time.monotonic() - began)
    return result.decision.blessed and result.pushed is not None


def _pipeline_name(data: str) -> str:
    """`digits`, or the folder's name with a few digits of its path's hash: its own baseline."""
    if data == "digits":
        return data
    path = Path(data).absolute()
    readable = re.sub(r"[^a-z0-9]+", "-", path.name.lower()).strip("-") or "data"
    return f"{readable}-{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
