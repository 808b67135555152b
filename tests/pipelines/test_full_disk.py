"""A full disk: a small file system of its own, mounted for the command alone."""

import errno
import os
import re
import shutil
from pathlib import Path

import pytest

ROOM = 96  # MiB: enough for the check before a run, and for the run
MOUNT_AND_RUN = 'mount -t tmpfs -o "size=$1" tmpfs "$2" && shift 2 && exec "$@"'


@pytest.fixture
def on_small_disk(command):
    """Starts the command with `disk` being a file system of so many bytes.

    Without the right to mount, in a mount namespace of its own, this fails and is not skipped.
    """
    disk = command.folder / "disk"
    disk.mkdir()
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-r", "--mount"]

    def start(size: int, *arguments: object):
        inside = ["sh", "-c", MOUNT_AND_RUN, "sh", size, disk, command.program, *arguments]
        return command.starting([*unshare, *inside])

    assert shutil.which("unshare"), "unshare (util-linux) is needed to test a full disk"
    return start


def as_seen_by(process, path: Path) -> Path:
    """The path in the process's own mount namespace."""
    return Path(f"/proc/{process.pid}/root{path}")


def fill(folder: Path) -> None:
    """Writes until nothing more fits."""
    with (folder / "filler").open("wb", buffering=0) as filler:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while filler.write(bytes(size)):
                    pass
            except OSError as error:
                assert error.errno == errno.ENOSPC


@pytest.mark.parametrize("size", [32 << 20, 4096])
def test_a_disk_without_room_is_refused_before_any_node(on_small_disk, command, size):
    process = on_small_disk(size, "run", "--root", "disk/runs")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 1, (out, err)
    assert re.search(r"^Error: root .*disk/runs has no room for a run: No space left", err), err
    assert "64 MiB are needed" in err and len(err.splitlines()) == 1
    assert out == ""


@pytest.mark.parametrize("node", ["StatisticsGen", "Trainer"])
def test_a_disk_that_fills_up_fails_the_node_and_is_named(on_small_disk, command, node):
    process = on_small_disk(ROOM << 20, "run", "--root", "disk/runs", "--epochs", "2")
    lines = []
    for line in process.stdout:
        lines.append(line)
        if re.search(rf"^  {node} +started", line):
            fill(as_seen_by(process, command.folder / "disk"))
    err = process.stderr.read()
    assert process.wait(timeout=120) == 1, (lines, err)
    assert err.startswith(f"Error: {node} failed: no space left on the disk"), err
    assert re.search(r"^Log: .*/disk/runs/logs/run-.*\.log$", err, re.MULTILINE), err
    assert "Traceback" not in "".join(lines) + err
    assert "Pusher" not in "".join(lines)
