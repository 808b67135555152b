"""A study whose updaters are trained by nodes of their own: the same study."""

import dataclasses
import json
from pathlib import Path

import made_study
import pytest
from study_pipeline import MODEL
from tfx import types
from tfx.types import standard_artifacts

from tfx_updaters.components import (
    ArgumentError,
    Study,
    StudyError,
    StudyTrials,
    UpdaterStudy,
    UpdaterTrials,
)
from tfx_updaters.components.study import executor

PLAN = dataclasses.replace(made_study.PLAN, model_args=MODEL)
NAMES = [arm.name for arm in PLAN.arms]


@pytest.fixture
def trainings(monkeypatch):
    made = made_study.Trainings()
    monkeypatch.setattr(executor, "Training", made)
    return made


@pytest.fixture(autouse=True)
def one_at_a_time(monkeypatch):
    """Several threads would train in earnest."""
    monkeypatch.setattr(executor, "jobs", lambda: 1)


def part(folder: Path, examples, arms, plan=PLAN, attempt=1) -> StudyTrials:
    trials = StudyTrials()
    trials.uri = str(folder / f"UpdaterTrials.{'.'.join(arms)}" / "trials" / str(attempt))
    executor.PartExecutor().Do(
        {"examples": [examples]}, {"trials": [trials]},
        {"plan": json.dumps(plan.to_json()), "arms": json.dumps(arms)},
    )  # fmt: skip
    return trials


def study(folder: Path, examples, parts=(), plan=PLAN) -> dict:
    found = Study()
    found.uri = str(folder / "UpdaterStudy" / "study" / "1")
    inputs = {f"trials_{number}": [each] for number, each in enumerate(parts)}
    executor.Executor().Do(
        {"examples": [examples], **inputs}, {"study": [found]}, {"plan": json.dumps(plan.to_json())}
    )
    return json.loads(Path(found.uri, "result.json").read_text())


def test_parts_train_all_trials_once_and_the_study_only_judges(tmp_path, examples, trainings):
    whole = study(tmp_path / "whole", examples)
    expected = trainings.trained.copy()
    trainings.trained.clear()
    parts = [part(tmp_path, examples, [name]) for name in NAMES]
    assert sorted(map(str, trainings.trained)) == sorted(map(str, expected))
    trainings.trained.clear()
    assert study(tmp_path, examples, parts) == whole
    assert trainings.trained == []


def test_the_study_trains_what_no_part_has(tmp_path, examples, trainings):
    parts = [part(tmp_path, examples, NAMES[:2])]
    trainings.trained.clear()
    study(tmp_path, examples, parts)
    assert {file.parent.name for file in trainings.trained} == {NAMES[2]}


def test_a_killed_part_goes_on_and_leaves_the_others_alone(tmp_path, examples, monkeypatch):
    monkeypatch.setenv("TFX_UPDATERS_CHECKPOINTS", str(tmp_path / "volume"))
    first, second, other = (made_study.Trainings(killed) for killed in (5, None, None))
    monkeypatch.setattr(executor, "Training", first)
    with pytest.raises(KeyboardInterrupt):
        part(tmp_path, examples, NAMES[:1])
    monkeypatch.setattr(executor, "Training", other)
    part(tmp_path, examples, NAMES[1:])
    monkeypatch.setattr(executor, "Training", second)
    part(tmp_path, examples, NAMES[:1], attempt=2)
    assert len(first.trained) == 5 and not {*first.trained} & {*second.trained}
    assert not list((tmp_path / "volume").iterdir())


def test_trials_of_another_study_are_refused(tmp_path, examples, trainings):
    other = dataclasses.replace(PLAN, seeds=9)
    with pytest.raises(StudyError, match=r"holds another study: plan.seeds was 9, is 8"):
        study(tmp_path, examples, [part(tmp_path, examples, NAMES[:1], other)])
    empty = StudyTrials()
    empty.uri = str(tmp_path / "nothing")
    Path(empty.uri).mkdir()
    with pytest.raises(StudyError, match="holds no trials of a study"):
        study(tmp_path / "2", examples, [empty])


def test_wrong_arguments_are_refused_when_the_pipeline_is_built():
    channel = types.Channel(type=standard_artifacts.Examples)
    with pytest.raises(ArgumentError, match=r"received 'momentun'; .*did you mean 'momentum'"):
        UpdaterTrials(examples=channel, plan=PLAN, arms=["momentun"])
    for arms in ([], "sgd"):
        with pytest.raises(ArgumentError, match="names of the plan's are needed"):
            UpdaterTrials(examples=channel, plan=PLAN, arms=arms)
    with pytest.raises(ArgumentError, match=r"a Plan of tfx_updaters.components is needed"):
        UpdaterTrials(examples=channel, plan="sgd,adam", arms=["sgd"])
    with pytest.raises(ArgumentError, match=r"channel of Examples; one of StudyTrials is needed"):
        UpdaterStudy(examples=channel, plan=PLAN, trials=[channel])
    assert UpdaterTrials(examples=channel, plan=PLAN, arms=["sgd", "clip"]).id == (
        "UpdaterTrials.sgd.clip"
    )
