"""Files of sensor values made up, and SensorExampleGen's executor run on them."""

import json
from pathlib import Path

import numpy as np
import tensorflow as tf
from tfx.components.example_gen import utils
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.proto import example_gen_pb2
from tfx.types import standard_artifacts
from tfx.utils import proto_utils

from tfx_updaters.components import SensorExampleGen
from tfx_updaters.components.examples.sensor_executor import Executor
from tfx_updaters.pipelines.training import BEAM_IN_MEMORY


class Made:
    """What a run of the executor left."""

    def __init__(self, artifact: standard_artifacts.Examples):
        self.artifact = artifact
        self.counts = json.loads((Path(artifact.uri) / "windows.json").read_text())
        self.examples = {split: _read(Path(artifact.uri), split) for split in ("train", "eval")}

    def labels(self, split: str) -> list[int]:
        return [example["label"] for example in self.examples[split]]


def _read(folder: Path, split: str) -> list[dict]:
    files = sorted(map(str, (folder / f"Split-{split}").glob("*.gz")))
    examples = []
    for record in tf.data.TFRecordDataset(files, "GZIP"):
        feature = tf.train.Example.FromString(record.numpy()).features.feature
        examples.append(
            {
                "window": np.array(feature["window"].float_list.value, np.float32),
                "label": feature["label"].int64_list.value[0],
                "group": feature["group"].bytes_list.value[0].decode(),
                "start": feature["start"].int64_list.value[0],
            }
        )
    return sorted(examples, key=lambda example: (example["group"], example["start"]))


def made(base: Path, out: Path, windows, pattern: str = "*") -> Made:
    """Runs the executor as TFX does, with the properties of the node."""
    node = SensorExampleGen(
        str(base), windows=windows, input_config=utils.make_default_input_config(pattern)
    )
    properties = dict(node.exec_properties)
    for key, value in properties.items():
        if isinstance(value, example_gen_pb2.Input | example_gen_pb2.Output):
            properties[key] = proto_utils.proto_to_json(value)
    artifact = standard_artifacts.Examples()
    artifact.uri = str(out)
    context = BaseBeamExecutor.Context(beam_pipeline_args=list(BEAM_IN_MEMORY))
    Executor(context).Do({}, {"examples": [artifact]}, properties)
    return Made(artifact)


def write_csv(path: Path, rows, header="time,x,y,activity") -> None:
    """A CSV file of these rows, each a sequence of cells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [header, *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")


def walking(count: int, seed: int = 0, period: int = 40, every: float = 0.1) -> list[tuple]:
    """Rows of a made-up accelerometer: `walk` swings, `rest` does not, in turn."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(count):
        moving = (k // period) % 2
        x = np.sin(k) * moving + rng.normal(0, 0.1)
        y = 10 + np.cos(k) * moving + rng.normal(0, 0.1)
        rows.append((f"{k * every:.1f}", f"{x:.4f}", f"{y:.4f}", ("rest", "walk")[moving]))
    return rows
