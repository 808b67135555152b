"""Checkpoints that must not be gone on from, and those that must not be lost."""

import signal

import numpy as np
import pytest
import trainings

STEPS = 23


def config(folder, **changed):
    training = {"checkpoint_steps": 7, "checkpoint_minutes": None, "checkpoint_dir": str(folder)}
    own = {name: changed.pop(name) for name in list(changed) if name in ("updater", "model_args")}
    return {**own, "training": {**training, **changed}}


@pytest.fixture
def killed(digits, tmp_path):
    """A folder with the checkpoints of steps 7 and 14."""
    folder = tmp_path / "checkpoints"
    status = trainings.train(digits, tmp_path / "killed", config(folder), STEPS, kill_at=17)
    assert status == -signal.SIGKILL
    names = sorted(path.name for path in folder.glob("step-*.npz"))
    assert names == ["step-000000000007.npz", "step-000000000014.npz"]
    return folder


OTHERS = {
    "updater": ({"updater": {"updater": "adam"}}, "its updater is"),
    "rate": ({"updater": {"updater": "momentum", "learning_rate": 0.06}}, "its updater is"),
    "model": ({"model_args": {"shape": [8, 8, 1], "classes": 10}}, "its variables is"),
    "batch size": ({"batch_size": 16}, "its batch size is"),
    "seed": ({"seed": 1}, "its seed is 0, here it is 1"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_one_of_another_training_is_refused(other, killed, digits, tmp_path):
    changed, message = OTHERS[other]
    error = trainings.refusal(digits, tmp_path / "node", config(killed, **changed), STEPS)
    assert error.startswith("CheckpointError: checkpoint ") and message in error, error
    assert len(list(killed.glob("step-*.npz"))) == 2, "it was lost"


@pytest.mark.parametrize("damage", ["cut short", "a bit flipped", "not renamed"])
def test_a_damaged_one_is_passed_over_for_the_one_before(damage, killed, digits, tmp_path):
    newest = killed / "step-000000000014.npz"
    content = bytearray(newest.read_bytes())
    if damage == "cut short":
        newest.write_bytes(content[: len(content) // 2])
    elif damage == "a bit flipped":
        content[len(content) // 2] ^= 1
        newest.write_bytes(content)
    else:
        newest.rename(killed / "step-000000000014.npz.part")
    assert trainings.train(digits, tmp_path / "whole", config(tmp_path / "else"), STEPS) == 0
    assert trainings.train(digits, tmp_path / "killed", config(killed), STEPS) == 0
    whole, again = (trainings.weights(tmp_path / name) for name in ("whole", "killed"))
    for one, other in zip(whole, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not killed.exists()
