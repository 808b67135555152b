"""Data and roots that cannot be used: refused before any node starts, exit status 1."""

import fcntl
import gzip
import resource
import shutil
import sqlite3

import pytest

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples.records import inspect
from tfx_updaters.pipelines.workspace import hold


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


def test_a_truncated_record(command, digits):
    folder = shutil.copytree(digits, command.folder / "data")
    path = folder / "train.tfrecord.gz"
    path.write_bytes(path.read_bytes()[:20_000])
    refused(command("run", "--data", folder), f"{path.name} is truncated or corrupt", "record")


def test_a_truncated_record_without_compression(digits, tmp_path):
    folder = shutil.copytree(digits, tmp_path / "data")
    content = gzip.decompress((folder / "train.tfrecord.gz").read_bytes())
    (folder / "train.tfrecord.gz").unlink()
    (folder / "train.tfrecord").write_bytes(content[:100_000])
    with pytest.raises(DataError, match=r"train.tfrecord is truncated or corrupt after record \d"):
        inspect(folder)


def test_a_name_that_says_another_compression(command, digits):
    """TFX's ExampleGen goes by the name, and would fail."""
    folder = shutil.copytree(digits, command.folder / "data")
    path = (folder / "train.tfrecord.gz").rename(folder / "train.tfrecord")
    refused(command("run", "--data", folder), "compressed with gzip; name it train.tfrecord.gz")
    path.rename(folder / "train.tfrecord.gz").write_bytes(b"plain")
    refused(command("run", "--data", folder), "not compressed with gzip; name it without .gz")


def test_records_that_are_no_examples(digits, tmp_path):
    import tensorflow as tf

    folder = shutil.copytree(digits, tmp_path / "data")
    (folder / "eval.tfrecord.gz").unlink()
    with tf.io.TFRecordWriter(str(folder / "eval.tfrecord")) as writer:
        writer.write(b"\xff\xff")
    with pytest.raises(DataError, match=r"eval.tfrecord, record 0: not a tf.train.Example"):
        inspect(folder)


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


def test_fresh_starts_over_without_a_damaged_store_and_its_journal(tmp_path):
    (tmp_path / "metadata.sqlite").write_bytes(b"no database" * 1000)
    (tmp_path / "metadata.sqlite-journal").write_bytes(b"of a run that was killed")
    (tmp_path / "mine.txt").write_text("mine")
    with hold(tmp_path, fresh=True):
        assert {path.name for path in tmp_path.iterdir()} == {".lock", "mine.txt"}


def test_fresh_takes_no_store_that_another_program_holds(command):
    (command.folder / "runs").mkdir()
    store = sqlite3.connect(command.folder / "runs" / "metadata.sqlite", isolation_level=None)
    store.execute("CREATE TABLE t (x)")
    store.execute("BEGIN EXCLUSIVE")
    refused(command("run", "--fresh"), "metadata.sqlite is held by another process")
    store.close()


def test_a_model_that_cannot_be_loaded_is_said_in_a_line(command, digits):
    (command.folder / "model").mkdir()
    (command.folder / "model" / "saved_model.pb").write_bytes(b"no model")
    result = command("predict", "model", "--data", digits)
    assert result.returncode == 1, result
    assert result.stderr.startswith("Error: model cannot predict on ")
    assert len(result.stderr.splitlines()) == 1 and result.stdout == ""
