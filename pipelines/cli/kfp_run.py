"""`tfx-updaters kfp run`: a compiled document on this machine, as on a cluster."""

import sys
from pathlib import Path

import click

from tfx_updaters.kfp.errors import DocumentError, ImageError, RunFailedError, TaskError
from tfx_updaters.pipelines.cli import parameters
from tfx_updaters.pipelines.cli.kfp_image import engine_option, fail


@click.command()
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
@click.option("--in-images", is_flag=True, help="Run every node in its image, as a cluster would.")
@engine_option
@click.option("--no-cache", is_flag=True, help="Take nothing from earlier runs in this root.")
def run(
    document: Path, root: Path, settings: tuple[str, ...], cold: bool, in_images: bool,
    engine: str | None, no_cache: bool,
) -> None:  # fmt: skip
    """Run a compiled DOCUMENT (.yaml) on this machine as the backend would, without a cluster.

    Exit status: 0 all tasks succeeded; 1 one failed; 2 wrong usage, or no such document.
    """
    if engine and not in_images:
        raise click.UsageError("--engine goes with --in-images")
    from tfx_updaters.kfp import local
    from tfx_updaters.kfp.backend.document import load
    from tfx_updaters.pipelines.live import Lines
    from tfx_updaters.pipelines.output import console_on

    try:
        given = parameters.parse(settings, load(document).root)
        local.run(
            document, root, given, warm=not cold, in_images=in_images, engine=engine,
            cache=not no_cache, watch=Lines(console_on(sys.stdout)).task,
        )  # fmt: skip
    except (DocumentError, TaskError) as error:
        raise click.UsageError(str(error)) from error
    except (ImageError, RunFailedError) as error:
        fail(error)
