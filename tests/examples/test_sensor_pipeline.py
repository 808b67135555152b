"""Sensor files to a judged model: SensorExampleGen in a TFX pipeline, with TFX's own nodes."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2
from sensor_runs import walking, write_csv
from tfx import components as tfx
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import example_gen_pb2

from tfx_updaters.components import (
    Evaluator,
    Gate,
    SensorExampleGen,
    Trainer,
    TrainingConfig,
    Windows,
)
from tfx_updaters.components.trainer import cnn
from tfx_updaters.pipelines.beam import IN_MEMORY

WINDOWS = Windows(
    length=16, stride=4, time="time", channels=("x", "y"), label="activity", label_by="majority"
)
PREPROCESSING = "tfx_updaters.components.examples.sensor_preprocessing.preprocessing_fn"


def generator(root: Path, pattern: str = "*") -> SensorExampleGen:
    return SensorExampleGen(
        str(root / "data"),
        windows=WINDOWS,
        input_config=example_gen_pb2.Input(
            splits=[example_gen_pb2.Input.Split(name="all", pattern=pattern)]
        ),
    )


def to_transform(examples: SensorExampleGen) -> list:
    statistics = tfx.StatisticsGen(examples=examples.outputs["examples"])
    schema = tfx.SchemaGen(statistics=statistics.outputs["statistics"])
    transform = tfx.Transform(
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        preprocessing_fn=PREPROCESSING,
        custom_config={"shape": list(WINDOWS.shape)},
    )
    return [examples, statistics, schema, transform]


def to_evaluator(examples: SensorExampleGen) -> list:
    *first, schema, transform = to_transform(examples)
    trainer = Trainer(
        examples=transform.outputs["transformed_examples"],
        updater="momentum",
        model_fn=cnn.window,
        model_args={"shape": list(WINDOWS.shape), "classes": 2},
        training=TrainingConfig(epochs=5),
        transform_graph=transform.outputs["transform_graph"],
        schema=schema.outputs["schema"],
    )
    evaluator = Evaluator(
        examples=examples.outputs["examples"],
        model=trainer.outputs["model"],
        gate=Gate(burden="gate"),
    )
    return [*first, schema, transform, trainer, evaluator]


def run(root: Path, nodes: list) -> None:
    """Runs the nodes; what they write lies under `root`."""
    database = sqlite_metadata_connection_config(str(root / "metadata.sqlite"))
    LocalDagRunner().run(
        Pipeline(
            pipeline_name="sensors",
            pipeline_root=str(root / "pipeline"),
            metadata_connection_config=database,
            enable_cache=True,
            beam_pipeline_args=list(IN_MEMORY),
            components=nodes,
        )
    )


def states(root: Path, node: str) -> list[str]:
    """How the executions of a node ended, one after the other."""
    store = MetadataStore(sqlite_metadata_connection_config(str(root / "metadata.sqlite")))
    State = metadata_store_pb2.Execution.State
    (kind,) = (t for t in store.get_execution_types() if t.name.endswith(node))
    found = sorted(store.get_executions_by_type(kind.name), key=lambda each: each.id)
    return [State.Name(each.last_known_state) for each in found]


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> Path:
    """The folder of a whole pipeline that ran twice on the same data."""
    root = tmp_path_factory.mktemp("sensors")
    for number in range(4):
        write_csv(root / "data" / f"{number}.csv", walking(800, number))
    for _ in range(2):
        run(root, to_evaluator(generator(root)))
    return root


def only(root: Path, pattern: str) -> Path:
    (found,) = root.glob(pattern)
    return found


def test_a_model_of_windows_is_trained_and_blessed(ran):
    assert only(ran, "pipeline/Evaluator/blessing/*/BLESSED")
    decision = json.loads(only(ran, "pipeline/Evaluator/blessing/*/decision.json").read_text())
    counts = json.loads(only(ran, "pipeline/SensorExampleGen/examples/*/windows.json").read_text())
    sums = {split: sum(by.values()) for split, by in counts["windows"].items()}
    assert decision["splits"] == sums


@pytest.mark.parametrize("node", ["SensorExampleGen", "Transform", "Trainer", "Evaluator"])
def test_a_second_run_is_cached(ran, node):
    assert states(ran, node) == ["COMPLETE", "CACHED"]


def test_the_schema_knows_the_size_of_a_window(ran):
    from tensorflow_metadata.proto.v0 import schema_pb2
    from tfx.utils import io_utils

    path = str(only(ran, "pipeline/SchemaGen/schema/*/schema.pbtxt"))
    schema = io_utils.parse_pbtxt_file(path, schema_pb2.Schema())
    sizes = {f.name: [dim.size for dim in f.shape.dim] for f in schema.feature}
    assert sizes == {"window": [32], "label": [1], "group": [1], "start": [1], "end": [1]}


def transformed(ran: Path, split: str) -> np.ndarray:
    """All transformed windows of a split: examples x steps x channels."""
    graph = tft.TFTransformOutput(str(only(ran, "pipeline/Transform/transform_graph/*")))
    files = only(ran, f"pipeline/Transform/transformed_examples/*/Split-{split}").glob("*.gz")
    records = tf.data.TFRecordDataset(sorted(map(str, files)), "GZIP")
    spec = graph.transformed_feature_spec()
    return np.stack([tf.io.parse_single_example(r, spec)["window"].numpy() for r in records])


def test_each_channel_is_scaled_by_train_alone(ran):
    train, held_out = transformed(ran, "train"), transformed(ran, "eval")
    assert train.shape[1:] == held_out.shape[1:] == (16, 2)
    np.testing.assert_allclose(train.mean((0, 1)), 0, atol=1e-4)
    np.testing.assert_allclose(train.std((0, 1)), 1, atol=1e-4)
    assert (np.abs(held_out.std((0, 1)) - 1) > 1e-3).any()


def test_the_model_serves_a_window(ran):
    served = tf.saved_model.load(str(only(ran, "pipeline/Trainer/model/*/Format-Serving")))
    files = only(ran, "pipeline/SensorExampleGen/examples/*/Split-eval").glob("*.gz")
    records = list(tf.data.TFRecordDataset(sorted(map(str, files)), "GZIP"))
    outputs = served.signatures["serving_default"](tf.stack(records))["outputs"].numpy()
    labels = [tf.train.Example.FromString(r.numpy()).features.feature["label"] for r in records]
    right = np.argmax(outputs, axis=1) == [label.int64_list.value[0] for label in labels]
    assert right.mean() > 0.9
    # Who asks need not know the series or the time.
    given = served.signatures["serving_raw"].structured_input_signature[1]
    assert list(given) == ["window"]


def test_changed_values_of_eval_change_no_scale(tmp_path):
    """The same train samples beside eval samples that are a hundred times as large."""
    scales = []
    for factor in (1, 100):
        root = tmp_path / str(factor)
        rows = walking(800)
        last = [(t, float(x) * factor, float(y) * factor, c) for t, x, y, c in rows[640:]]
        write_csv(root / "data" / "a.csv", [*rows[:640], *last])
        run(root, to_transform(generator(root)))
        scales.append(np.sort(transformed(root, "train"), axis=None))
        assert (np.abs(transformed(root, "eval")).max() > 50) == (factor == 100)
    # Transform sums in batches whose sizes depend on the time they take: the last digits vary.
    np.testing.assert_allclose(scales[0], scales[1], atol=1e-3)


def test_a_changed_file_or_another_configuration_makes_new_examples(tmp_path):
    write_csv(tmp_path / "data" / "a.csv", walking(800))
    run(tmp_path, [generator(tmp_path)])
    write_csv(tmp_path / "data" / "a.csv", walking(801))
    for _ in range(2):
        run(tmp_path, [generator(tmp_path)])
    assert states(tmp_path, "SensorExampleGen") == ["COMPLETE", "COMPLETE", "CACHED"]


def test_the_newest_span_and_version_is_read(tmp_path):
    for place, count in (("1/1", 400), ("2/1", 500), ("2/3", 600)):
        write_csv(tmp_path / "data" / place / "a.csv", walking(count))
    run(tmp_path, [generator(tmp_path, "{SPAN}/{VERSION}/*")])
    found = only(tmp_path, "pipeline/SensorExampleGen/examples/*/windows.json")
    assert json.loads(found.read_text())["samples"] == 600
    store = MetadataStore(sqlite_metadata_connection_config(str(tmp_path / "metadata.sqlite")))
    (artifact,) = store.get_artifacts_by_type("Examples")
    said = artifact.custom_properties
    assert (said["span"].int_value, said["version"].int_value) == (2, 3)
    assert "num_files:1" in said["input_fingerprint"].string_value
    assert said["classes"].string_value == '["rest", "walk"]'


def test_nothing_is_left_of_data_that_are_refused(tmp_path):
    write_csv(tmp_path / "data" / "a.csv", [*walking(800), ("x", "1", "2", "walk")])
    with pytest.raises(Exception, match="row 801, column 'time': 'x' is no time"):
        run(tmp_path, [generator(tmp_path)])
    assert states(tmp_path, "SensorExampleGen") == ["FAILED"]
    assert list((tmp_path / "pipeline" / "SensorExampleGen" / "examples").iterdir()) == []
