"""A container's command, filled in, with all that it needs to be started."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Command:
    """What is to be run for a node.

    Attributes:
        words: command and arguments.
        environment: variables besides those of the machine, or of the image.
        image: that the document names.
        folder: the node's own; `work` in it is empty.
        store: the object store's.
        claims: folders where the document mounts claims.
    """

    words: Sequence[str]
    environment: Mapping[str, str]
    image: str
    folder: Path
    store: Path
    claims: Sequence[Path] = ()

    @property
    def work(self) -> Path:
        """An empty folder."""
        return self.folder / "work"


class Runner(Protocol):
    """Runs commands, one after the other."""

    def run(self, command: Command, log: Path) -> int:
        """Runs a command to its end, its output in `log`; the exit status.

        Raises:
            TaskError: it cannot be started.
        """
        ...
