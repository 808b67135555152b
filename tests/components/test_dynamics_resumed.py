"""A training that is killed and goes on has the record of one that was not."""

import os
import signal
import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from dynamics_subjects import OPTIMIZERS, X, Y, fit, model, without_times

from tfx_updaters.components.trainer.dynamics import Dynamics
from tfx_updaters.components.trainer.dynamics_file import read_dynamics

STEPS, CHECKPOINTS = 18, 4


class Killed(BaseException):
    """Ends a fit at once, as a kill does: no callback is told."""


class Checkpoint(keras.callbacks.Callback):
    """Flushes, then saves, every few steps; dies after a step, with or without a last flush."""

    def __init__(self, dynamics, path, dies_after=None, die=None):
        super().__init__()
        self.dynamics, self.path, self.dies_after, self.die = dynamics, path, dies_after, die

    def on_train_batch_end(self, batch, logs=None):
        done = int(self.model.optimizer.iterations)
        if done % CHECKPOINTS == 0:
            self.dynamics.flush()
            tf.train.Checkpoint(model=self.model).write(str(self.path))
        if done == self.dies_after:
            self.die()


def batches(start):
    places = np.arange(start * 8, STEPS * 8) % len(X)
    data = tf.data.Dataset.from_tensor_slices((X[places], Y[places]))
    return data.batch(8, drop_remainder=True)


def train(folder, parts, every, path, dies_after=None, die=None):
    """Goes on from the checkpoint if there is one."""
    made = model(OPTIMIZERS["clip, decay, trace"](), metrics=[])
    made.optimizer.build(made.trainable_variables)
    if path.with_name("checkpoint.index").exists():
        tf.train.Checkpoint(model=made).read(str(path)).expect_partial()
    dynamics = Dynamics(folder, every, parts)
    data = batches(int(made.optimizer.iterations))
    made.fit(data, verbose=0, callbacks=[dynamics, Checkpoint(dynamics, path, dies_after, die)])
    return made


def kill_here():
    os.kill(os.getpid(), signal.SIGKILL)


def broken_off():
    raise Killed


@pytest.fixture(scope="module", params=[1, 3])
def undisturbed(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    train(folder, None, request.param, folder / "checkpoint")
    return request.param, without_times(read_dynamics(folder))


@pytest.mark.parametrize("dies_after", [2, 4, 8, 11, 17])
def test_the_record_is_that_of_an_undisturbed_training(undisturbed, dies_after, tmp_path):
    every, whole = undisturbed
    folder, parts, path = tmp_path / "out", tmp_path / "parts", tmp_path / "checkpoint"
    with pytest.raises(Killed):
        train(folder, parts, every, path, dies_after, broken_off)
    assert not (folder / "dynamics.parquet").exists()
    train(tmp_path / "again", parts, every, path)
    pd.testing.assert_frame_equal(without_times(read_dynamics(tmp_path / "again")), whole)


def test_a_kill_between_the_flush_and_the_checkpoint(undisturbed, tmp_path, monkeypatch):
    every, whole = undisturbed
    path = tmp_path / "checkpoint"
    write = tf.train.Checkpoint.write

    def dies_at_the_third(self, *arguments):
        if int(self.model.optimizer.iterations) == 12:
            raise Killed
        return write(self, *arguments)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(tf.train.Checkpoint, "write", dies_at_the_third)
        train(tmp_path, None, every, path)
    train(tmp_path, None, every, path)
    pd.testing.assert_frame_equal(without_times(read_dynamics(tmp_path)), whole)


def test_a_real_kill(tmp_path):
    """In a process of its own, with a part that was being written."""
    code = (
        "from pathlib import Path; import test_dynamics_resumed as t;"
        f"root = Path({str(tmp_path)!r});"
        "t.train(root, None, 3, root / 'checkpoint', 14, t.kill_here)"
    )
    here = os.path.dirname(__file__)
    done = subprocess.run([sys.executable, "-c", code], cwd=here, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    (tmp_path / "dynamics.parts/part-000000000013.unfinished").write_bytes(b"half")
    train(tmp_path, None, 3, tmp_path / "checkpoint")
    train(tmp_path / "whole", None, 3, tmp_path / "whole/checkpoint")
    whole, resumed = (without_times(read_dynamics(p)) for p in (tmp_path / "whole", tmp_path))
    pd.testing.assert_frame_equal(resumed, whole)
    assert not (tmp_path / "dynamics.parts").exists()


def test_a_training_that_was_done_already(tmp_path):
    """Killed after its end: no step is left, and the record is made again from the parts."""
    path, parts = tmp_path / "checkpoint", tmp_path / "parts"
    made = train(tmp_path / "first", parts, 3, path)
    dynamics = Dynamics(tmp_path / "second", 3, parts)
    fit(made, [dynamics], epochs=0)
    first, second = (read_dynamics(tmp_path / name) for name in ("first", "second"))
    pd.testing.assert_frame_equal(first, second)


def test_a_new_training_in_the_same_folder_begins_anew(tmp_path):
    fit(model("sgd"), [Dynamics(tmp_path, 4)])
    fit(model("sgd"), [Dynamics(tmp_path, 4)], epochs=1)
    assert read_dynamics(tmp_path).step.unique().tolist() == [4]
