"""The UpdaterStudy node: refused when a pipeline is built, run in one, killed, and handed on."""

import dataclasses
import json

import made_study
import pytest
from ml_metadata import MetadataStore
from study_pipeline import ADAM, MODEL, PLAN, pipeline
from tfx import types
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.types import standard_artifacts

from tfx_updaters.components import (
    ArgumentError,
    DataError,
    ModelError,
    Plan,
    Study,
    StudyError,
    Trainer,
    TrainingConfig,
    UpdaterStudy,
    testing,
)
from tfx_updaters.components.study import executor
from tfx_updaters.components.study.executor import Executor
from tfx_updaters.components.study.trials import DIVERGED, Point, Result
from tfx_updaters.components.trainer.choice import Choice
from tfx_updaters.optimizers import UpdaterError


def channel(kind=standard_artifacts.Examples):
    return types.Channel(type=kind)


@pytest.mark.parametrize("plan", [None, {"arms": ["sgd", "adam"]}, "sgd,adam"])
def test_what_is_no_plan_is_refused_when_the_pipeline_is_built(plan):
    with pytest.raises(ArgumentError, match=r"a Plan of tfx_updaters.components is needed"):
        UpdaterStudy(examples=channel(), plan=plan)


def test_a_plan_travels_as_json():
    node = UpdaterStudy(examples=channel(), plan=PLAN)
    assert Plan.from_json(json.loads(node.exec_properties["plan"])) == PLAN
    assert set(node.inputs) == {"examples"} and node.outputs["study"].type is Study
    with pytest.raises(StudyError, match="model_fn: received 'cnn'"):
        dataclasses.replace(PLAN, model_fn="cnn")


def test_a_trainer_takes_a_study_and_no_other_channel():
    study = UpdaterStudy(examples=channel(), plan=PLAN)
    trainer = Trainer(examples=channel(), updater=study.outputs["study"], run_fn="their.run_fn")
    assert trainer.inputs["study"] is study.outputs["study"]
    assert "updater" not in trainer.exec_properties
    with pytest.raises(UpdaterError, match=r"received a channel of Model; one of Study"):
        Trainer(examples=channel(), updater=channel(standard_artifacts.Model), run_fn="a.run_fn")


def test_a_pipeline_trains_with_what_its_study_chose(tmp_path):
    for _ in range(2):
        LocalDagRunner().run(pipeline(tmp_path))
    store = MetadataStore(sqlite_metadata_connection_config(str(tmp_path / "db")))
    (study,) = store.get_artifacts_by_type("Study")
    (model,) = store.get_artifacts_by_type("Model")
    assert study.properties["winner"].string_value == "adam"
    updater = Choice.of(ADAM).text
    assert study.properties["updater"].string_value == updater
    assert model.custom_properties["updater"].string_value == updater
    folder = tmp_path / "root" / "UpdaterStudy" / "study"
    (written,) = folder.glob("*")
    assert sorted(path.name for path in written.iterdir()) == ["report.html", "result.json"]
    assert "adam is better than still" in (written / "report.html").read_text()
    assert list((folder.parent / ".system").rglob("*.json")) == []


def run(folder, attempt, examples, plan=PLAN, **inputs):
    """The executor as TFX calls it in an attempt; its artifact."""
    study = Study()
    study.uri = str(folder / "UpdaterStudy" / "study" / str(attempt))
    given = {"examples": [examples], **{name: [each] for name, each in inputs.items()}}
    Executor().Do(given, {"study": [study]}, {"plan": json.dumps(plan.to_json())})
    return study


@pytest.fixture(autouse=True)
def one_at_a_time(monkeypatch):
    """Other processes would train in earnest."""
    monkeypatch.setattr(executor, "jobs", lambda: 1)


def test_a_killed_node_goes_on_in_its_next_attempt(tmp_path, monkeypatch, examples):
    plan = dataclasses.replace(made_study.PLAN, model_args=MODEL)
    whole, first, second = (
        made_study.Trainings(),
        made_study.Trainings(killed_after=20),
        made_study.Trainings(),
    )
    monkeypatch.setattr(executor, "Training", whole)
    undisturbed = run(tmp_path / "other", 1, examples, plan)
    monkeypatch.setattr(executor, "Training", first)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, 1, examples, plan)
    monkeypatch.setattr(executor, "Training", second)
    study = run(tmp_path, 2, examples, plan)
    assert first.trained + second.trained == whole.trained and len(first.trained) == 20
    texts = [(tmp_path / place / "UpdaterStudy/study").glob("*/result.json")
             for place in ("", "other")]  # fmt: skip
    assert len({next(iter(found)).read_text() for found in texts}) == 1
    assert (study.winner, study.updater) == (undisturbed.winner, undisturbed.updater)
    assert not list((tmp_path / "UpdaterStudy").rglob("seed*.json"))


def test_another_plan_does_not_take_the_trials_of_a_killed_one(tmp_path, monkeypatch, examples):
    plan = dataclasses.replace(made_study.PLAN, model_args=MODEL)
    monkeypatch.setattr(executor, "Training", made_study.Trainings(killed_after=20))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, 1, examples, plan)
    other = made_study.Trainings()
    monkeypatch.setattr(executor, "Training", other)
    run(tmp_path, 2, examples, dataclasses.replace(plan, seeds=9))
    assert len(other.trained) == len(set(other.trained)) > 2 * 3 * 9


def test_a_named_folder_keeps_the_trials(tmp_path, monkeypatch, examples):
    monkeypatch.setenv("TFX_UPDATERS_CHECKPOINTS", str(tmp_path / "volume"))
    monkeypatch.setattr(executor, "Training", made_study.Trainings(killed_after=3))
    plan = dataclasses.replace(made_study.PLAN, model_args=MODEL)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, 1, examples, plan)
    assert len(list((tmp_path / "volume").rglob("*-seed*.json"))) == 3
    last = made_study.Trainings()
    monkeypatch.setattr(executor, "Training", last)
    run(tmp_path / "another machine", 1, examples, plan)
    assert len(last.trained) > 3 and not list((tmp_path / "volume").iterdir())


def test_examples_are_the_same_with_and_without_a_schema(tmp_path, monkeypatch, examples):
    schema = testing.write_schema(
        tmp_path / "schema", {"image": ("float", [64]), "label": ("int", [1])}
    )
    found = []
    for inputs in ({}, {"schema": schema}):
        trainings = made_study.Trainings()
        monkeypatch.setattr(executor, "Training", trainings)
        run(tmp_path / str(len(inputs)), 1, examples, **inputs)
        found.append(trainings.data)
    assert found[0].fingerprint == found[1].fingerprint
    assert found[0].train["image"].shape == (60, 8, 8, 1)
    test = found[0].test
    assert sorted(test["label"]) == [0] * 10 + [1] * 10
    means = [test["image"][test["label"] == label].mean() for label in (0, 1)]
    assert means == pytest.approx([0, 1], abs=0.2)


def test_examples_that_cannot_be_used_are_refused(tmp_path, examples):
    alone = testing.write_examples(tmp_path / "alone", {"train": [{"label": 0}]})
    with pytest.raises(DataError, match=r"the splits are train; a study needs eval too"):
        run(tmp_path, 1, alone)
    with pytest.raises(DataError, match=r"larger than training.cache_gb, 1e-06 GiB"):
        run(tmp_path, 2, examples, dataclasses.replace(
            PLAN, training=TrainingConfig(epochs=1, cache_gb=1e-6)))  # fmt: skip
    with pytest.raises(ModelError, match="did you mean 'image'"):
        run(tmp_path, 3, examples, dataclasses.replace(
            PLAN, model_args={**MODEL, "feature": "imag"}))  # fmt: skip


def test_a_study_that_trained_no_model_fails_and_leaves_its_page(tmp_path, monkeypatch, examples):
    start = Point(0, 0, {}, {"accuracy": 0.1}, {"accuracy": 0.1})

    def nothing(trials):
        return ((trial, Result(DIVERGED, "nan at step 3", [start])) for trial in trials)

    monkeypatch.setattr(executor, "Training", lambda plan, data: nothing)
    with pytest.raises(StudyError, match=r"no training of still gave a model.*nan at step 3"):
        run(tmp_path, 1, examples)
    (page,) = tmp_path.rglob("report.html")
    assert "nothing: still trained no model" in page.read_text()


def test_the_trainer_refuses_a_study_that_names_no_winner(tmp_path, examples):
    study = Study()
    study.uri = str(tmp_path)
    inputs = {"examples": examples, "study": study}
    for text in (None, "{", "{}", '{"winner": null}'):
        if text is not None:
            (tmp_path / "result.json").write_text(text)
        with pytest.raises(StudyError, match="names no updater that won"):
            testing.run_trainer(tmp_path / "node", inputs, 1, run_fn="json.loads")
