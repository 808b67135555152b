"""Pipelines as TFX's examples are written, with nothing but one node exchanged."""

import json
from pathlib import Path

import keras
import made_up
import pytest
import tensorflow as tf
import tensorflow_model_analysis as tfma
from ml_metadata import MetadataStore
from tfx import components as tfx
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import pusher_pb2, trainer_pb2

from tfx_updaters.components import Evaluator, Trainer
from tfx_updaters.components.trainer.choice import Choice
from tfx_updaters.optimizers import get
from tfx_updaters.pipelines.training import BEAM_IN_MEMORY

MODULES = Path(__file__).parent / "modules"


def create_pipeline(
    root: Path, example_gen, module: str, label: str, metric: str,
    trainer=tfx.Trainer, evaluator=tfx.Evaluator, steps=60,
):  # fmt: skip
    """The nodes of the tutorials; `trainer` and `evaluator` make theirs from their arguments."""
    module_file = str(MODULES / module)
    statistics_gen = tfx.StatisticsGen(examples=example_gen.outputs["examples"])
    schema_gen = tfx.SchemaGen(
        statistics=statistics_gen.outputs["statistics"], infer_feature_shape=True
    )
    transform = tfx.Transform(
        examples=example_gen.outputs["examples"],
        schema=schema_gen.outputs["schema"],
        module_file=module_file,
    )
    training = trainer(
        module_file=module_file,
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema_gen.outputs["schema"],
        train_args=trainer_pb2.TrainArgs(num_steps=steps),
        eval_args=trainer_pb2.EvalArgs(num_steps=2),
    )
    bound = tfma.GenericValueThreshold(lower_bound={"value": 0.7})
    judging = evaluator(
        examples=example_gen.outputs["examples"],
        model=training.outputs["model"],
        eval_config=tfma.EvalConfig(
            model_specs=[tfma.ModelSpec(label_key=label)],
            slicing_specs=[tfma.SlicingSpec()],
            metrics_specs=[tfma.MetricsSpec(metrics=[tfma.MetricConfig(
                class_name=metric, threshold=tfma.MetricThreshold(value_threshold=bound),
            )])],
        ),
    )  # fmt: skip
    pusher = tfx.Pusher(
        model=training.outputs["model"],
        model_blessing=judging.outputs["blessing"],
        push_destination=pusher_pb2.PushDestination(
            filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=str(root / "serving"))
        ),
    )
    return Pipeline(
        pipeline_name="strangers",
        pipeline_root=str(root / "pipeline"),
        components=[
            example_gen, statistics_gen, schema_gen, transform, training, judging, pusher
        ],
        metadata_connection_config=sqlite_metadata_connection_config(str(root / "metadata.db")),
        beam_pipeline_args=list(BEAM_IN_MEMORY),
    )  # fmt: skip


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
PIPELINES = {
    "penguin": (
        made_up.write_penguins, tfx.CsvExampleGen, "penguin.py", "species",
        "SparseCategoricalAccuracy",
    ),
    "taxi": (made_up.write_taxi, tfx.CsvExampleGen, "taxi.py", "big_tipper", "BinaryAccuracy"),
    "mnist": (
        made_up.write_digits, tfx.ImportExampleGen, "mnist.py", "image_class",
        "SparseCategoricalAccuracy",
    ),
}  # fmt: skip
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
