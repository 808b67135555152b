"""A study and the training with its choice as tasks of Kubeflow, in the local run."""

import json
from pathlib import Path

import pytest
import yaml
from study_pipeline import ADAM, pipeline

from tfx_updaters.components.trainer.choice import Choice
from tfx_updaters.kfp import local
from tfx_updaters.kfp.compile import compile
from tfx_updaters.kfp.nodes import Claim, NodeConfig, Retry


def test_the_choice_goes_from_task_to_task_through_the_store(tmp_path: Path) -> None:
    volume = NodeConfig(claims=(Claim("data", str(tmp_path / "digits")),))
    compile(pipeline(tmp_path), tmp_path / "it.yaml", images="image", nodes={"*": volume})
    done = local.run(tmp_path / "it.yaml", tmp_path / "kfp")
    study = done["UpdaterStudy"].made.artifacts["study"]["metadata"]
    model = done["Trainer"].made.artifacts["model"]["metadata"]
    assert study["winner"] == "adam"
    assert study["updater"] == model["updater"] == Choice.of(ADAM).text
    (result,) = (tmp_path / "kfp/store").rglob("result.json")
    assert json.loads(result.read_text())["winner"]["updater"] == ADAM.to_json()


def test_a_node_for_each_updater_trains_its_share_of_a_study(tmp_path: Path) -> None:
    volume = NodeConfig(claims=(Claim("data", str(tmp_path / "digits")),))
    compile(pipeline(tmp_path, fan_out=True), tmp_path / "it.yaml", images="image",
            nodes={"*": volume})  # fmt: skip
    tasks = yaml.safe_load((tmp_path / "it.yaml").read_text().partition("---")[0])["root"]["dag"]
    needs = {name: set(task.get("dependentTasks", ())) for name, task in tasks["tasks"].items()}
    parts = {name for name in needs if name.startswith("UpdaterTrials")}
    assert len(parts) == 2 and parts <= needs["UpdaterStudy"]
    assert not any(parts & needs[part] for part in parts), "they run side by side"
    done = local.run(tmp_path / "it.yaml", tmp_path / "kfp")
    study = done["UpdaterStudy"].made.artifacts["study"]["metadata"]
    assert study["winner"] == "adam"
    logs = {t.name: "".join(log.read_text() for log in t.logs) for t in done.tasks}
    assert all("0 of 6 trials" in logs[part] for part in parts)
    assert "of 12 trials" not in logs["UpdaterStudy"], "it trains nothing itself"


def test_a_retry_that_loses_the_trials_is_warned_of(tmp_path: Path) -> None:
    volume = NodeConfig(claims=(Claim("data", str(tmp_path / "digits")),))
    retried = NodeConfig(retry=Retry(3))
    kept = NodeConfig(retry=Retry(3), env={"TFX_UPDATERS_CHECKPOINTS": "/volume"})
    with pytest.warns(UserWarning, match=r"'UpdaterStudy': a retry begins with the first trial"):
        compile(pipeline(tmp_path), tmp_path / "it.yaml", images="image",
                nodes={"*": volume, "UpdaterStudy": retried})  # fmt: skip
    compile(pipeline(tmp_path), tmp_path / "it.yaml", images="image",
            nodes={"*": volume, "UpdaterStudy": kept})  # fmt: skip
