"""What cannot go to Kubeflow, named at compile time with what to do instead."""

import made
import pytest
from tfx import components as tfx
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.base_driver import BaseDriver
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.dsl.components.common.importer import Importer
from tfx.dsl.components.common.resolver import Resolver
from tfx.dsl.input_resolution.strategies.latest_artifact_strategy import LatestArtifactStrategy
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import example_gen_pb2, infra_validator_pb2
from tfx.types import Channel
from tfx.types.channel_utils import union
from tfx.types.component_spec import ComponentSpec
from tfx.types.standard_artifacts import Examples, Model

from tfx_updaters.kfp.errors import ConfigError, KubeflowError, UnsupportedError
from tfx_updaters.kfp.nodes import Claim, NodeConfig


def examples(name="examples"):
    return Importer(source_uri="s3://bucket/x", artifact_type=Examples).with_id(name)


class Driver(BaseDriver):
    """One that KFP would not run."""


class Spec(ComponentSpec):
    """Of a node without anything."""

    PARAMETERS, INPUTS, OUTPUTS = {}, {}, {}


class Driven(BaseComponent):
    """A node with a driver of its own."""

    SPEC_CLASS = Spec
    EXECUTOR_SPEC = ExecutorClassSpec(BaseExecutor)
    DRIVER_CLASS = Driver

    def __init__(self):
        super().__init__(spec=Spec())


def infra_validator():
    model = Importer(source_uri="s3://bucket/m", artifact_type=Model).with_id("model")
    serving = infra_validator_pb2.ServingSpec()
    serving.tensorflow_serving.tags.append("latest")
    return [model, tfx.InfraValidator(model=model.outputs["result"], serving_spec=serving)]


def local_class():
    class Executor(BaseExecutor):
        """Cannot be imported."""

    class Local(Driven):
        EXECUTOR_SPEC = ExecutorClassSpec(Executor)
        DRIVER_CLASS = BaseDriver

    return [Local()]


def computed():
    model = Importer(source_uri="s3://bucket/model", artifact_type=Model).with_id("model")
    write = made.Write(model=model.outputs["result"])
    read = made.Read(card=write.outputs["card"])
    words = read.outputs["words"].future()[0].value
    return [model, write, read, made.Use(words=words, score=words + words)]


def two_defaults():
    given = [RuntimeParameter("n", ptype=int, default=default) for default in (1, 2)]
    source = examples()
    return [source] + [
        made.Shell(examples=source.outputs["result"], flag="x", count=n).with_id(f"n{n.default}")
        for n in given
    ]


def joined():
    one, two = examples("one"), examples("two")
    both = union([one.outputs["result"], two.outputs["result"]])
    return [one, two, made.Take(examples=both)]


def accelerator():
    from kfp.pipeline_spec import pipeline_spec_pb2

    asked = pipeline_spec_pb2.PipelineDeploymentConfig.PipelineContainerSpec.ResourceSpec()
    asked.accelerator.type, asked.accelerator.count = "NVIDIA_TESLA_T4", 1
    return [tfx.CsvExampleGen(made.DATA).with_platform_config(asked)]


def latest(kind=Examples):
    return [Resolver(strategy_class=LatestArtifactStrategy, examples=Channel(type=kind))]


NODES = {
    "infra validator": (infra_validator, "InfraValidator.*leave it out"),
    "resolver": (latest, "Resolver asks ML Metadata.*Importer"),
    "driver": (lambda: [Driven()], r"driver .*\.Driver.*executor"),
    "channel without producer": (
        lambda: [made.Take(examples=Channel(type=Examples))],
        "input 'examples' is a Channel without one producer",
    ),
    "union": (joined, "input 'examples' is a UnionChannel"),
    "class in a function": (local_class, "cannot be imported by another process"),
    "computed property": (computed, "'score' is a computed placeholder"),
    "two defaults": (two_defaults, "RuntimeParameter 'n' has another type or default"),
    "pipeline in a pipeline": (
        lambda: [Pipeline("inner", components=[examples()])], "'inner': a pipeline in a pipeline"
    ),
    "two ids": (
        lambda: [examples("a.b"), examples("a_b")], "'a.b' and 'a_b' would both be 'a-b'"
    ),
    "no id": (lambda: [examples("__")], "nothing is left"),
    "accelerator of Vertex": (accelerator, "NVIDIA_TESLA_T4, a name of Vertex AI"),
    "local data": (lambda: [tfx.CsvExampleGen("/data")], "input_base: received the path /data"),
    "relative data": (lambda: [tfx.CsvExampleGen("data")], "input_base: received the path data"),
    "local import": (
        lambda: [Importer(source_uri="/x", artifact_type=Model).with_id("m")], "artifact_uri.* /x"
    ),
    "module file": (
        lambda: [tfx.Trainer(module_file="/nowhere.py", examples=Channel(type=Examples))],
        "there is no file /nowhere.py",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NODES)
def test_a_node_is_refused_with_what_to_do(case, tmp_path):
    nodes, message = NODES[case]
    with pytest.raises(UnsupportedError, match=message):
        made.compiled(made.pipeline(nodes()), tmp_path)
    assert not (tmp_path / "pipeline.yaml").exists()


def test_a_path_in_a_message_of_a_property_is_found(tmp_path):
    node = tfx.CsvExampleGen(
        made.DATA, input_config=example_gen_pb2.Input(splits=[{"name": "a", "pattern": "/local/*"}])
    )
    with pytest.raises(UnsupportedError, match="pattern: received the path /local"):
        made.compiled(made.pipeline([node]), tmp_path)


@pytest.mark.parametrize("path", ["/data/../etc", "/database", "/"])
def test_a_path_beside_a_volume_is_refused(path, tmp_path):
    nodes = {"*": NodeConfig(claims=(Claim("data", "/data"),))}
    with pytest.raises(UnsupportedError, match="it mounts /data"):
        made.compiled(made.pipeline([tfx.CsvExampleGen(path)]), tmp_path, nodes)


def test_the_strategy_that_is_replaced_needs_no_change(tmp_path):
    nodes = {"*": NodeConfig(claims=(Claim("data", "/data"), Claim("pipe", "/pipe")))}
    assert made.compiled(made.main(), tmp_path, nodes).tasks


SETTINGS = {
    "unknown node": ({"nodes": {"Csvexamplegen": NodeConfig()}}, "did you mean 'CsvExampleGen'"),
    "no NodeConfig": ({"nodes": {"CsvExampleGen": {"gpu": 1}}}, "a NodeConfig is needed"),
    "gpu for all": (
        {"nodes": {"*": NodeConfig(gpu=1, gpu_resource="nvidia.com/gpu")}}, "a GPU for every node"
    ),
    "no image": ({"images": {"gpu": "x"}}, "'CsvExampleGen': has no image"),
    "no gpu image": (
        {
            "images": {"cpu": "x"},
            "nodes": {"CsvExampleGen": NodeConfig(gpu=1, gpu_resource="nvidia.com/gpu")},
        },
        "'gpu': ...",
    ),
    "kind of image": ({"images": {"cpu": "x", "gpus": "x"}}, "did you mean 'gpu'"),
    "local root": ({"pipeline_root": "/tmp/x"}, "gs:// or minio:// or s3://"),
}  # fmt: skip


@pytest.mark.parametrize("case", SETTINGS)
def test_a_setting_is_refused_with_what_is_allowed(case, tmp_path):
    given, message = SETTINGS[case]
    with pytest.raises(ConfigError, match=message):
        made.compiled(made.pipeline([tfx.CsvExampleGen(made.DATA)]), tmp_path, **given)


def test_json_is_no_output(tmp_path):
    from tfx_updaters.kfp.compile import compile

    with pytest.raises(ConfigError, match=r"\.yaml"):
        compile(made.pipeline([examples()]), tmp_path / "pipeline.json", images="x")


def test_an_exit_handler_that_takes_an_output_is_refused(tmp_path):
    source = examples()
    handler = made.Take(examples=source.outputs["result"])
    with pytest.raises(UnsupportedError, match="takes an output of 'examples'"):
        made.compiled(made.pipeline([source]), tmp_path, exit_handler=handler)


def test_all_refusals_are_one_kind_of_error():
    assert issubclass(ConfigError, KubeflowError) and issubclass(UnsupportedError, KubeflowError)
