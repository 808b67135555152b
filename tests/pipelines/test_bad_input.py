"""Data and roots that cannot be used: refused before any node starts, exit status 1."""

import fcntl
import resource
import shutil
import sqlite3

import pytest


def refused(result, *expected):
    assert result.returncode == 1, result
    for text in expected:
        assert text in result.stderr, result.stderr
    assert "Traceback" not in result.stderr
    assert "ImportExampleGen" not in result.stdout


def test_a_data_path_that_does_not_exist(command):
    refused(command("run", "--data", "nowhere"), "nowhere does not exist")
    assert not (command.folder / "runs").exists()


def test_a_data_folder_without_records(command):
    (command.folder / "empty").mkdir()
    refused(command("run", "--data", "empty"), "no train* and no eval*")


def test_an_empty_data_file(command, digits):
    folder = shutil.copytree(digits, command.folder / "data")
    (folder / "eval.tfrecord.gz").write_bytes(b"")
    refused(command("run", "--data", folder), "eval.tfrecord.gz is empty")


@pytest.mark.parametrize("compressed", [True, False])
def test_a_truncated_record(command, digits, compressed):
    import gzip

    folder = shutil.copytree(digits, command.folder / "data")
    path = folder / "train.tfrecord.gz"
    content = path.read_bytes() if compressed else gzip.decompress(path.read_bytes())
    path.unlink()
    (folder / "train.tfrecord").write_bytes(content[: len(content) // 2 - 5])
    refused(command("run", "--data", folder), "train.tfrecord is truncated or corrupt", "record")


def test_a_root_that_is_a_file(command):
    (command.folder / "runs").write_text("mine")
    refused(command("run"), "runs is not writable")
    assert (command.folder / "runs").read_text() == "mine"


def test_a_root_without_room(command):
    """A limit on the size of a file stands for a full disk: the same write fails."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    refused(command("run", preexec_fn=limit), "no room for a run", "64 MiB")


def test_a_root_that_another_run_holds(command):
    (command.folder / "runs").mkdir()
    with (command.folder / "runs" / ".lock").open("w") as lock:
        lock.write("4711")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused(command("run"), "held by another run (process 4711)")


def test_a_metadata_store_that_another_program_holds(command):
    (command.folder / "runs").mkdir()
    store = sqlite3.connect(command.folder / "runs" / "metadata.sqlite", isolation_level=None)
    store.execute("CREATE TABLE t (x)")
    store.execute("BEGIN EXCLUSIVE")
    refused(command("run"), "metadata.sqlite is held by another process")
    store.close()


def test_a_damaged_metadata_store(command):
    (command.folder / "runs").mkdir()
    (command.folder / "runs" / "metadata.sqlite").write_bytes(b"no database" * 1000)
    refused(command("run"), "damaged", "--fresh")
