"""Runs the node, and the stock one, on examples that carry the predictions of the models."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import parrots
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2
from tfx.components.evaluator.executor import Executor as StockExecutor
from tfx.types import standard_artifacts
from tfx.utils import json_utils, proto_utils

from tfx_updaters.components import testing
from tfx_updaters.components.evaluator.decision import Decision
from tfx_updaters.components.evaluator.executor import Executor

# Without an image for remote workers TFX packs its own sources for them, a second each time.
BEAM = [
    "--runner=FnApiRunner",
    "--direct_running_mode=in_memory",
    "--sdk_container_image=none",
]
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Result:
    """What a node left."""

    blessed: int | None
    files: list[str]
    evaluation: str
    blessing: standard_artifacts.ModelBlessing
    inputs: Mapping[str, Any]

    @property
    def decision(self) -> Decision:
        return Decision.from_json((Path(self.blessing.uri) / "decision.json").read_text())

    def values(self, model: str | None = None) -> dict[Any, dict[str, float]]:
        """Values by slice and metric, as TFMA reads them."""
        found = tfma.load_eval_result(self.evaluation, model_name=model)
        return {
            where: {
                name: value.get("doubleValue", value.get("boundedValue"))
                for name, value in metrics[""][""].items()
            }
            for where, metrics in found.slicing_metrics
        }


def rows(
    count: int, accuracy: float, seed: int = 0, classes: int = 3, baseline: float | None = None,
    **more: Any,
) -> list[dict[str, Any]]:  # fmt: skip
    """Examples whose predictions `p`, and `q` of the baseline, are right for just that share."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=count)
    found = {"p": _predictions(rng, labels, classes, accuracy)}
    if baseline is not None:
        found["q"] = _predictions(rng, labels, classes, baseline)
    return [
        {
            "label": int(labels[i]), "group": b"ab"[i % 2 : i % 2 + 1], "n": seed * 10**6 + i,
            **{name: values[i] for name, values in found.items()}, **more,
        }
        for i in range(count)
    ]  # fmt: skip


def _predictions(
    rng: np.random.Generator, labels: np.ndarray, classes: int, accuracy: float
) -> np.ndarray:
    count = len(labels)
    wrong = rng.permutation(count) < count - round(accuracy * count)
    top = np.where(wrong, (labels + 1) % classes, labels)
    values = rng.uniform(0.1, 0.5, size=(count, classes))
    values[np.arange(count), top] += 1.0
    return (values / values.sum(axis=1, keepdims=True)).astype(np.float32)


def run(
    folder: Path, splits: Mapping[str, Rows], config: config_pb2.EvalConfig,
    baseline: bool = False, stock: bool = False, drift: Any = None, **properties: Any,
) -> Result:  # fmt: skip
    """Runs the node's executor as TFX does, on new artifacts below `folder`."""
    classes = {name: len(value) for name, value in next(iter(splits.values()))[0].items()
               if name in "pq"}  # fmt: skip
    examples = testing.write_examples(folder / "examples", splits)
    inputs = {"examples": [examples], "model": [model(folder / "model", {"p": classes["p"]})]}
    if baseline:
        inputs["baseline_model"] = [model(folder / "baseline", {"q": classes["q"]})]
    if drift is not None:
        inputs["drift_examples"] = [drift]
    return evaluate(folder, inputs, config, stock, **properties)


def again(
    folder: Path, config: config_pb2.EvalConfig, before: Result, stock: bool = False,
    **properties: Any,
) -> Result:  # fmt: skip
    """Runs a node on the artifacts that `run` made."""
    return evaluate(folder, before.inputs, config, stock, **properties)


def model(folder: Path, outputs: Mapping[str, int]) -> standard_artifacts.Model:
    """A Model artifact that predicts these features."""
    parrots.parrot(folder, outputs)
    return stored(folder)


def stored(folder: Path) -> standard_artifacts.Model:
    """The Model artifact of a folder."""
    artifact = standard_artifacts.Model()
    artifact.uri = str(folder)
    return artifact


def evaluate(
    folder: Path, inputs: Mapping[str, Any], config: config_pb2.EvalConfig, stock: bool = False,
    beam: Sequence[str] = BEAM, **properties: Any,
) -> Result:  # fmt: skip
    """Runs the executor of our node or of the stock one on these artifacts."""
    evaluation, blessing = standard_artifacts.ModelEvaluation(), standard_artifacts.ModelBlessing()
    kind = "stock" if stock else "ours"
    evaluation.uri, blessing.uri = (
        str(folder / kind / "evaluation"),
        str(folder / kind / "blessing"),
    )
    for artifact in (evaluation, blessing):
        Path(artifact.uri).mkdir(parents=True, exist_ok=True)
    cls = StockExecutor if stock else Executor
    context = cls.Context(beam_pipeline_args=list(beam), tmp_dir=str(folder / "tmp"), unique_id="1")
    exec_properties = {
        "eval_config": proto_utils.proto_to_json(config),
        "example_splits": json_utils.dumps(properties.pop("example_splits", None)),
        **properties,
    }
    outputs = {"evaluation": [evaluation], "blessing": [blessing]}
    # TFX reads the options of the program that runs it: pytest's `-v` is none of absl's.
    with mock.patch.object(sys, "argv", sys.argv[:1]):
        cls(context).Do(dict(inputs), outputs, exec_properties)
    said = blessing.get_custom_property("blessed")
    files = sorted(path.name for path in Path(blessing.uri).iterdir())
    return Result(said, files, evaluation.uri, blessing, inputs)
