"""The folder of a study keeps what has ended, and is refused to any other study."""

import dataclasses
import errno
import json
import os

import pytest

from tfx_updaters.components import StudyError, TrainingConfig
from tfx_updaters.components.study import origin
from tfx_updaters.components.study.arms import Arm
from tfx_updaters.components.study.conditions import Condition
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.trials import Point, Result, Trial, Trials

CLIP = {"updater": "magnitude_clip"}
PLAN = Plan((Arm("sgd", "sgd"), Arm("clip", CLIP)))
TRIAL = Trial(Condition(), PLAN.arms[0], -1, 3)
POINTS = (
    Point(0, 0.0, {}, {"loss": 2.0}, {"loss": 2.1}),
    Point(9, 0.5, {"loss": 1.5}, {"loss": 1.0}, {"loss": float("inf")}),
)


def test_a_result_is_kept_for_the_next_process(tmp_path):
    result = Result("done", curve=list(POINTS), train={"loss": 0.9})
    Trials(tmp_path, PLAN, "abc").add(TRIAL, result)
    again = Trials(tmp_path, Plan.from_json(PLAN.to_json()), "abc")
    assert again.result(TRIAL) == result
    for changes in ({"place": 1}, {"seed": 4}, {"arm": PLAN.arms[1]},
                    {"condition": Condition("outliers", 0.1)}):  # fmt: skip
        assert again.result(dataclasses.replace(TRIAL, **changes)) is None


def test_conditions_that_differ_in_their_share_or_strength_have_files_of_their_own():
    conditions = [Condition("outliers", share, strength)
                  for share in (0.1, 0.2) for strength in (None, 5.0)]  # fmt: skip
    files = {dataclasses.replace(TRIAL, condition=condition).file for condition in conditions}
    assert len(files) == 4


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"seeds": 11}, "plan.seeds was 10, is 11"),
        ({"training": TrainingConfig(epochs=3)}, "plan.training.epochs was 10, is 3"),
        ({"arms": (PLAN.arms[0], Arm("clip", {**CLIP, "max_gradient_value": 0.3}))},
         "plan.arms.1.updater.max_gradient_value was 1.0, is 0.3"),
        ({"tuning": None}, "plan.tuning was .* is null"),
    ],
    ids=["seeds", "epochs", "an arm", "tuning"],
)  # fmt: skip
def test_the_folder_of_another_plan_is_refused(tmp_path, changes, expected):
    Trials(tmp_path, PLAN, "abc")
    with pytest.raises(StudyError, match=expected):
        Trials(tmp_path, dataclasses.replace(PLAN, **changes), "abc")


def test_the_folder_of_other_data_is_refused(tmp_path):
    Trials(tmp_path, PLAN, "abc")
    with pytest.raises(StudyError, match='data was "abc", is "xyz"'):
        Trials(tmp_path, PLAN, "xyz")


def test_the_folder_of_another_version_is_refused(tmp_path, monkeypatch):
    Trials(tmp_path, PLAN, "abc")
    monkeypatch.setattr(origin, "version", lambda package: f"{package} 99")
    with pytest.raises(StudyError, match=r"versions.tfx-updaters was .*, is .*99"):
        Trials(tmp_path, PLAN, "abc")


@pytest.mark.parametrize("text", ['{"status": "do', "[]", '{"status": "done"}'])
def test_a_damaged_file_is_refused(tmp_path, text):
    kept = Trials(tmp_path, PLAN, "abc")
    kept.add(TRIAL, Result("done", curve=POINTS))
    (tmp_path / "trials" / TRIAL.file).write_text(text)
    with pytest.raises(StudyError, match="damaged"):
        kept.result(TRIAL)


def test_a_folder_without_room_keeps_no_part_of_a_result(tmp_path, monkeypatch):
    kept = Trials(tmp_path, PLAN, "abc")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        kept.add(TRIAL, Result("done", curve=POINTS))
    assert kept.result(TRIAL) is None
    assert [path.name for path in (tmp_path / "trials").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("status", "step"), [("done", 9), ("diverged", 0), ("failed", None)]
)  # fmt: skip
def test_what_a_training_gave(status, step):
    last = Result(status, curve=POINTS).last
    assert (last and last.step) == step


def test_the_file_is_json_to_read(tmp_path):
    Trials(tmp_path, PLAN, "abc").add(TRIAL, Result("failed", "no memory"))
    text = (tmp_path / "trials" / "clean-0" / "sgd" / "rate-1-seed3.json").read_text()
    assert json.loads(text)["why"] == "no memory"
