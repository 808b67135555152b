"""`tfx-updaters run`: the whole pipeline on this machine, from data to a pushed model."""

import logging
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples import records
from tfx_updaters.pipelines import beam
from tfx_updaters.pipelines.cli import data_options, options
from tfx_updaters.pipelines.cli.options import Chosen
from tfx_updaters.pipelines.data import Source, describe
from tfx_updaters.pipelines.errors import BeamOptionError, NodeFailedError, RunError, sentence
from tfx_updaters.pipelines.workspace import Workspace, hold

FAILED, NOT_BLESSED = 1, 3


@click.command()
@data_options.data
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    default="runs",
    show_default=True,
    help="The folder for everything that a run writes.",
)
@options.training
@click.option(
    "--beam-runner",
    type=click.Choice(list(beam.RUNNERS)),
    default="in_memory",
    show_default=True,
    help="Where the Beam nodes run (all but the Trainer and the Pusher).",
)
@click.option(
    "--beam-option",
    "beam_options",
    multiple=True,
    metavar="NAME=VALUE",
    help="An option of Beam's or of its runner, as job_endpoint=localhost:8099; may be repeated.",
)
@click.option("--fresh", is_flag=True, help="Start over: forget earlier runs in this root.")
@click.option("-v", "--verbose", is_flag=True, help="Show the log of TensorFlow, Beam and TFX.")
def run(data, root, beam_runner, beam_options, fresh, verbose, **given):
    """Train, judge and push a CNN in a TFX pipeline on this machine.

    Exit status: 0 pushed; 3 trained and judged but not blessed; 2 wrong usage;
    1 anything that failed.
    """
    began = time.monotonic()
    chosen = Chosen.of(**given)
    try:
        data.kind()
        where = beam.arguments(beam_runner, beam_options)
        with hold(root, fresh=fresh) as workspace:
            pushed = _run(workspace, chosen, data, where, verbose, began)
    except BeamOptionError as error:
        raise click.UsageError(str(error)) from error
    except (RunError, DataError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(FAILED)
    except OSError as error:
        click.echo(f"Error: root {root.absolute()} cannot be used: {error}", err=True)
        sys.exit(FAILED)
    sys.exit(0 if pushed else NOT_BLESSED)


def _run(
    workspace: Workspace, chosen: Chosen, data: Source, where: Sequence[str], verbose: bool,
    began: float,
) -> bool:  # fmt: skip
    """Runs the pipeline and prints its card; says whether the model was pushed."""
    from tfx_updaters.pipelines.output import captured

    log = workspace.log()
    with captured(log, verbose=verbose) as console:
        console.print(f"tfx-updaters run, updater {chosen.updater.name}, log {log}", soft_wrap=True,
                      markup=False)  # fmt: skip
        try:
            return _run_nodes(console, workspace, chosen, data, where, began, log)
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
    console, workspace: Workspace, chosen: Chosen, data: Source, where: Sequence[str],
    began: float, log: Path,
) -> bool:  # fmt: skip
    workspace.settle()
    with console.status("loading TensorFlow and TFX"):
        from tfx_updaters.pipelines import card, local, outcome, run_page
        from tfx_updaters.pipelines.live import LiveView
        from tfx_updaters.pipelines.training import create_pipeline
    console.print(f"  {'TensorFlow and TFX':<32} loaded  {time.monotonic() - began:6.1f} s")
    with console.status("reading the data"):
        data = data.here(workspace.root)
        found = records.inspect(data.prepare(workspace.root))
    console.print(f"  {describe(data, found)}", soft_wrap=True, markup=False)
    steps = chosen.epochs * math.ceil(found.counts["train"] / chosen.batch_size)
    training = chosen.training(steps=steps)
    pipeline = create_pipeline(data.name, workspace.root, found, training, where)
    local.run(pipeline, LiveView(console))
    result = outcome.read(workspace.metadata, data.name)
    page = workspace.report(log)
    page.write_text(run_page.page(result, training, found, sys.argv[1:]), encoding="utf-8")
    card.show(console, chosen.updater, result, page, found.folder, time.monotonic() - began)
    return result.decision.blessed and result.pushed is not None
