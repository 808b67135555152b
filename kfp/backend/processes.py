"""Commands in processes of their own: started cold, or forked from one that has TFX loaded."""

import multiprocessing
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

from tfx_updaters.kfp.backend.command import Command
from tfx_updaters.kfp.errors import TaskError

PRELOADED = (
    "tensorflow_model_analysis",
    "tensorflow_transform.beam",
    "tfx.components",
    "tfx_updaters.kfp.artifacts",
    "tfx_updaters.kfp.transient",
)


class Processes:
    """Runs commands, one after the other."""

    def __init__(self, warm: bool):
        """Nothing is started before the first command.

        Args:
            warm: whether a command `python -m MODULE` is forked from a process that has
                TensorFlow, TFX and TFMA imported, in place of importing them itself. What these
                read from the environment when they are imported is then this process's.
        """
        self._context: Any = multiprocessing.get_context("forkserver") if warm else None
        if warm:
            self._context.set_forkserver_preload(list(PRELOADED))

    def run(self, command: Command, log: Path) -> int:
        """Runs a command to its end, its output in `log`; the exit status.

        A negative status is the signal that ended it.

        Raises:
            TaskError: there is no such program.
        """
        environment = {
            **os.environ,
            # The document's `python` is this one, as an image's is its own.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            **command.environment,
        }
        if self._context is not None and list(command.words[:2]) == ["python", "-m"]:
            return self._run_warm(command.words[2:], environment, command.work, log)
        return self._run_cold(command.words, environment, command.work, log)

    def _run_cold(self, command, environment, folder: Path, log: Path) -> int:
        try:
            with log.open("wb") as file:
                return subprocess.run(
                    command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=file,
                    stderr=subprocess.STDOUT, check=False,
                ).returncode  # fmt: skip
        except OSError as error:
            raise TaskError(f"{command[0]} cannot be started: {error}") from error

    def _run_warm(self, words, environment, folder: Path, log: Path) -> int:
        process = self._context.Process(
            target=_module, args=(list(words), dict(environment), str(folder), str(log))
        )
        process.start()
        try:
            process.join()
        except BaseException:
            process.terminate()
            process.join()
            raise
        return process.exitcode


def _module(words: list[str], environment: dict[str, str], folder: str, log: str) -> None:
    """In the forked process: becomes `python -m words...`."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = words
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)
