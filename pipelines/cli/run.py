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
from tfx_updaters.pipelines.cli import options
from tfx_updaters.pipelines.cli.options import Chosen
from tfx_updaters.pipelines.errors import NodeFailedError, RunError, sentence
from tfx_updaters.pipelines.workspace import Workspace, hold

FAILED, NOT_BLESSED = 1, 3


@click.command()
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
@options.training
@click.option("--fresh", is_flag=True, help="Start over: forget earlier runs in this root.")
@click.option("-v", "--verbose", is_flag=True, help="Show the log of TensorFlow, Beam and TFX.")
def run(data, root, fresh, verbose, **given):
    """Train, judge and push a CNN in a TFX pipeline on this machine.

    Exit status: 0 pushed; 3 trained and judged but not blessed; 2 wrong usage;
    1 anything that failed.
    """
    began = time.monotonic()
    chosen = Chosen.of(**given)
    try:
        if data != "digits":
            records.find(Path(data))
        with hold(root, fresh=fresh) as workspace:
            pushed = _run(workspace, chosen, data, verbose, began)
    except (RunError, DataError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(FAILED)
    except OSError as error:
        click.echo(f"Error: root {root.absolute()} cannot be used: {error}", err=True)
        sys.exit(FAILED)
    sys.exit(0 if pushed else NOT_BLESSED)


def _run(workspace: Workspace, chosen: Chosen, data: str, verbose: bool, began: float) -> bool:
    """Runs the pipeline and prints its card; says whether the model was pushed."""
    from tfx_updaters.pipelines.output import captured

    log = workspace.log()
    with captured(log, verbose=verbose) as console:
        console.print(f"tfx-updaters run, updater {chosen.updater.name}, log {log}", soft_wrap=True,
                      markup=False)  # fmt: skip
        try:
            return _run_nodes(console, workspace, chosen, data, began, log)
        except NodeFailedError as error:
            raise RunError(f"{error}\nLog: {log}") from error
        except (RunError, DataError):
            raise
        except KeyboardInterrupt as error:
            raise RunError("interrupted; the next run goes on from here") from error
        except Exception as error:
            logging.exception("the run failed outside of its nodes")
            raise RunError(f"{sentence(error)}\nLog: {log}") from error


def _run_nodes(
    console, workspace: Workspace, chosen: Chosen, data: str, began: float, log: Path
) -> bool:
    workspace.settle()
    with console.status("loading TensorFlow and TFX"):
        from tfx_updaters.pipelines import card, local, outcome, run_page
        from tfx_updaters.pipelines.live import LiveView
        from tfx_updaters.pipelines.training import create_pipeline
    console.print(f"  {'TensorFlow and TFX':<32} loaded  {time.monotonic() - began:6.1f} s")
    if data == "digits":
        folder = named.write_digits(workspace.root / "data" / "digits")
    else:
        folder = Path(data).absolute()
    found = records.inspect(folder)
    steps = chosen.epochs * math.ceil(found.counts["train"] / chosen.batch_size)
    name = _pipeline_name(data)
    training = chosen.training(steps=steps)
    pipeline = create_pipeline(name, workspace.root, found, training)
    local.run(pipeline, LiveView(console))
    result = outcome.read(workspace.metadata, name)
    page = workspace.report(log)
    page.write_text(run_page.page(result, training, found, sys.argv[1:]), encoding="utf-8")
    card.show(console, chosen.updater, result, page, folder, time.monotonic() - began)
    return result.decision.blessed and result.pushed is not None


def _pipeline_name(data: str) -> str:
    """`digits`, or the folder's name with a few digits of its path's hash: its own baseline."""
    if data == "digits":
        return data
    path = Path(data).absolute()
    readable = re.sub(r"[^a-z0-9]+", "-", path.name.lower()).strip("-") or "data"
    return f"{readable}-{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
