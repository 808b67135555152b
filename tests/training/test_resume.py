"""A training that is killed, at any step, ends with the weights of one that was not."""

import random
import shutil
import signal

import numpy as np
import pandas as pd
import pytest
import trainings

from tfx_updaters.components.trainer.dynamics_file import read_dynamics

SAVING = {"checkpoint_steps": 7, "checkpoint_minutes": None}
CASES = {
    "batch norm, dropout, momentum": {"training": SAVING},
    "augmentation and class weights": {
        "training": {
            **SAVING,
            "augmentation": {"shift": 1, "noise": 0.1, "scale": 0.1, "flip": True},
            "class_weights": {"3": 2.0},
        }
    },
    "early stopping": {
        "training": {**SAVING, "early_stopping": {"patience": 2, "monitor": "val_accuracy"}}
    },
    "accumulation": {"training": {**SAVING, "accumulate": 4}},
    "sharpness-aware": {"training": {**SAVING, "sam_radius": 0.05}},
    "half precision": {"training": {**SAVING, "precision": "mixed_float16"}},
    "read again every epoch": {"training": {**SAVING, "cache_gb": 0}},
    "averaging when fit ends": {"updater": {"updater": "schedule_free_sgd"}, "training": SAVING},
}


def recorded(node):
    """The dynamics but for their times."""
    frame = read_dynamics(node / "model_run" / "1")
    return frame[frame.statistic != "examples_per_second"].reset_index(drop=True)


@pytest.mark.parametrize("case", CASES)
def test_a_killed_training_ends_with_the_same_weights(case, digits, tmp_path):
    steps, config = 37, CASES[case]  # 10 steps an epoch: the last one is cut short
    assert trainings.train(digits, tmp_path / "whole", config, steps) == 0
    micro = config["training"].get("accumulate", 1)
    first = random.Random(case).randrange(8 * micro, 20 * micro)
    # Killed in its first epochs, and again a few steps after it went on, in whichever epoch.
    for kill_at in (first, 6 * micro):
        status = trainings.train(digits, tmp_path / "killed", config, steps, kill_at)
        assert status == -signal.SIGKILL
    assert list((tmp_path / "killed").glob(".system/checkpoints/*/step-*.npz"))
    assert trainings.train(digits, tmp_path / "killed", config, steps) == 0
    whole, killed = (trainings.weights(tmp_path / name) for name in ("whole", "killed"))
    for one, other in zip(whole, killed, strict=True):
        np.testing.assert_array_equal(one, other)
    metrics = [tmp_path / name / "model_run" / "1" / "metrics.json" for name in ("whole", "killed")]
    assert metrics[0].read_text() == metrics[1].read_text()
    records = [recorded(tmp_path / name) for name in ("whole", "killed")]
    assert len(records[0]) > 50
    pd.testing.assert_frame_equal(*records)
    assert not list((tmp_path / "killed").glob(".system/checkpoints/*/*"))


# 10 steps an epoch: in the midst of one, at its last step, and while those before are passed over.
@pytest.mark.parametrize("asked_at", [14, 20], ids=["in an epoch", "at its end"])
def test_a_training_that_is_asked_to_end_saves_every_step(asked_at, digits, tmp_path):
    config = {"training": {"checkpoint_minutes": 60.0}}
    assert trainings.train(digits, tmp_path / "whole", config, 37) == 0
    term = {"by": signal.SIGTERM}
    assert trainings.train(digits, tmp_path / "asked", config, 37, asked_at, **term) == 143
    (saved,) = (tmp_path / "asked").glob(".system/checkpoints/*/step-*.npz")
    assert saved.name == f"step-{asked_at:012d}.npz"
    assert trainings.train(digits, tmp_path / "asked", config, 37, 2, **term) == 143
    assert trainings.train(digits, tmp_path / "asked", config, 37) == 0
    whole, asked = (trainings.weights(tmp_path / name) for name in ("whole", "asked"))
    for one, other in zip(whole, asked, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_training_goes_on_on_another_machine_that_has_the_folder_of_checkpoints(digits, tmp_path):
    config = {"training": {"checkpoint_minutes": 60.0}}
    volume = {"environment": {"TFX_UPDATERS_CHECKPOINTS": str(tmp_path / "volume")}}
    assert trainings.train(digits, tmp_path / "whole", config, 37) == 0
    term = {**volume, "by": signal.SIGTERM}
    assert trainings.train(digits, tmp_path / "lost", config, 37, 14, **term) == 143
    shutil.rmtree(tmp_path / "lost")
    # It passes over 4 steps and makes 23: were it to begin anew, the 28th would be its last.
    assert trainings.train(digits, tmp_path / "next", config, 37, 28, **volume) == 0
    whole, other = (trainings.weights(tmp_path / name) for name in ("whole", "next"))
    for one, another in zip(whole, other, strict=True):
        np.testing.assert_array_equal(one, another)
    assert not list((tmp_path / "volume").iterdir())
