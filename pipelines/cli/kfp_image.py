"""`tfx-updaters kfp image`: images for the nodes of a pipeline."""

import sys
from pathlib import Path
from typing import NoReturn

import click

from tfx_updaters.kfp.engine import ENGINES
from tfx_updaters.kfp.errors import ConfigError, ImageError
from tfx_updaters.kfp.image import build

_PATH = click.Path(exists=True, path_type=Path)
engine_option = click.option(
    "--engine",
    type=click.Choice(ENGINES),
    help="For images; without it the first of these that works here.",
)


@click.command()
@click.argument("tag")
@click.option(
    "--target",
    type=click.Choice(build.TARGETS),
    default="cpu",
    show_default=True,
    help="gpu has CUDA's libraries besides.",
)
@click.option(
    "--code",
    multiple=True,
    type=_PATH,
    metavar="PATH",
    help="A file or a package that nodes import, or a folder of them; may be repeated.",
)
@click.option(
    "--requirements", type=_PATH, metavar="FILE", help="What that code needs, in a file for pip."
)
@click.option(
    "--base",
    default=build.BASE,
    show_default=True,
    metavar="IMAGE",
    help="An image of Debian 13.",
)
@engine_option
def image(
    tag: str, target: str, code: tuple[Path, ...], requirements: Path | None, base: str,
    engine: str | None,
) -> None:  # fmt: skip
    """Build the image TAG for the nodes of a pipeline, with your own code in it.

    Exit status: 0 built; 1 not built; 2 wrong usage.
    """
    try:
        build.build(
            tag, target=target, code=code, requirements=requirements, base=base, engine=engine
        )
    except ConfigError as error:
        raise click.UsageError(str(error)) from error
    except ImageError as error:
        fail(error)


def fail(error: Exception) -> NoReturn:
    """Ends the command with what went wrong."""
    click.echo(f"Error: {error}", err=True)
    sys.exit(1)
