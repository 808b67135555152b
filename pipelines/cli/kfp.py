"""`tfx-updaters kfp`: compiled documents for Kubeflow Pipelines."""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import click

from tfx_updaters.kfp.engine import ENGINES
from tfx_updaters.kfp.errors import (
    ConfigError,
    DocumentError,
    ImageError,
    RunFailedError,
    TaskError,
)
from tfx_updaters.kfp.image import build

_PATH = click.Path(exists=True, path_type=Path)
_engine = click.option(
    "--engine",
    type=click.Choice(ENGINES),
    help="For images; without it the first of these that works here.",
)


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
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the run; may be repeated.",
)
@click.option("--cold", is_flag=True, help="Let every node import TensorFlow and TFX itself.")
@click.option("--in-images", is_flag=True, help="Run every node in its image, as a cluster would.")
@_engine
@click.option("--no-cache", is_flag=True, help="Take nothing from earlier runs in this root.")
def run(
    document: Path,
    root: Path,
    settings: tuple[str, ...],
    cold: bool,
    in_images: bool,
    engine: str | None,
    no_cache: bool,
) -> None:
    """Run a compiled DOCUMENT (.yaml) on this machine as the backend would, without a cluster.

    Exit status: 0 all tasks succeeded; 1 one failed; 2 wrong usage, or no such document.
    """
    if engine and not in_images:
        raise click.UsageError("--engine goes with --in-images")
    from tfx_updaters.kfp import local
    from tfx_updaters.kfp.backend.document import load

    try:
        definitions = load(document).root.get("inputDefinitions", {}).get("parameters", {})
        parameters = _parameters(settings, definitions)
        local.run(
            document, root, parameters, warm=not cold, in_images=in_images, engine=engine,
            cache=not no_cache, watch=_show,
        )  # fmt: skip
    except (DocumentError, TaskError) as error:
        raise click.UsageError(str(error)) from error
    except (ImageError, RunFailedError) as error:
        _fail(error)


@kfp.command()
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
@_engine
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
        _fail(error)


def _fail(error: Exception) -> NoReturn:
    click.echo(f"Error: {error}", err=True)
    sys.exit(1)


def _show(task: Any) -> None:
    click.echo(f"  {task.name:<32} {task.state.lower():<9} {task.seconds:6.1f} s")


def _parameters(settings: Iterable[str], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """`NAME=VALUE` as values: JSON where the document wants no text."""
    values = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--set {setting!r}: NAME=VALUE is needed")
        is_text = definitions.get(name, {}).get("parameterType", "STRING") == "STRING"
        try:
            values[name] = text if is_text else json.loads(text)
        except ValueError as error:
            raise click.UsageError(f"--set {name}: received '{text}', no JSON value") from error
    return values
