"""Pipelines as TFX's examples are written, on a few rows."""

from pathlib import Path

import made_up
import tensorflow_model_analysis as tfma
from tfx import components as tfx
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import pusher_pb2, trainer_pb2

from tfx_updaters.pipelines import beam

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
        beam_pipeline_args=list(beam.IN_MEMORY),
    )  # fmt: skip


# What writes the data, what reads them, the module, the label and the metric.
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
