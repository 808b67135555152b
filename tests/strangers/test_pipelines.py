"""Strangers' pipelines with nothing but one node exchanged."""

import json
from pathlib import Path

import keras
import pytest
import tensorflow as tf
from ml_metadata import MetadataStore
from tfx import components as tfx
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tutorials import MODULES, PIPELINES, create_pipeline

from tfx_updaters.components import Evaluator, Trainer
from tfx_updaters.components.trainer.choice import Choice
from tfx_updaters.optimizers import get


def run(root: Path, write, generator, *arguments, **nodes):
    """The Model artifact of a pipeline that ran on these data, after its model was pushed."""
    keras.utils.set_random_seed(0)  # their modules set none
    (root / "data").mkdir()
    write(root / "data")
    before = {path: path.read_bytes() for path in MODULES.glob("*.py")}
    example_gen = generator(input_base=str(root / "data"))
    LocalDagRunner().run(create_pipeline(root, example_gen, *arguments, **nodes))
    assert {path: path.read_bytes() for path in MODULES.glob("*.py")} == before
    (pushed,) = (root / "serving").glob("*/saved_model.pb")
    assert "serving_default" in tf.saved_model.load(pushed.parent).signatures
    store = MetadataStore(sqlite_metadata_connection_config(str(root / "metadata.db")))
    (model,) = store.get_artifacts_by_type("Model")
    return model


UPDATERS = {
    "penguin": get("momentum", learning_rate=0.1),
    "taxi": get("adam", learning_rate=0.02),
    "mnist": get("article", learning_rate=0.1),
}
REPLACED = {"penguin": "Adam", "taxi": "Adam", "mnist": "RMSprop"}


@pytest.mark.parametrize("name", PIPELINES)
def test_with_the_trainer_exchanged_it_pushes_a_model_of_the_updater(name, tmp_path):
    updater = UPDATERS[name]
    trainer = lambda **them: Trainer(updater=updater, **them)  # noqa: E731
    model = run(tmp_path, *PIPELINES[name], trainer=trainer)
    said = model.custom_properties
    assert said["updater"].string_value == Choice.of(updater).text
    assert said["updater_fingerprint"].string_value == Choice.of(updater).fingerprint
    assert said["updater_steps"].int_value == 60
    (use,) = json.loads(said["updater_replaced"].string_value)
    assert (use["optimizer"], use["steps"]) == (REPLACED[name], 60)


def test_the_stock_trainer_takes_an_updater_by_hand(tmp_path):
    write, generator, _, *others = PIPELINES["penguin"]
    config = {"updater": get("nesterov", learning_rate=0.1).to_json()}
    run(
        tmp_path, write, generator, "penguin_by_hand.py", *others,
        trainer=lambda **them: tfx.Trainer(custom_config=config, **them),
    )  # fmt: skip


@pytest.mark.parametrize("name", PIPELINES)
def test_with_the_evaluator_exchanged_it_pushes_a_model_that_generalizes(name, tmp_path):
    metric = PIPELINES[name][-1]

    def evaluator(eval_config, **them):
        """Their accuracy, and a gap."""
        gap = eval_config.metrics_specs[0].metrics.add(
            class_name="GeneralizationGap",
            module="tfx_updaters.components.evaluator.metrics",
            config=json.dumps({"metric": {"class_name": metric}, "burden": "gate"}),
        )
        gap.threshold.value_threshold.upper_bound.value = 0.2
        return Evaluator(eval_config=eval_config, **them)

    run(tmp_path, *PIPELINES[name], evaluator=evaluator, steps=600)  # 60 are few for their rates
    (blessing,) = (tmp_path / "pipeline" / "Evaluator" / "blessing").iterdir()
    assert sorted(path.name for path in blessing.iterdir() if path.suffix != ".html") == [
        "BLESSED", "decision.json",
    ]  # fmt: skip
    decision = json.loads((blessing / "decision.json").read_text())
    checked = [(check["metric"].endswith("_gap"), check["passed"]) for check in decision["checks"]]
    assert sorted(checked) == [(False, True), (True, True)]
    assert min(decision["splits"].values()) > 20
    assert decision["shared"] == 0.0
