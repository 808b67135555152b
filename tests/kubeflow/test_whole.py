"""The main pipeline, compiled and run whole: every node in a process of its own."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tfx_updaters.kfp import local
from tfx_updaters.kfp.errors import RunFailedError

NODES = {
    "ImportExampleGen", "StatisticsGen", "SchemaGen", "ExampleValidator", "Transform", "Trainer",
    "Evaluator", "Pusher",
}  # fmt: skip
# What `compile` adds: KFP has no resolver, and no driver of ExampleGen.
ADDED = {"latest-blessed-model-resolver", "ImportExampleGen-fingerprint", "Evaluator-ledger"}


def compiled(root: Path) -> dict[str, Any]:
    """The main pipeline; its data and its place to push to are on a volume."""
    from tfx_updaters.components.examples import named, records
    from tfx_updaters.kfp.compile import compile
    from tfx_updaters.kfp.nodes import Claim, NodeConfig
    from tfx_updaters.optimizers import get
    from tfx_updaters.pipelines.training import Training, create_pipeline

    found = records.inspect(named.write_digits(root / "data"))
    pipeline = create_pipeline("digits", root, found, Training(get("article"), steps=400))
    volume = NodeConfig(claims=(Claim("work", str(root)),))
    compile(pipeline, root / "pipeline.yaml", images="image", nodes={"*": volume})
    return next(yaml.safe_load_all((root / "pipeline.yaml").read_text()))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the runs."""
    return tmp_path_factory.mktemp("kubeflow")


@pytest.fixture(scope="module")
def content(root: Path) -> dict[str, Any]:
    """The document."""
    return compiled(root)


@pytest.fixture(scope="module")
def done(root: Path, content: dict[str, Any]) -> local.Run:
    """The first run."""
    return run(content, root)


def run(content: dict[str, Any], root: Path) -> local.Run:
    path = root / "pipeline.yaml"
    path.write_text(yaml.safe_dump(content))
    return local.run(path, root / "kfp")


def metadata(done: local.Run, task: str, output: str) -> dict[str, Any]:
    return done[task].made.artifacts[output]["metadata"]


def test_every_node_ran_once(done: local.Run) -> None:
    assert {task.name: (task.state, len(task.logs)) for task in done.tasks} == dict.fromkeys(
        NODES | ADDED, ("SUCCEEDED", 1)
    )


def test_the_model_is_blessed_and_pushed(done: local.Run, root: Path) -> None:
    assert metadata(done, "Evaluator", "blessing")["blessed"] == 1.0
    (pushed,) = (root / "pushed/digits").iterdir()
    assert (pushed / "saved_model.pb").is_file()
    assert metadata(done, "Pusher", "pushed_model")["pushed"] == 1.0


def test_the_examples_carry_the_fingerprint_of_their_files(done: local.Run) -> None:
    fingerprint = metadata(done, "ImportExampleGen", "examples")["input_fingerprint"]
    assert fingerprint.startswith("split:train,num_files:1,total_bytes:")


def test_what_is_said_of_the_model_is_its_address_in_the_store(done: local.Run) -> None:
    model = done["Trainer"].made.artifacts["model"]["uri"]
    assert model.startswith(f"minio://mlpipeline/v2/artifacts/digits/{done.id}/Trainer/")
    assert metadata(done, "Evaluator", "blessing")["current_model"] == model
    assert (done.path("Trainer", "model") / "Format-Serving/saved_model.pb").is_file()


def test_the_first_run_has_no_baseline(done: local.Run) -> None:
    assert metadata(done, "latest-blessed-model-resolver", "model")["none"] == 1.0
    assert "baseline_model" not in metadata(done, "Evaluator", "blessing")


def test_a_second_run_takes_what_did_not_change_and_compares_with_the_first(
    done: local.Run, content: dict[str, Any], root: Path
) -> None:
    again = run(content, root)
    afresh = ADDED | {"Evaluator", "Pusher"}
    assert {task.name: task.state for task in again.tasks} == {
        **dict.fromkeys(NODES, "CACHED"), **dict.fromkeys(afresh, "SUCCEEDED")
    }  # fmt: skip
    found = again["latest-blessed-model-resolver"].made.artifacts["model"]
    assert found["metadata"]["copy_of"] == done["Trainer"].made.artifacts["model"]["uri"]
    assert metadata(again, "Evaluator", "blessing")["baseline_model"] == found["uri"]


def test_a_failed_node_says_why_in_its_last_line(
    done: local.Run, content: dict[str, Any], root: Path
) -> None:
    broken = copy.deepcopy(content)
    given = broken["root"]["dag"]["tasks"]["ImportExampleGen"]["inputs"]["parameters"]
    given["input_base"]["runtimeValue"]["constant"] = str(root / "gone")
    with pytest.raises(RunFailedError, match="ImportExampleGen failed: exit status 1: ") as caught:
        run(broken, root)
    failed = caught.value.run["ImportExampleGen"]
    last = failed.logs[0].read_text().splitlines()[-1]
    assert last.startswith("ImportExampleGen failed: ")
    assert str(root / "gone") in last
    assert failed.cause == f"exit status 1: {last}"
    after = {task.name: task.state for task in caught.value.run.tasks if task is not failed}
    assert after["StatisticsGen"] == after["Pusher"] == "OMITTED"
