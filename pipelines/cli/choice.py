"""`--updater` and `--set`: from words on the command line to a checked updater."""

from collections.abc import Iterable
from pathlib import Path

import click

from tfx_updaters.optimizers import (
    UpdaterConfig,
    UpdaterError,
    from_json,
    get,
    parse_value,
)


def choose(updater: str, settings: Iterable[str]) -> UpdaterConfig:
    """The updater of that name, or of that JSON file, with `NAME=VALUE` settings.

    Raises:
        click.UsageError: a name, a hyper-parameter or a file that cannot be taken.
    """
    try:
        if updater.endswith(".json"):
            return _from_file(Path(updater), list(settings))
        return get(updater, **_values(settings))
    except UpdaterError as error:
        raise click.UsageError(str(error)) from error


def _values(settings: Iterable[str]) -> dict:
    values = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--set {setting!r}: NAME=VALUE is needed")
        if name in values:
            raise click.UsageError(f"--set {name} is given twice")
        values[name] = parse_value(text)
    return values


def _from_file(path: Path, settings: list[str]) -> UpdaterConfig:
    try:
        config = from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise click.UsageError(f"updater file {path} cannot be read: {reason}") from error
    except UpdaterError as error:
        raise click.UsageError(f"updater file {path}: {error}") from error
    if not settings:
        return config
    document = config.to_json()
    if "updater" not in document:
        raise click.UsageError(f"--set goes with a named updater; {path} spells a chain out")
    values = {key: value for key, value in document.items() if key != "updater"}
    return get(document["updater"], **(values | _values(settings)))
