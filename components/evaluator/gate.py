"""The gate in a line, for people who do not want to write an EvalConfig."""

import json
from dataclasses import dataclass
from typing import Any

from tensorflow_model_analysis.proto import config_pb2

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.evaluator.metrics.gated import MODULE

ACCURACY = "SparseCategoricalAccuracy"
LOSS = "SparseCategoricalCrossentropy"


@dataclass(frozen=True)
class Gate:
    """When a classifier may be pushed; each limit may be None, which is no limit.

    Attributes:
        max_gap: accuracy on the reference split minus accuracy on the evaluation split.
        min_accuracy: on the evaluation split.
        worst_class: accuracy of the class that it is lowest for, on the evaluation split.
        no_worse_than_blessed: by how much the accuracy may lie below the last blessed model's,
            on the same examples.
        max_calibration_error: expected calibration error on the evaluation split.
        confidence: level of the intervals.
        burden: `model`: it must show that it keeps each limit, so that few examples refuse it.
            `gate`: a limit must be shown to be broken, so that few examples pass. `none`: values
            are compared, as TFMA does.
        min_examples: classes with fewer are reported and not gated.
        label_key: the feature that holds the class, 0, 1, ...
        signature_name: of the model, over serialized examples or over features; its
            `serving_default` if empty.

    Raises:
        ArgumentError: no limit is set, or one is no number.
    """

    max_gap: float | None = 0.05
    min_accuracy: float | None = 0.9
    worst_class: float | None = 0.8
    no_worse_than_blessed: float | None = 0.01
    max_calibration_error: float | None = None
    confidence: float = 0.95
    burden: str = "model"
    min_examples: int = 20
    label_key: str = "label"
    signature_name: str = ""

    def __post_init__(self) -> None:
        limits = ("max_gap", "min_accuracy", "worst_class", "max_calibration_error")
        given = [name for name in limits if getattr(self, name) is not None]
        for name in (*given, "no_worse_than_blessed"):
            limit = getattr(self, name)
            if limit is not None and not (isinstance(limit, int | float) and 0 <= limit <= 1):
                raise ArgumentError(f"{name}: received {limit!r}; 0 to 1, or None, is allowed")
        if not given:
            raise ArgumentError(f"nothing would be gated: one of {', '.join(limits)} is needed")

    def eval_config(self) -> config_pb2.EvalConfig:
        """The same as an EvalConfig."""
        accuracy = {"metric": {"class_name": ACCURACY}, **self._proof()}
        metrics = [
            _metric("SplitMetric", accuracy, self._accuracy_threshold()),
            _metric("SplitMetric", {"metric": {"class_name": LOSS}, **self._proof()}),
        ]
        if self.max_gap is not None:
            metrics.append(_metric("GeneralizationGap", accuracy, _at_most(self.max_gap)))
        if self.worst_class is not None:
            worst = {**accuracy, "by": [self.label_key], "min_examples": self.min_examples}
            metrics.append(_metric("WorstSlice", worst, _at_least(self.worst_class)))
        if self.max_calibration_error is not None:
            metrics.append(
                _metric("CalibrationError", self._proof(), _at_most(self.max_calibration_error))
            )
        return config_pb2.EvalConfig(
            model_specs=[
                config_pb2.ModelSpec(label_key=self.label_key, signature_name=self.signature_name)
            ],
            slicing_specs=[config_pb2.SlicingSpec()],
            metrics_specs=[config_pb2.MetricsSpec(metrics=metrics)],
        )

    def _proof(self) -> dict[str, Any]:
        return {"confidence": self.confidence, "burden": self.burden}

    def _accuracy_threshold(self) -> config_pb2.MetricThreshold | None:
        threshold = config_pb2.MetricThreshold()
        if self.min_accuracy is not None:
            threshold.MergeFrom(_at_least(self.min_accuracy))
        if self.no_worse_than_blessed is not None:
            threshold.change_threshold.direction = config_pb2.MetricDirection.HIGHER_IS_BETTER
            threshold.change_threshold.absolute.value = -self.no_worse_than_blessed
        return threshold if threshold.ByteSize() else None


def _metric(
    class_name: str, config: dict[str, Any], threshold: config_pb2.MetricThreshold | None = None
) -> config_pb2.MetricConfig:
    return config_pb2.MetricConfig(
        class_name=class_name, module=MODULE, config=json.dumps(config), threshold=threshold
    )


def _at_least(limit: float) -> config_pb2.MetricThreshold:
    return config_pb2.MetricThreshold(
        value_threshold=config_pb2.GenericValueThreshold(lower_bound={"value": limit})
    )


def _at_most(limit: float) -> config_pb2.MetricThreshold:
    return config_pb2.MetricThreshold(
        value_threshold=config_pb2.GenericValueThreshold(upper_bound={"value": limit})
    )
