"""Seconds to compile pipelines for Kubeflow, and to start a node beside TFX's own entrypoint.

A node is started as a pod starts it, in a new process that imports everything; its executor does
nothing (`lib/nothing.py`). The two entrypoints take turns.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lib.bars import Bar
from tfx import components as tfx
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration.pipeline import Pipeline

from tfx_updaters.components.examples.records import Records
from tfx_updaters.kfp.compile import compile
from tfx_updaters.kfp.nodes import Claim, NodeConfig
from tfx_updaters.optimizers import get
from tfx_updaters.pipelines.training import Training, create_pipeline

DATA = Path("/data")
NODES = 200
ROUNDS = 5
OURS = "tfx_updaters.kfp.entrypoint"
STOCK = "tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor"


def main_pipeline() -> Pipeline:
    """The pipeline of `pipelines.training`."""
    records = Records(folder=DATA, counts={}, classes=10, shape=(8, 8, 1))
    return create_pipeline("digits", DATA, records, Training(updater=get("momentum"), steps=10))


def long_pipeline() -> Pipeline:
    """Chains of the nodes before a Trainer, 200 in all, 240 with their fingerprints."""
    nodes: list[BaseNode] = []
    for i in range(NODES // 5):
        examples = tfx.CsvExampleGen(str(DATA)).with_id(f"examples-{i}")
        statistics = tfx.StatisticsGen(examples.outputs["examples"]).with_id(f"statistics-{i}")
        schema = tfx.SchemaGen(statistics.outputs["statistics"]).with_id(f"schema-{i}")
        validator = tfx.ExampleValidator(
            statistics.outputs["statistics"], schema.outputs["schema"]
        ).with_id(f"validator-{i}")
        transform = tfx.Transform(
            examples.outputs["examples"], schema.outputs["schema"], preprocessing_fn="a.b"
        ).with_id(f"transform-{i}")
        nodes += [examples, statistics, schema, validator, transform]
    return Pipeline("long", "s3://bucket/root", components=nodes, enable_cache=True)


def seconds(make: Callable[[], Pipeline]) -> float:
    """The median of compiling, without making the pipeline."""
    pipeline, times = make(), []
    nodes = {"*": NodeConfig(claims=(Claim("data", str(DATA)),))}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            began = time.perf_counter()
            compile(pipeline, Path(folder, "pipeline.yaml"), images="image", nodes=nodes)
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def started(entrypoint: str, folder: Path) -> float:
    """Seconds of a node that does nothing."""
    handed = {"inputs": {}, "outputs": {"outputFile": str(folder / "output.json")}}
    command = [
        sys.executable, "-m", entrypoint,
        "--executor_class_path", "lib.nothing.Executor",
        "--json_serialized_invocation_args", json.dumps(handed),
        "--json_serialized_inputs_spec_args", "{}",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    began = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return time.perf_counter() - began


def start_ratio() -> float:
    """Our entrypoint's seconds to TFX's, the median of pairs."""
    with tempfile.TemporaryDirectory() as name:
        pairs = [(started(OURS, Path(name)), started(STOCK, Path(name))) for _ in range(ROUNDS)]
    for entrypoint, times in zip(("ours", "stock"), zip(*pairs, strict=True), strict=True):
        print(f"start of a node, {entrypoint:<5} {statistics.median(times):5.1f} s")
    return statistics.median(ours / stock for ours, stock in pairs)


def main() -> int:
    """Prints one line for each bar; 1 if one is short of the goal."""
    bars = [
        Bar("compile the main pipeline, s", seconds(main_pipeline), None),
        Bar(f"compile {NODES} nodes, s", seconds(long_pipeline), 10.0),
        Bar("start of a node, ours/stock", start_ratio(), 1.05),
    ]
    print(*bars, sep="\n")
    return int(any(bar.short for bar in bars))


if __name__ == "__main__":
    sys.exit(main())
