"""`tfx-updaters kfp`: compiled documents for Kubeflow Pipelines."""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from tfx_updaters.kfp.errors import DocumentError, RunFailedError, TaskError


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
@click.option("--no-cache", is_flag=True, help="Take nothing from earlier runs in this root.")
def run(document: Path, root: Path, settings: tuple[str, ...], cold: bool, no_cache: bool) -> None:
    """Run a compiled DOCUMENT (.yaml) on this machine as the backend would, without a cluster.

    Exit status: 0 all tasks succeeded; 1 one failed; 2 wrong usage, or no such document.
    """
    from tfx_updaters.kfp import local
    from tfx_updaters.kfp.backend.document import load

    try:
        definitions = load(document).root.get("inputDefinitions", {}).get("parameters", {})
        parameters = _parameters(settings, definitions)
        local.run(document, root, parameters, warm=not cold, cache=not no_cache, watch=_show)
    except (DocumentError, TaskError) as error:
        raise click.UsageError(str(error)) from error
    except RunFailedError as error:
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
