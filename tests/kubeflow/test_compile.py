"""What a compiled document says of the nodes, beside what the KFP SDK writes for the same."""

import hashlib
import json
import subprocess
import sys
import zipfile
from graphlib import TopologicalSorter
from pathlib import Path

import made
import pytest
from google.protobuf import json_format
from kfp import components, dsl
from kfp.kubernetes.kubernetes_executor_config_pb2 import KubernetesExecutorConfig
from kfp.pipeline_spec import pipeline_spec_pb2
from tfx import components as tfx
from tfx.dsl.components.common.importer import Importer
from tfx.dsl.components.common.resolver import Resolver
from tfx.dsl.experimental.conditionals.conditional import Cond
from tfx.dsl.input_resolution.strategies.latest_blessed_model_strategy import (
    LatestBlessedModelStrategy,
)
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.kubeflow.decorators import FinalStatusStr
from tfx.proto import trainer_pb2
from tfx.types import Channel
from tfx.types.standard_artifacts import Examples, Model, ModelBlessing

from tfx_updaters.kfp.nodes import NodeConfig

GPU = NodeConfig(gpu=1, gpu_resource="nvidia.com/gpu")


@pytest.fixture(scope="module")
def document(tmp_path_factory) -> made.Document:
    folder = tmp_path_factory.mktemp("main")
    nodes = {"*": made.MOUNTS, "Trainer": GPU}
    return made.compiled(made.main(), folder, nodes, pipeline_root=made.ROOT)


def test_the_sdk_takes_both_documents(document):
    loaded = components.load_component_from_file(str(document.path))
    assert loaded.pipeline_spec.schema_version == "2.1.0"
    assert loaded.pipeline_spec.default_pipeline_root == made.ROOT
    read = json_format.MessageToDict(loaded.platform_spec)
    assert read["platforms"]["kubernetes"]["deploymentSpec"]["executors"] == document.pods


def test_the_platform_document_is_one_of_kfp_kubernetes(document):
    labels = set(document.spec["deploymentSpec"]["executors"])
    assert set(document.pods) <= labels
    for pod in document.pods.values():
        json_format.ParseDict(pod, KubernetesExecutorConfig())


def test_every_name_is_one_that_argo_takes_and_every_reference_is_met(document):
    tasks, interfaces = document.tasks, document.spec["components"]
    executors = document.spec["deploymentSpec"]["executors"]
    for name, task in tasks.items():
        assert name.replace("-", "").isalnum()
        assert set(task.get("dependentTasks", [])) <= set(tasks)
        component = interfaces[task["componentRef"]["name"]]
        assert component["executorLabel"] in executors
        for key, given in task.get("inputs", {}).get("artifacts", {}).items():
            source = given["taskOutputArtifact"]
            assert key in component["inputDefinitions"]["artifacts"]
            assert source["producerTask"] in task["dependentTasks"]
            producer = interfaces[tasks[source["producerTask"]]["componentRef"]["name"]]
            assert source["outputArtifactKey"] in producer["outputDefinitions"]["artifacts"]
        defined = component.get("inputDefinitions", {}).get("parameters", {})
        assert set(task.get("inputs", {}).get("parameters", {})) == set(defined)
        json_format.ParseDict(task, pipeline_spec_pb2.PipelineTaskSpec())
        json_format.ParseDict(component, pipeline_spec_pb2.ComponentSpec())


def test_only_the_trainer_is_on_a_gpu(document):
    for name in document.tasks:
        container, pod = document.container(name), document.pod(name)
        wanted = container.get("resources", {}).get("accelerator")
        if name == "Trainer":
            assert wanted == {
                "type": "nvidia.com/gpu", "count": "1",
                "resourceType": "nvidia.com/gpu", "resourceCount": "1",
            }  # fmt: skip
            assert pod["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists"}]
            (memory,) = pod["emptyDirMounts"]
            assert (memory["mountPath"], memory["medium"]) == ("/dev/shm", "Memory")
            assert container["image"] == "gpu:1"
        else:
            assert (wanted, container["image"]) == (None, "cpu:1")
            assert not {"tolerations", "emptyDirMounts"} & set(pod)


def test_the_command_is_the_entrypoints(document):
    container = document.container("Evaluator")
    assert container["command"] == ["python", "-m", "tfx_updaters.kfp.entrypoint"]
    assert document.argument("Evaluator", "--json_serialized_invocation_args") == "{{$}}"
    assert document.argument("Evaluator", "--node_id") == "Evaluator"
    inputs = json.loads(document.argument("Evaluator", "--json_serialized_inputs_spec_args"))
    assert inputs == document.component("Evaluator")["inputDefinitions"]
    assert container["args"][-1] == "--sdk_container_image=none"


def test_the_resolver_is_a_node_and_the_evaluator_has_a_ledger(document):
    executor = document.argument("latest-blessed-model-resolver", "--executor_class_path")
    assert executor == "tfx_updaters.kfp.latest_blessed.FindExecutor"
    baseline = document.task("Evaluator")["inputs"]["artifacts"]["baseline_model"]
    assert baseline["taskOutputArtifact"]["producerTask"] == "latest-blessed-model-resolver"
    # As late as can be: a run that ended during the training counts.
    find = document.task("latest-blessed-model-resolver")
    assert find["dependentTasks"] == ["ImportExampleGen", "Trainer"]
    ledger = document.task("Evaluator-ledger")
    assert ledger["dependentTasks"] == ["Evaluator", "Trainer"]
    run = ledger["inputs"]["parameters"]["run"]["runtimeValue"]["constant"]
    assert run == dsl.PIPELINE_JOB_ID_PLACEHOLDER


def test_a_training_that_goes_on_from_the_latest_blessed_model_makes_no_circle(tmp_path):
    examples = Importer(source_uri="s3://bucket/x", artifact_type=Examples).with_id("examples")
    latest = Resolver(
        strategy_class=LatestBlessedModelStrategy,
        model=Channel(type=Model), model_blessing=Channel(type=ModelBlessing),
    ).with_id("latest")  # fmt: skip
    trainer = tfx.Trainer(
        run_fn="a.b", examples=examples.outputs["result"], base_model=latest.outputs["model"],
        train_args=trainer_pb2.TrainArgs(num_steps=1),
    )  # fmt: skip
    evaluator = tfx.Evaluator(
        examples=examples.outputs["result"], model=trainer.outputs["model"],
        baseline_model=latest.outputs["model"],
    )  # fmt: skip
    document = made.compiled(made.pipeline([examples, latest, trainer, evaluator]), tmp_path)
    before = {name: task.get("dependentTasks", []) for name, task in document.tasks.items()}
    assert before["latest"] == ["examples"]
    order = list(TopologicalSorter(before).static_order())
    assert order.index("latest") < order.index("Trainer") < order.index("Evaluator-ledger")


def test_what_can_be_old_is_never_cached(document):
    cached = {name for name in document.tasks if document.task(name)["cachingOptions"]}
    assert set(document.tasks) - cached == {
        "Evaluator-ledger", "ImportExampleGen-fingerprint", "latest-blessed-model-resolver"
    }  # fmt: skip
    given = document.task("ImportExampleGen")["inputs"]["parameters"]["input_fingerprint"]
    assert given["taskOutputParameter"] == {
        "outputParameterKey": "input_fingerprint",
        "producerTask": "ImportExampleGen-fingerprint",
    }


def test_without_a_cache_there_are_no_fingerprints(tmp_path):
    document = made.compiled(made.pipeline([tfx.CsvExampleGen(made.DATA)]), tmp_path)
    assert list(document.tasks) == ["CsvExampleGen"]
    assert document.task("CsvExampleGen")["cachingOptions"] == {}


def test_a_fingerprint_has_the_mounts_of_its_reader(tmp_path):
    node = tfx.CsvExampleGen("/data/csv")
    document = made.compiled(
        made.pipeline([node], enable_cache=True), tmp_path, {"CsvExampleGen": made.MOUNTS}
    )
    assert document.pod("CsvExampleGen-fingerprint") == document.pod("CsvExampleGen") != {}


def test_two_processes_write_the_same_bytes_and_nothing_of_the_machine(tmp_path):
    module = tmp_path / "penguin.py"
    module.write_text("")
    code = (
        "import made, sys; from pathlib import Path; folder = Path(sys.argv[1]); folder.mkdir();"
        "made.compiled(made.stranger(sys.argv[2], enable_cache=True), folder)"
    )
    for name in ("one", "two"):
        subprocess.run(
            [sys.executable, "-c", code, tmp_path / name, module],
            cwd=Path(made.__file__).parent, check=True,
        )  # fmt: skip
    one, two = ((tmp_path / name / "pipeline.yaml").read_bytes() for name in ("one", "two"))
    assert one == two
    for leak in (str(tmp_path), str(Path.home()), str(Path(made.__file__).parent), ".whl"):
        assert leak not in one.decode()


def test_a_module_file_is_a_module_of_the_image_and_the_pipeline_stays(tmp_path):
    module = tmp_path / "penguin.py"
    module.write_text("")
    pipeline = made.stranger(str(module))
    document = made.compiled(pipeline, tmp_path)
    for name in ("Trainer", "Transform"):
        given = document.task(name)["inputs"]["parameters"]
        assert given["module_path"] == {"runtimeValue": {"constant": "penguin"}}
        assert "module_file" not in given
        assert document.argument(name, "--module_sha256") == hashlib.sha256(b"").hexdigest()
    trainer = next(node for node in pipeline.components if node.id == "Trainer")
    assert trainer.exec_properties["module_file"] == str(module)


def test_a_pipeline_that_ran_here_before_gives_the_same_document(tmp_path):
    module = tmp_path / "penguin.py"
    module.write_text("")
    pipeline = made.stranger(str(module))
    before = made.compiled(pipeline, tmp_path).path.read_bytes()
    with zipfile.ZipFile(tmp_path / "x.whl", "w") as wheel:
        wheel.write(module, "penguin.py")
    for node in pipeline.components:
        if node.exec_properties.get("module_file"):
            node.exec_properties["module_file"] = None
            node.exec_properties["module_path"] = f"penguin@{tmp_path}/x.whl"
    assert made.compiled(pipeline, tmp_path).path.read_bytes() == before


def test_a_condition_is_a_node_whose_value_is_compared(tmp_path):
    model = Importer(source_uri="s3://bucket/model", artifact_type=Model).with_id("model")
    write = made.Write(model=model.outputs["result"])
    holds = write.outputs["card"].future()[0].property("pages") > 3
    with Cond(holds):
        first = made.Read(card=write.outputs["card"]).with_id("first")
    with Cond(holds):
        second = made.Read(card=write.outputs["card"]).with_id("second")
    document = made.compiled(made.pipeline([model, write, first, second]), tmp_path)
    assert [name for name in document.tasks if name.startswith("condition")] == ["condition-1"]
    for name in ("first", "second"):
        task = document.task(name)
        assert task["triggerPolicy"] == {
            "condition": "inputs.parameter_values['condition-1'] == 'true'"
        }
        assert task["inputs"]["parameters"]["condition-1"]["taskOutputParameter"] == {
            "outputParameterKey": "holds", "producerTask": "condition-1"
        }  # fmt: skip
    assert "triggerPolicy" not in document.task("Write")
    assert document.task("condition-1")["dependentTasks"] == ["Write"]


def test_an_exit_handler_waits_for_the_graph_of_all_others(tmp_path):
    steps = RuntimeParameter("count", ptype=int, default=3)
    examples = Importer(source_uri="s3://bucket/x", artifact_type=Examples).with_id("examples")
    shell = made.Shell(examples=examples.outputs["result"], flag="x", count=steps)
    pipeline = made.pipeline([examples, shell])
    document = made.compiled(pipeline, tmp_path, exit_handler=made.Last(status=FinalStatusStr()))
    assert set(document.tasks) == {"nodes", "Last"}
    assert document.tasks["Last"]["dependentTasks"] == ["nodes"]
    assert document.tasks["Last"]["triggerPolicy"] == {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}
    status = document.tasks["Last"]["inputs"]["parameters"]["status"]
    assert status == {"taskFinalStatus": {"producerTask": "nodes"}}
    kind = document.component("Last")["inputDefinitions"]["parameters"]["status"]
    assert kind == {"parameterType": "TASK_FINAL_STATUS", "isOptional": True}
    assert document.tasks["nodes"]["inputs"]["parameters"]["count"] == {
        "componentInputParameter": "count"
    }
    inner = document.spec["components"]["comp-nodes"]
    assert set(inner["dag"]["tasks"]) == {"Shell", "examples"}
    assert inner["inputDefinitions"] == document.spec["root"]["inputDefinitions"]
    components.load_component_from_file(str(document.path))


def test_ids_and_names_are_cleaned(tmp_path):
    node = tfx.CsvExampleGen(made.DATA).with_id("Csv.Example_Gen")
    document = made.compiled(made.pipeline([node], name="My_Pipeline"), tmp_path)
    assert list(document.tasks) == ["Csv-Example-Gen"]
    assert document.spec["pipelineInfo"]["name"] == "my-pipeline"
    assert document.argument("Csv-Example-Gen", "--node_id") == "Csv.Example_Gen"


def test_what_a_node_asks_for_itself_is_kept_for_example_gens_too(tmp_path):
    spec = pipeline_spec_pb2.PipelineDeploymentConfig.PipelineContainerSpec.ResourceSpec(
        cpu_limit=2, memory_limit=8
    )
    node = tfx.CsvExampleGen(made.DATA).with_platform_config(spec)
    document = made.compiled(made.pipeline([node]), tmp_path, {"*": NodeConfig(cpu=1)})
    assert document.container("CsvExampleGen")["resources"] == {
        "resourceCpuLimit": "2.0", "resourceMemoryLimit": "8G"
    }  # fmt: skip
