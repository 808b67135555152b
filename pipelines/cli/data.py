"""`tfx-updaters data`: what a folder or a name holds, without training."""

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tfx_updaters.components.errors import DataError
from tfx_updaters.pipelines.cli import data_options
from tfx_updaters.pipelines.data import IMAGES, SERIES, Source

if TYPE_CHECKING:
    from tfx_updaters.pipelines.found import Found

FAILED = 1


@click.command()
@click.argument("text", metavar="NAME|PATH|URL")
@data_options.reading
@click.option(
    "--page",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.html",
    help="Write a contact sheet: a few pictures of each class, of series a few windows.",
)
def data(data: Source, page: Path | None) -> None:
    """Show what NAME, PATH or URL holds: classes, splits, sizes, near-copies, what is skipped.

    Exit status: 0 `run` and `compare` take it; 1 they do not, the last line says why;
    2 wrong usage.
    """
    from tfx_updaters.pipelines.output import silenced

    try:
        with silenced(), tempfile.TemporaryDirectory() as folder:
            data = data.here(Path(folder))
            found = _look(data, Path(folder))
            _show(data, found)
            if page:
                _write(page, data, found)
    except (DataError, OSError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(FAILED)
    if found.fault:
        click.echo(f"Error: {found.fault}", err=True)
        sys.exit(FAILED)


def _look(data: Source, scratch: Path) -> "Found":
    kind = data.kind()
    if kind == SERIES:
        from tfx_updaters.pipelines.found_series import in_series

        return in_series(*data.series(), data.images.max_skipped)
    from tfx_updaters.pipelines import found

    if kind == IMAGES:
        return found.in_images(data.folder, data.images)
    return found.in_records(data.prepare(scratch))


def _show(data: Source, found: "Found") -> None:
    from tfx_updaters.pipelines import data_card
    from tfx_updaters.pipelines.output import console_on

    data_card.show(console_on(sys.stdout), data, found)


def _write(page: Path, data: Source, found: "Found") -> None:
    from tfx_updaters.pipelines import data_page

    page.write_text(data_page.page(data.text, found), encoding="utf-8")
    click.echo(f"Contact sheet: {page}")
