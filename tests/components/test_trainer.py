"""The Trainer node: what it takes and refuses when a pipeline is built, and in whole pipelines."""

import inspect
import json
import textwrap

import keras
import pytest
import yaml
from ml_metadata import MetadataStore
from tfx import types
from tfx.components import CsvExampleGen
from tfx.components import Trainer as StockTrainer
from tfx.components.trainer.executor import GenericExecutor
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec, ExecutorContainerSpec
from tfx.extensions.google_cloud_ai_platform.trainer import executor as ai_platform
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import trainer_pb2
from tfx.types import standard_artifacts
from tfx.utils import json_utils

from tfx_updaters.components import ArgumentError, Trainer
from tfx_updaters.components.trainer.choice import Choice
from tfx_updaters.components.trainer.component import OUR_TRAINING
from tfx_updaters.components.trainer.config import TrainingConfig
from tfx_updaters.components.trainer.executor import Executor
from tfx_updaters.optimizers import UpdaterError, get


def channel(kind=standard_artifacts.Examples):
    return types.Channel(type=kind)


def node(**arguments):
    """A node of a user's pipeline, with these arguments more or other."""
    given = {"examples": channel(), "updater": "momentum", "run_fn": "their.module.run_fn"}
    return Trainer(**{**given, **arguments})


def test_it_takes_all_that_the_stock_trainer_takes():
    stock = set(inspect.signature(StockTrainer.__init__).parameters)
    ours = inspect.signature(Trainer.__init__).parameters
    assert stock <= set(ours)
    assert all(p.kind is p.KEYWORD_ONLY for name, p in ours.items() if name != "self")


def test_what_the_stock_trainer_takes_means_the_same():
    arguments = {
        "examples": channel(),
        "transform_graph": channel(standard_artifacts.TransformGraph),
        "schema": channel(standard_artifacts.Schema),
        "base_model": channel(standard_artifacts.Model),
        "hyperparameters": channel(standard_artifacts.HyperParameters),
        "statistics": channel(standard_artifacts.ExampleStatistics),
        "run_fn": "their.module.run_fn",
        "train_args": RuntimeParameter("train_args", ptype=str, default='{"num_steps": 5}'),
        "eval_args": trainer_pb2.EvalArgs(num_steps=3),
        "custom_config": {"epochs": 3},
    }
    stock, ours = StockTrainer(**arguments), Trainer(updater="momentum", **arguments)
    assert ours.inputs == stock.inputs and set(ours.outputs) == {"model", "model_run"}
    more = {"updater": Choice.of("momentum").text, "dynamics_every": 10}
    assert ours.exec_properties == {**stock.exec_properties, **more}
    assert ours.id == stock.id == "Trainer"
    assert ours.with_id("Trainer.mine").id == "Trainer.mine"


def test_the_deprecated_and_the_absent():
    graph = channel(standard_artifacts.TransformGraph)
    old = node(examples=None, transformed_examples=channel(), transform_graph=graph)
    assert "examples" in old.inputs
    assert node(hyperparameters=None, schema=None).exec_properties["updater"]
    with pytest.raises(ValueError, match="Exactly one of 'example'"):
        node(examples=None)


@pytest.mark.parametrize(
    "updater",
    ["adam", get("adam"), {"updater": "adam"}, '{"updater": "adam"}', keras.optimizers.Adam(0.1)],
)
def test_an_updater_travels_as_canonical_json(updater):
    assert node(updater=updater).exec_properties["updater"] == Choice.of(updater).text


@pytest.mark.parametrize("updater", ["adma", {"updater": "adam", "rate": 1}, 3, None])
def test_a_wrong_updater_is_refused_when_the_pipeline_is_built(updater):
    with pytest.raises(UpdaterError):
        node(updater=updater)


def test_a_runtime_parameter_is_an_updater():
    parameter = RuntimeParameter("updater", ptype=str, default="adam")
    assert node(updater=parameter).exec_properties["updater"] is parameter
    node(updater=RuntimeParameter("updater", ptype=str))
    with pytest.raises(UpdaterError, match="did you mean 'momentum'"):
        node(updater=RuntimeParameter("updater", ptype=str, default="momentun"))
    with pytest.raises(UpdaterError, match="ptype=str is needed"):
        node(updater=RuntimeParameter("updater", ptype=float, default=0.5))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"run_fn": None}, "received none of run_fn, module_file, model_fn; exactly one"),
        ({"module_file": "a.py"}, "received run_fn and module_file of"),
        ({"model_fn": textwrap.dedent}, "received run_fn and model_fn of"),
        ({"run_fn": None, "model_fn": lambda: None}, "cannot import"),
        ({"run_fn": None, "model_fn": Choice("x").optimizer}, "cannot import"),
        ({"custom_config": {"updater": "adam"}}, "leave it out here"),
        (
            {
                "run_fn": None,
                "model_fn": textwrap.dedent,
                "custom_config": RuntimeParameter("config", ptype=str),
            },
            "a dictionary is needed",
        ),
        (
            {"custom_executor_spec": ExecutorClassSpec(ai_platform.GenericExecutor)},
            "ai_platform.*would train without the updater.*updater_from",
        ),
        ({"custom_executor_spec": ExecutorContainerSpec(image="theirs")}, "would train without"),
    ],
)
def test_other_wrong_arguments_are_refused(more, message):
    with pytest.raises(ArgumentError, match=message):
        node(**more)


class Theirs(Executor):
    """A user's executor."""


def test_executor_specs():
    path = "tfx_updaters.components.trainer.executor.Executor"
    assert node().executor_spec.class_path == path
    stock = ExecutorClassSpec(GenericExecutor)
    assert node(custom_executor_spec=stock).executor_spec.class_path == path
    theirs = node(custom_executor_spec=ExecutorClassSpec(Theirs))
    assert theirs.executor_spec.executor_class is Theirs


def test_a_model_fn_is_trained_by_us():
    """By its dotted name, as which any function at the top level of a module travels."""
    for model_fn in (textwrap.dedent, "textwrap.dedent"):
        made = node(
            run_fn=None, model_fn=model_fn, model_args={"width": 5}, training={"epochs": 2},
            custom_config={"mine": 1},
        )  # fmt: skip
        assert made.exec_properties["run_fn"] == OUR_TRAINING
        assert json_utils.loads(made.exec_properties["custom_config"]) == {
            "mine": 1,
            "model_fn": "textwrap.dedent",
            "model_args": {"width": 5},
            "training": TrainingConfig(epochs=2).to_json(),
        }


@pytest.fixture
def pipeline(tmp_path):
    """A pipeline of two nodes in a folder of its own; with the node's arguments."""
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv" / "rows.csv").write_text("x,y\n" + "0.5,1\n-0.5,0\n" * 20)

    def make(cls=Trainer, **arguments):
        examples = CsvExampleGen(str(tmp_path / "csv"))
        trainer = cls(
            examples=examples.outputs["examples"],
            train_args=trainer_pb2.TrainArgs(num_steps=2),
            **arguments,
        )
        return Pipeline(
            pipeline_name="theirs",
            pipeline_root=str(tmp_path / "root"),
            components=[examples, trainer],
            enable_cache=True,
            metadata_connection_config=sqlite_metadata_connection_config(str(tmp_path / "db")),
            beam_pipeline_args=["--direct_running_mode=in_memory"],
        )

    return make


def models(tmp_path):
    """The Model artifacts in the metadata store, the newest last."""
    store = MetadataStore(sqlite_metadata_connection_config(str(tmp_path / "db")))
    return sorted(store.get_artifacts_by_type("Model"), key=lambda artifact: artifact.id)


def test_a_changed_updater_is_trained_again_and_the_same_is_not(
    pipeline, module_file, tmp_path, monkeypatch
):
    module_file()
    monkeypatch.chdir(tmp_path)
    for updater in ("momentum", get("momentum"), get("momentum", momentum=0.5)):
        LocalDagRunner().run(pipeline(updater=updater, module_file="users_module.py"))
    trained = [json.loads(m.custom_properties["updater"].string_value) for m in models(tmp_path)]
    assert [document["momentum"] for document in trained] == [0.9, 0.5]


def test_a_runtime_parameter_with_a_default_runs_locally(
    pipeline, module_file, tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(module_file(name="dotted_for_local.py").parent)
    updater = RuntimeParameter("updater", ptype=str, default="adam")
    LocalDagRunner().run(pipeline(updater=updater, run_fn="dotted_for_local.run_fn"))
    (model,) = models(tmp_path)
    assert model.custom_properties["updater"].string_value == Choice.of("adam").text
    assert model.custom_properties["updater_steps"].int_value == 2


def test_a_failed_node_leaves_no_model(pipeline, module_file, tmp_path, monkeypatch):
    train = """
        def train(fn_args):
            model = dense()
            model.compile("adam", "mse")
            return model
    """
    monkeypatch.syspath_prepend(module_file(train, "dotted_untrained.py").parent)
    with pytest.raises(Exception, match="trained none of them"):
        LocalDagRunner().run(pipeline(updater="adam", run_fn="dotted_untrained.run_fn"))
    assert list((tmp_path / "root" / "Trainer").glob("model/*")) == []
    assert all(m.state != m.LIVE for m in models(tmp_path))


def test_the_stock_trainer_finds_the_updater_in_custom_config(
    pipeline, module_file, tmp_path, monkeypatch
):
    train = """
        def train(fn_args):
            from tfx_updaters.components import updater_from
            model = dense()
            model.compile(updater_from(fn_args), "mse")
            model.fit(X, Y, epochs=1, batch_size=8, verbose=0)
            assert model.optimizer.name == "per_layer_momentum"
            return model
    """
    monkeypatch.syspath_prepend(module_file(train, "dotted_second_way.py").parent)
    made = pipeline(
        StockTrainer,
        run_fn="dotted_second_way.run_fn",
        custom_config={"updater": get("per_layer_momentum").to_json()},
    )
    LocalDagRunner().run(made)
    assert len(models(tmp_path)) == 1


def test_it_compiles_for_kubeflow(pipeline, tmp_path):
    parameter = RuntimeParameter("updater", ptype=str, default="adam")
    for updater in (parameter, get("per_layer_momentum")):
        made = pipeline(updater=updater, run_fn="their.module.run_fn", custom_config={"a": 1})
        runner = kubeflow_v2_dag_runner.KubeflowV2DagRunner(
            kubeflow_v2_dag_runner.KubeflowV2DagRunnerConfig(
                default_image="image", use_pipeline_spec_2_1=True
            ),
            output_dir=str(tmp_path),
            output_filename="pipeline.yaml",
        )
        runner.run(made, write_out=True)
        document = yaml.safe_load((tmp_path / "pipeline.yaml").read_text())
        given = document["root"]["dag"]["tasks"]["Trainer"]["inputs"]["parameters"]["updater"]
        if updater is parameter:
            assert given == {"componentInputParameter": "updater"}
            root = document["root"]["inputDefinitions"]["parameters"]["updater"]
            assert root["parameterType"] == "STRING"
        else:
            assert given["runtimeValue"]["constant"] == Choice.of(updater).text
        (executor,) = [
            e for name, e in document["deploymentSpec"]["executors"].items() if "Trainer" in name
        ]
        assert "tfx_updaters.components.trainer.executor.Executor" in executor["container"]["args"]
