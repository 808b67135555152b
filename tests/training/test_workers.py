"""`workers`: processes of this machine train as one does, and go on when one of them is lost."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import trainings

# Normalization and dropout see the part of the batch that a worker has.
PLAIN = {"model_args": {"shape": [8, 8, 1], "classes": 10, "filters": [4, 8]}}
SAVING = {"checkpoint_minutes": None, "checkpoint_steps": 7}
TWO = {**PLAIN, "training": {**SAVING, "workers": 2}}
STEPS = 23


@pytest.fixture(scope="module")
def alone(digits, tmp_path_factory):
    """The weights of a training in one process."""
    node = tmp_path_factory.mktemp("alone")
    assert trainings.train(digits, node, {**PLAIN, "training": SAVING}, STEPS) == 0
    return trainings.weights(node)


def close(node, expected):
    for a, b in zip(trainings.weights(node), expected, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


def children(process: int) -> list[int]:
    return [int(word) for task in Path(f"/proc/{process}/task").iterdir()
            for word in (task / "children").read_text().split()]  # fmt: skip


def is_a_worker(process: int) -> bool:
    return b"trainer.worker" in Path(f"/proc/{process}/cmdline").read_bytes()


def test_two_workers_train_as_one_process_does(alone, digits, tmp_path):
    assert trainings.train(digits, tmp_path, TWO, STEPS) == 0
    close(tmp_path, alone)
    assert (tmp_path / "model_run/1/metrics.json").exists()
    assert (tmp_path / "model_run/1/dynamics.parquet").exists()


@pytest.mark.parametrize("which", [0, 1], ids=["the first", "the second"])
def test_one_of_them_is_killed_and_the_training_goes_on(which, alone, digits, tmp_path):
    training = trainings.start(digits, tmp_path, TWO, STEPS)
    for _ in range(1200):
        if list(tmp_path.glob(".system/checkpoints/*/step-*.npz")):
            break
        time.sleep(0.05)
    workers = sorted(filter(is_a_worker, children(training.pid)))
    assert len(workers) == 2
    os.kill(workers[which], signal.SIGKILL)
    training.join(300)
    assert training.exitcode == 0
    close(tmp_path, alone)


def test_workers_end_with_the_process_that_started_them(digits, tmp_path):
    training = trainings.start(digits, tmp_path, TWO, 10_000)
    workers = []
    for _ in range(600):
        workers = list(filter(is_a_worker, children(training.pid)))
        if len(workers) == 2 and list(tmp_path.glob(".system/checkpoints/*/step-*.npz")):
            break
        time.sleep(0.1)
    assert len(workers) == 2
    training.kill()
    training.join()
    for _ in range(100):
        if not any(Path(f"/proc/{worker}").exists() for worker in workers):
            return
        time.sleep(0.1)
    raise AssertionError("workers were left")


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"batch_size": 33}, "workers: received 2; a divisor of the batch size 33 is allowed"),
        ({"accumulate": 2}, "workers: received 2; with accumulate=2 only 1 is allowed"),
        ({"workers": 0}, "workers: received 0; 1 or more is allowed"),
        ({"loss": "mean_squarred_error"}, "mean_squarred_error"),
    ],
)
def test_what_two_workers_cannot_do(training, message, digits, tmp_path):
    config = {**PLAIN, "training": {"workers": 2, **training}}
    assert message in trainings.refusal(digits, tmp_path, config, 5)
