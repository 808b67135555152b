"""Our Evaluator and the stock one on the same artifacts, to be timed: a small CNN on images."""

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from lib import flink, processes

CLASSES, SHAPE = 10, (8, 8, 1)
BEAM = ["--runner=FnApiRunner", "--direct_running_mode=in_memory"]
TWO = ["--runner=FnApiRunner", "--direct_running_mode=multi_processing", "--direct_num_workers=2"]
MODULE = "tfx_updaters.components.evaluator.metrics"
INNER = ("SparseCategoricalAccuracy", "SparseCategoricalCrossentropy")
WARM = 200


def write(folder: Path, counts: Sequence[int]) -> None:
    """Examples of each of these numbers, four fifths of them for training, and two CNNs."""
    from tfx_updaters.components import testing

    for number, seed in (("candidate", 0), ("baseline", 1)):
        _model(folder / number, seed)
    for count in (WARM, *counts):
        rng = np.random.default_rng(count)
        share = {"train": count * 4 // 5, "eval": count // 5}
        testing.write_examples(
            folder / f"examples-{count}", {split: _rows(rng, n) for split, n in share.items()}
        )


def write_one(folder: Path, count: int) -> None:
    """The same for one number of examples."""
    write(folder, [count])


def _rows(rng: np.random.Generator, count: int) -> Any:
    for label in rng.integers(CLASSES, size=count):
        yield {"image": rng.normal(size=64).astype("float32"), "label": int(label)}


def _model(folder: Path, seed: int) -> None:
    import keras
    import tensorflow as tf

    from tfx_updaters.components.trainer import cnn

    keras.utils.set_random_seed(seed)
    model = cnn.image(SHAPE, CLASSES)
    spec = {"image": tf.io.FixedLenFeature(SHAPE, tf.float32)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(examples):
        return {"outputs": model(tf.io.parse_example(examples, spec)["image"], training=False)}

    signatures = {"serving_default": serve}
    tf.saved_model.save(model, str(folder / "Format-Serving"), signatures=signatures)


def ours(
    folder: Path, count: int, baseline: bool = False, beam: Sequence[str] = BEAM
) -> dict[str, Any]:
    """Both metrics on both splits and their gaps, with intervals, and what was decided."""
    from tfx_updaters.components.evaluator.executor import Executor

    metrics = []
    for inner in INNER:
        metric = {"metric": {"class_name": inner}, "burden": "model"}
        metrics += [
            _metric("SplitMetric", metric, MODULE),
            _metric("SplitMetric", {**metric, "split": "reference"}, MODULE),
            _metric("GeneralizationGap", metric, MODULE, gated=True),
        ]
    run = [(Executor, metrics, None)]
    return _timed(folder, count, run, baseline, beam)


def ours_in_two_processes(folder: Path, count: int) -> dict[str, Any]:
    """The same as `ours`, on two of Beam's workers."""
    return ours(folder, count, beam=TWO)


def ours_on_flink(folder: Path, count: int) -> dict[str, Any]:
    """The same as `ours`, on Flink."""
    with flink.serving(2) as beam:
        found = ours(folder, count, beam=beam)
    return {**found, "peak": processes.peak()}


def ours_with_baseline(folder: Path, count: int) -> dict[str, Any]:
    """The same, and each as a change against a baseline."""
    return ours(folder, count, baseline=True)


def stock(folder: Path, count: int) -> dict[str, Any]:
    """Two stock nodes with the same two metrics, one for each split."""
    from tfx.components.evaluator.executor import Executor

    metrics = [_metric(inner, {}, "", gated=True) for inner in INNER]
    return _timed(folder, count, [(Executor, metrics, [split]) for split in ("train", "eval")])


def _metric(name: str, config: Mapping[str, Any], module: str, gated: bool = False) -> Any:
    from tensorflow_model_analysis.proto import config_pb2

    metric = config_pb2.MetricConfig(
        class_name=name, module=module, config=json.dumps(config) if config else ""
    )
    if gated:
        metric.threshold.value_threshold.upper_bound.value = 100.0
    return metric


def _timed(
    folder: Path, count: int, runs: Any, baseline: bool = False, beam: Sequence[str] = BEAM
) -> dict[str, Any]:
    """Seconds after a run on few examples, and the most MiB of memory that the process had."""
    for node in runs:
        _execute(folder, WARM, *node, baseline, beam)
    began = time.perf_counter()
    said = [_execute(folder, count, *node, baseline, beam) for node in runs]
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "peak": processes.peak(), "said": said}


def _execute(
    folder: Path, count: int, executor: Any, metrics: Any, splits: Any, baseline: bool,
    beam: Sequence[str],
) -> str:  # fmt: skip
    """Runs a node as TFX does; what its decision and its metrics are, byte by byte."""
    from tensorflow_model_analysis.proto import config_pb2
    from tfx.types import standard_artifacts
    from tfx.utils import json_utils, proto_utils

    from tfx_updaters.components import testing

    node = folder / f"node-{time.monotonic_ns()}"
    found = {"evaluation": standard_artifacts.ModelEvaluation()}
    found["blessing"] = standard_artifacts.ModelBlessing()
    for name, artifact in found.items():
        artifact.uri = str(node / name)
        (node / name).mkdir(parents=True)
    examples = testing.stored_examples(folder / f"examples-{count}", ["train", "eval"])
    inputs: dict[str, Any] = {"examples": [examples]}
    for name in ("candidate", "baseline") if baseline else ("candidate",):
        model = standard_artifacts.Model()
        model.uri = str(folder / name)
        inputs["model" if name == "candidate" else "baseline_model"] = [model]
    config = config_pb2.EvalConfig(
        model_specs=[config_pb2.ModelSpec(label_key="label")],
        slicing_specs=[config_pb2.SlicingSpec()],
        metrics_specs=[config_pb2.MetricsSpec(metrics=metrics)],
    )
    context = executor.Context(beam_pipeline_args=list(beam), tmp_dir=str(node), unique_id="1")
    executor(context).Do(
        inputs, {name: [artifact] for name, artifact in found.items()},
        {
            "eval_config": proto_utils.proto_to_json(config),
            "example_splits": json_utils.dumps(splits),
        },
    )  # fmt: skip
    written = sorted(node.glob("blessing/decision.json")) + sorted(node.glob("evaluation/metrics*"))
    said = "".join(path.read_bytes().hex() for path in written)
    shutil.rmtree(node)
    return said
