"""A pipeline that compares two updaters on digits, and trains with the one that it chose."""

from tfx.components import ImportExampleGen, SchemaGen, StatisticsGen
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import example_gen_pb2

from tfx_updaters.components import (
    Arm,
    Plan,
    Trainer,
    TrainingConfig,
    UpdaterStudy,
    UpdaterTrials,
)
from tfx_updaters.components.examples.named import write_digits
from tfx_updaters.optimizers import get
from tfx_updaters.pipelines.beam import IN_MEMORY

MODEL = {"shape": [8, 8, 1], "classes": 10, "filters": [4]}
IMAGE = "tfx_updaters.components.trainer.cnn.image"
# Six seeds are the fewest that show anything; the first updater learns nothing. Pixels are 0 to 16.
ADAM = get("adam", learning_rate=0.003)
PLAN = Plan(
    [Arm("still", get("sgd", learning_rate=1e-9)), Arm("adam", ADAM)],
    seeds=6, tuning=None, training=TrainingConfig(epochs=2), model_args=MODEL,
)  # fmt: skip


def pipeline(folder, fan_out=False):
    """Digits, a study of them, and a training with what it chose.

    With `fan_out` each updater is trained by a node of its own.
    """
    split = example_gen_pb2.Input.Split
    examples = ImportExampleGen(
        input_base=str(write_digits(folder / "digits")),
        input_config=example_gen_pb2.Input(
            splits=[split(name=name, pattern=f"{name}*") for name in ("train", "eval")]
        ),
    )
    statistics = StatisticsGen(examples=examples.outputs["examples"])
    schema = SchemaGen(statistics=statistics.outputs["statistics"], infer_feature_shape=True)
    given = {"examples": examples.outputs["examples"], "schema": schema.outputs["schema"]}
    parts = [UpdaterTrials(**given, plan=PLAN, arms=[a.name]) for a in PLAN.arms if fan_out]
    study = UpdaterStudy(**given, plan=PLAN, trials=[part.outputs["trials"] for part in parts])
    trainer = Trainer(
        examples=examples.outputs["examples"], schema=schema.outputs["schema"],
        updater=study.outputs["study"], model_fn=IMAGE, model_args=MODEL,
        training=TrainingConfig(epochs=1),
    )  # fmt: skip
    return Pipeline(
        pipeline_name="chosen", pipeline_root=str(folder / "root"), enable_cache=True,
        components=[examples, statistics, schema, *parts, study, trainer],
        metadata_connection_config=sqlite_metadata_connection_config(str(folder / "db")),
        beam_pipeline_args=list(IN_MEMORY),
    )  # fmt: skip
