"""`--set NAME=VALUE` for a compiled document: values of a run's parameters."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import click

option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the run; may be repeated.",
)


def parse(settings: Iterable[str], root: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as values: JSON where the document's root wants no text.

    Raises:
        click.UsageError: a setting without a value, given twice, or that is no JSON.
    """
    definitions = root.get("inputDefinitions", {}).get("parameters", {})
    values = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--set {setting!r}: NAME=VALUE is needed")
        if name in values:
            raise click.UsageError(f"--set {name} is given twice")
        is_text = definitions.get(name, {}).get("parameterType", "STRING") == "STRING"
        try:
            values[name] = text if is_text else json.loads(text)
        except ValueError as error:
            raise click.UsageError(f"--set {name}: received '{text}', no JSON value") from error
    return values
