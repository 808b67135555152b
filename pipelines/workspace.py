"""The one folder of a run: metadata, artifacts, data, pushed models and logs, held by one run."""

import contextlib
import fcntl
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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

    def start_over(self) -> None:
        """Removes what earlier runs left: metadata, artifacts and pushed models, nothing else."""
        self.metadata.unlink(missing_ok=True)
        for name in ("artifacts", "pushed"):
            shutil.rmtree(self.root / name, ignore_errors=True)


@contextlib.contextmanager
def hold(root: Path) -> Iterator[Workspace]:
    """Makes the root usable and keeps every other run out until the end of the `with` block.

    Raises:
        WorkspaceError: it is not writable, has under 64 MiB of free space, another process
            holds it or its metadata store, or the metadata store is damaged.
    """
    root = root.absolute()
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / ".lock").open("a+")
    except OSError as error:
        raise WorkspaceError(f"root {root} is not writable: {error.strerror}") from error
    with lock:
        _lock(lock, root)
        _check_space(root)
        workspace = Workspace(root)
        _check_metadata(workspace.metadata)
        yield workspace


def _lock(lock, root: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        raise WorkspaceError(
            f"root {root} is held by another run (process {lock.read().strip() or 'unknown'}); "
            "wait for it, or give this one another --root"
        ) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()


def _check_space(root: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=root) as probe:
            os.posix_fallocate(probe.fileno(), 0, NEEDED_BYTES)
    except OSError as error:
        raise WorkspaceError(
            f"root {root} has no room for a run: {error.strerror} "
            f"({NEEDED_BYTES // 2**20} MiB are needed)"
        ) from error


def _check_metadata(path: Path) -> None:
    if not path.exists():
        return
    connection = sqlite3.connect(path, timeout=0.2)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()
    except sqlite3.OperationalError as error:
        raise WorkspaceError(
            f"metadata store {path} is held by another process ({error}); "
            "wait for it, or give this run another --root"
        ) from error
    except sqlite3.DatabaseError as error:
        raise WorkspaceError(
            f"metadata store {path} is damaged ({error}); --fresh starts over, without it"
        ) from error
    finally:
        connection.close()
