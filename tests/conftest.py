"""Whatever a run of the tests and its processes leave behind lies in one folder.

TFX, Beam and TensorFlow's AutoGraph leave gigabytes of temporary files. The folder goes when all
tests have passed, and stays for a look when one has failed.
"""

import os
import shutil
import tempfile
from multiprocessing import util

import pytest

FOLDER, STATUS = pytest.StashKey[str](), pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return  # A process of pytest-xdist has the environment of the one that started it.
    config.stash[FOLDER] = os.environ["TMPDIR"] = tempfile.mkdtemp(prefix="tfx-updaters-tests-")
    tempfile.tempdir = None


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[STATUS] = exitstatus


def pytest_unconfigure(config: pytest.Config) -> None:
    folder = config.stash.get(FOLDER, None)
    if folder is None:
        return
    if config.stash.get(STATUS, None) == pytest.ExitCode.OK:
        # After multiprocessing's own, -100, which is in the folder and would be missed.
        util.Finalize(None, shutil.rmtree, args=(folder, True), exitpriority=-101)
    else:
        print(f"\nTemporary files are in {folder}")
