"""The main pipeline: from TFRecords to a judged and pushed CNN, in nine TFX nodes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# Not `tfx.v1`: it brings the Google Cloud clients, seconds of imports that nothing here needs.
from tfx import components as tfx
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.resolver import Resolver
from tfx.dsl.input_resolution.strategies.latest_blessed_model_strategy import (
    LatestBlessedModelStrategy,
)
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import example_gen_pb2, pusher_pb2, trainer_pb2
from tfx.types import Channel, standard_artifacts

from tfx_updaters.components.evaluator.component import Evaluator
from tfx_updaters.components.evaluator.gate import Gate
from tfx_updaters.components.examples.records import IMAGE, SPLITS, WINDOW, Records, feature_of
from tfx_updaters.components.trainer import cnn
from tfx_updaters.components.trainer.component import Trainer
from tfx_updaters.components.trainer.config import TrainingConfig
from tfx_updaters.optimizers import UpdaterConfig
from tfx_updaters.pipelines import beam

# How examples are scaled, and the CNN for them, by the feature that has their values.
PREPROCESSING_FNS = {
    IMAGE: "tfx_updaters.components.examples.preprocessing.preprocessing_fn",
    WINDOW: "tfx_updaters.components.examples.sensor_preprocessing.preprocessing_fn",
}
MODEL_FNS = {IMAGE: cnn.image, WINDOW: cnn.window}


@dataclass(frozen=True)
class Data:
    """TFRecords with the splits `train*` and `eval*`.

    Attributes:
        address: of their folder.
        shape: (height, width, channels) of an image, or (time steps, channels) of a window.
        classes: number of classes.
    """

    address: str
    shape: tuple[int, ...]
    classes: int


@dataclass(frozen=True)
class Training:
    """How a pipeline trains and when its model is blessed.

    Attributes:
        updater: how the parameters are updated.
        steps: number of updates; or
        epochs: passes over the train split.
        batch_size: examples in an update.
        workers: processes that train together on the Trainer's machine.
        seed: of the initial weights and the order of examples.
        gate: what the model is pushed by. By default the gate has to show that a limit is
            broken: the few hundred examples of a demo cannot show that a good model keeps each.
            With thousands, let the model show it: `Gate()`.
    """

    updater: UpdaterConfig
    steps: int | None = None
    epochs: int | None = None
    batch_size: int = 32
    workers: int = 1
    seed: int = 0
    gate: Gate = Gate(burden="gate")


def create_pipeline(
    name: str, root: Path, records: Records, training: Training,
    beam_arguments: Sequence[str] = beam.IN_MEMORY,
) -> Pipeline:  # fmt: skip
    """ImportExampleGen to Pusher; everything they write lies under `root`.

    Args:
        name: of the pipeline.
        root: the folder of its artifacts, its metadata store and its pushed models.
        records: what it trains on.
        training: how it trains and when its model is blessed.
        beam_arguments: where the Beam nodes run; see `beam.arguments`.
    """
    data = Data(str(records.folder), records.shape, records.classes)
    return Pipeline(
        pipeline_name=name,
        pipeline_root=str(root / "artifacts"),
        metadata_connection_config=sqlite_metadata_connection_config(str(root / "metadata.sqlite")),
        enable_cache=True,
        beam_pipeline_args=list(beam_arguments),
        components=_nodes(data, training, str(root / "pushed" / name)),
    )


def create_cluster_pipeline(name: str, data: Data, training: Training, push_to: str) -> Pipeline:
    """The same nodes for a cluster, with nothing of this machine in them.

    Args:
        name: of the pipeline.
        data: `gs://...`, or a folder of a volume that the nodes mount: what TFX 1.21 reads with
            today's TensorFlow, which has no other stores.
        training: by epochs, as nothing here counts the examples.
        push_to: the folder for pushed models, an address of the same kind.
    """
    return Pipeline(
        pipeline_name=name,
        pipeline_root="",
        enable_cache=True,
        beam_pipeline_args=list(beam.IN_MEMORY),
        components=_nodes(data, training, push_to),
    )


def _nodes(data: Data, training: Training, push_to: str) -> list[BaseNode]:
    feature = feature_of(data.shape)
    examples = tfx.ImportExampleGen(
        input_base=data.address,
        input_config=example_gen_pb2.Input(
            splits=[
                example_gen_pb2.Input.Split(name=split, pattern=f"{split}*") for split in SPLITS
            ]
        ),
    )
    statistics = tfx.StatisticsGen(examples=examples.outputs["examples"])
    schema = tfx.SchemaGen(statistics=statistics.outputs["statistics"], infer_feature_shape=True)
    validator = tfx.ExampleValidator(
        statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"]
    )
    transform = tfx.Transform(
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        preprocessing_fn=PREPROCESSING_FNS[feature],
        custom_config={"shape": list(data.shape)},
    )
    trainer = Trainer(
        examples=transform.outputs["transformed_examples"],
        updater=training.updater,
        model_fn=MODEL_FNS[feature],
        model_args={"shape": list(data.shape), "classes": data.classes},
        training=TrainingConfig(
            epochs=training.epochs,
            batch_size=training.batch_size,
            workers=training.workers,
            seed=training.seed,
        ),
        transform_graph=transform.outputs["transform_graph"],
        schema=schema.outputs["schema"],
        train_args=trainer_pb2.TrainArgs(num_steps=training.steps) if training.steps else None,
    )
    resolver = Resolver(
        strategy_class=LatestBlessedModelStrategy,
        model=Channel(type=standard_artifacts.Model),
        model_blessing=Channel(type=standard_artifacts.ModelBlessing),
    ).with_id("latest_blessed_model_resolver")
    evaluator = Evaluator(
        examples=examples.outputs["examples"],
        model=trainer.outputs["model"],
        baseline_model=resolver.outputs["model"],
        gate=training.gate,
    )
    pusher = tfx.Pusher(
        model=trainer.outputs["model"],
        model_blessing=evaluator.outputs["blessing"],
        push_destination=pusher_pb2.PushDestination(
            filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=push_to)
        ),
    )
    return [
        examples, statistics, schema, validator, transform, trainer, resolver, evaluator, pusher,
    ]  # fmt: skip
