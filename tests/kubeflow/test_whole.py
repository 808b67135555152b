"""The main pipeline as TFX compiles it, without its Resolver, whole: every node in a process."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tfx_updaters.kfp import local
from tfx_updaters.kfp.errors import RunFailedError

ENTRYPOINT = ["python", "-m", "tfx_updaters.kfp.entrypoint"]
NODES = {
    "ImportExampleGen", "StatisticsGen", "SchemaGen", "ExampleValidator", "Transform", "Trainer",
    "Evaluator", "Pusher",
}  # fmt: skip


def compiled(root: Path) -> dict[str, Any]:
    """What TFX's own compiler makes of the main pipeline, without the nodes that KFP refuses."""
    from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import (
        KubeflowV2DagRunner,
        KubeflowV2DagRunnerConfig,
    )

    from tfx_updaters.components.examples import named, records
    from tfx_updaters.optimizers import get
    from tfx_updaters.pipelines.training import Training, create_pipeline

    found = records.inspect(named.write_digits(root / "data"))
    training = Training(get("article"), steps=400)
    runner = KubeflowV2DagRunner(
        KubeflowV2DagRunnerConfig(
            default_image="image", default_commands=ENTRYPOINT, use_pipeline_spec_2_1=True
        ),
        output_dir=str(root),
        output_filename="stock.yaml",
    )
    runner.run(create_pipeline("digits", root, found, training))
    content = yaml.safe_load((root / "stock.yaml").read_text())
    tasks = content["root"]["dag"]["tasks"]
    for name in [name for name in tasks if name.startswith("latest_blessed")]:
        del tasks[name]
    for task in tasks.values():
        before = task.get("dependentTasks", [])
        task["dependentTasks"] = [each for each in before if each in tasks]
    del tasks["Evaluator"]["inputs"]["artifacts"]["baseline_model"]
    for label, executor in content["deploymentSpec"]["executors"].items():
        if "container" in executor:
            executor["container"]["args"] += ["--node_id", label.removesuffix("_executor")]
    return content


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
        NODES, ("SUCCEEDED", 1)
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


def test_a_second_run_takes_everything_from_the_first(
    done: local.Run, content: dict[str, Any], root: Path
) -> None:
    again = run(content, root)
    assert {task.name: task.state for task in again.tasks} == dict.fromkeys(NODES, "CACHED")


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
    states = {task.state for task in caught.value.run.tasks if task is not failed}
    assert states == {"OMITTED"}
