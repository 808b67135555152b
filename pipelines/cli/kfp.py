"""`tfx-updaters kfp`: any TFX pipeline on Kubeflow Pipelines, or here as it would run there."""

import sys
from pathlib import Path

import click

from tfx_updaters.kfp.errors import DocumentError, RunFailedError, TaskError
from tfx_updaters.pipelines.cli import parameters
from tfx_updaters.pipelines.cli.kfp_compile import compile
from tfx_updaters.pipelines.cli.kfp_submit import submit


@click.group()
def kfp() -> None:
    """Pipelines for open-source Kubeflow Pipelines."""


@kfp.command()
@click.argument("document", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    default="runs/kfp",
    show_default=True,
    help="The folder for everything that a run writes.",
)
@parameters.option
@click.option("--cold", is_flag=True, help="Let every node import TensorFlow and TFX itself.")
@click.option("--no-cache", is_flag=True, help="Take nothing from earlier runs in this root.")
def run(document: Path, root: Path, settings: tuple[str, ...], cold: bool, no_cache: bool) -> None:
    """Run a compiled DOCUMENT (.yaml) on this machine as the backend would, without a cluster.

    Exit status: 0 all tasks succeeded; 1 one failed; 2 wrong usage, or no such document.
    """
    from tfx_updaters.kfp import local
    from tfx_updaters.kfp.backend.document import load
    from tfx_updaters.pipelines.live import Lines
    from tfx_updaters.pipelines.output import console_on

    try:
        given = parameters.parse(settings, load(document).root)
        watch = Lines(console_on(sys.stdout)).task
        local.run(document, root, given, warm=not cold, cache=not no_cache, watch=watch)
    except (DocumentError, TaskError) as error:
        raise click.UsageError(str(error)) from error
    except RunFailedError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


for command in (compile, submit):
    kfp.add_command(command)
