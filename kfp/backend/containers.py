"""Commands in containers of the images that the document names."""

import os
from collections.abc import Iterable
from pathlib import Path

from tfx_updaters.kfp.backend.command import Command
from tfx_updaters.kfp.engine import Engine
from tfx_updaters.kfp.errors import TaskError


class Containers:
    """A new container for each command."""

    def __init__(self, engine: Engine):
        """Nothing is started before the first command.

        Args:
            engine: starts the containers.
        """
        self._engine = engine

    def run(self, command: Command, log: Path) -> int:
        """Runs a command in its image to its end, its output in `log`; the exit status.

        A claim is the folder of this machine at the path where the document mounts it. `/tmp` is
        an empty folder of the node's, as where a root filesystem is read-only.

        Raises:
            TaskError: a claim's folder is not on this machine.
        """
        for claim in command.claims:
            if not claim.is_dir():
                raise TaskError(
                    f"a claim is mounted at {claim}; a run in images takes the folder at that "
                    "path on this machine, and there is none"
                )
        own = (command.folder, command.store)
        if not os.getuid():
            _open(own)
        volumes = {str(command.work): "/tmp"}
        volumes |= {str(path): str(path) for path in (*own, *command.claims)}
        return self._engine.run(command.image, command.words, command.environment, volumes, log)


def _open(folders: Iterable[Path]) -> None:
    """Lets the image's user read and write, as a pod's own folders let everyone."""
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
