"""`tfx-updaters updaters`: the catalogue, with hyper-parameters, defaults and sources."""

import textwrap

import click

from tfx_updaters.optimizers import entry, names


@click.command()
def updaters() -> None:
    """List the updaters with their hyper-parameters, defaults and sources."""
    for name in names():
        updater = entry(name)
        click.secho(name, bold=True)
        click.echo(_wrapped(updater.summary))
        for hyper in updater.hyperparameters:
            click.echo(_wrapped(f"--set {hyper.name}={hyper.default}  {hyper.help}", hanging=4))
        click.echo(_wrapped(f"When: {updater.when}"))
        click.echo(_wrapped(f"Source: {updater.source}"))
        click.echo()


def _wrapped(text: str, hanging: int = 0) -> str:
    return textwrap.fill(
        text, 78, initial_indent="  ", subsequent_indent="  " + " " * hanging,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
