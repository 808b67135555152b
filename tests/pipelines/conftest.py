"""The command as a user types it, and data to run it on."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest


class Command:
    """Runs `tfx-updaters` in a process of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.program = shutil.which("tfx-updaters", path=str(Path(sys.executable).parent))
        assert self.program, "tfx-updaters is not installed beside this Python"

    def start(self, *arguments: object, **options) -> subprocess.Popen:
        """Starts the command; its output is text on pipes."""
        return self.starting([self.program, *arguments], **options)

    def starting(self, words: Sequence[object], **options) -> subprocess.Popen:
        """Starts any program in the command's folder, in the same way."""
        environment = {**options.pop("env", os.environ), "PYTHONUNBUFFERED": "1"}
        return subprocess.Popen(
            [str(word) for word in words], cwd=self.folder, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
        )  # fmt: skip

    def __call__(self, *arguments: object, **options) -> subprocess.CompletedProcess:
        """Runs the command to its end, at most ten minutes."""
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=600)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """The command, started in an empty folder."""
    return Command(tmp_path)


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits as TFRecords."""
    from tfx_updaters.components.examples.named import write_digits

    return write_digits(tmp_path_factory.mktemp("data") / "digits")
