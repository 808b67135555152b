"""A table of a page."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Rows of texts.

    Attributes:
        caption: what it shows.
        head: a title for each column.
        rows: the first text of each says what the row is about.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
