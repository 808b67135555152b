"""Several devices and several workers train as one does, with the batch shared among them."""

import json
import signal
import socket

import numpy as np
import pytest
import trainings

# Normalization and dropout see the part of the batch that a device has.
PLAIN = {
    "model_args": {"shape": [8, 8, 1], "classes": 10, "filters": [4, 8]},
    "training": {"checkpoint_minutes": None, "checkpoint_steps": 7},
}
STEPS = 23


@pytest.fixture(scope="module")
def alone(digits, tmp_path_factory):
    """The weights of a training on one device."""
    node = tmp_path_factory.mktemp("alone")
    assert trainings.train(digits, node, PLAIN, STEPS) == 0
    return trainings.weights(node)


def close(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


def test_two_devices(alone, digits, tmp_path):
    assert trainings.train(digits, tmp_path, PLAIN, STEPS, devices=2) == 0
    close(trainings.weights(tmp_path), alone)


def test_two_devices_resume_after_a_kill(alone, digits, tmp_path):
    assert trainings.train(digits, tmp_path, PLAIN, STEPS, 16, devices=2) == -signal.SIGKILL
    assert trainings.train(digits, tmp_path, PLAIN, STEPS, devices=2) == 0
    close(trainings.weights(tmp_path), alone)


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"batch_size": 33}, "batch_size: received 33; a multiple of the 2 replicas is needed"),
        ({"accumulate": 2}, "accumulate: received 2; with 2 replicas 1 is allowed"),
    ],
)
def test_what_two_devices_cannot_do(training, message, digits, tmp_path):
    config = {**PLAIN, "training": training}
    assert message in trainings.refusal(digits, tmp_path, config, 5, devices=2)


def _free_port():
    with socket.socket() as found:
        found.bind(("localhost", 0))
        return found.getsockname()[1]


def test_two_workers(alone, digits, tmp_path):
    workers = [f"localhost:{_free_port()}" for _ in range(2)]
    processes = [
        trainings.start(
            digits, tmp_path / str(number), PLAIN, STEPS,
            environment={"TF_CONFIG": json.dumps(
                {"cluster": {"worker": workers}, "task": {"type": "worker", "index": number}}
            )},
        )
        for number in range(2)
    ]  # fmt: skip
    for process in processes:
        process.join(300)
    assert [process.exitcode for process in processes] == [0, 0]
    close(trainings.weights(tmp_path / "0"), alone)
    assert not list((tmp_path / "1").rglob("saved_model.pb")), "only the chief exports"
