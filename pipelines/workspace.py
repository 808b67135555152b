"""The one folder of a run: metadata, artifacts, data, pushed models and logs, held by one run."""

import contextlib
import errno
import fcntl
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from tfx_updaters.pipelines.errors import WorkspaceError

NEEDED_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Workspace:
    """Where a run puts what it writes; nothing is written elsewhere."""

    root: Path

    @property
    def metadata(self) -> Path:
        """ML Metadata's SQLite file."""
        return self.root / "metadata.sqlite"

    def log(self) -> Path:
        """A new log file, named by the time (UTC)."""
        folder = self.root / "logs"
        folder.mkdir(exist_ok=True)
        return folder / time.strftime("run-%Y%m%d-%H%M%S.log", time.gmtime())

    def report(self, log: Path) -> Path:
        """A new file for the page of the run that has this log."""
        folder = self.root / "reports"
        folder.mkdir(exist_ok=True)
        return folder / f"{log.stem}.html"

    def settle(self) -> None:
        """Keeps Keras' settings for other programs, and its files in the home folder, out.

        What is trained here is TensorFlow's, whatever backend or legacy Keras the user has chosen
        elsewhere.
        """
        os.environ |= {
            "KERAS_BACKEND": "tensorflow",
            "KERAS_HOME": str(self.root / "keras"),
            # Keras imports matplotlib where it is installed.
            "MPLCONFIGDIR": str(self.root / "matplotlib"),
        }
        os.environ.pop("TF_USE_LEGACY_KERAS", None)

    def start_over(self) -> None:
        """Removes what earlier runs left: metadata, artifacts and pushed models, nothing else."""
        # A killed run leaves a journal, which SQLite would play back into the next store.
        for path in self.root.glob(f"{self.metadata.name}*"):
            path.unlink()
        for name in ("artifacts", "pushed"):
            shutil.rmtree(self.root / name, ignore_errors=True)


@contextlib.contextmanager
def hold(root: Path, *, fresh: bool = False) -> Iterator[Workspace]:
    """Makes the root usable and keeps every other run out until the end of the `with` block.

    Args:
        root: The folder; made where it is missing.
        fresh: Whether to start over, without what earlier runs left.

    Raises:
        WorkspaceError: it is not writable, has under 64 MiB of free space, another process
            holds it or its metadata store, or the metadata store is damaged.
    """
    workspace = Workspace(root.absolute())
    with _opened(workspace.root) as lock:
        _lock(lock, workspace.root)
        _check_metadata(workspace.metadata, may_be_damaged=fresh)
        if fresh:
            workspace.start_over()
        _check_space(workspace.root)
        yield workspace


def _opened(root: Path) -> TextIO:
    """The lock file of the root, which is made where it is missing."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        return (root / ".lock").open("a+")
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _no_room(root, error) from error
        raise WorkspaceError(f"root {root} is not writable: {error.strerror}") from error


def _lock(lock: TextIO, root: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        raise WorkspaceError(
            f"root {root} is held by another run (process {lock.read().strip() or 'unknown'}); "
            "wait for it, or give this one another --root"
        ) from error
    # For the other run's message only: a disk without room for it has an error of its own.
    with contextlib.suppress(OSError):
        os.ftruncate(lock.fileno(), 0)
        os.write(lock.fileno(), str(os.getpid()).encode())


def _check_space(root: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=root) as probe:
            os.posix_fallocate(probe.fileno(), 0, NEEDED_BYTES)
    except OSError as error:
        raise _no_room(root, error) from error


def _no_room(root: Path, error: OSError) -> WorkspaceError:
    return WorkspaceError(
        f"root {root} has no room for a run: {error.strerror} "
        f"({NEEDED_BYTES // 2**20} MiB are needed)"
    )


def _check_metadata(path: Path, *, may_be_damaged: bool) -> None:
    if not path.exists():
        return
    connection = sqlite3.connect(path, timeout=0.2)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise WorkspaceError(
                f"metadata store {path} is held by another process ({error}); "
                "wait for it, or give this run another --root"
            ) from error
        if not may_be_damaged:
            raise WorkspaceError(
                f"metadata store {path} is damaged ({error}); --fresh starts over, without it"
            ) from error
    finally:
        connection.close()
