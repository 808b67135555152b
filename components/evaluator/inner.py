"""The metric inside a gated one, as an EvalConfig writes it."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from tensorflow_model_analysis.metrics import metric_specs
from tensorflow_model_analysis.proto import config_pb2

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.evaluator import measures
from tfx_updaters.components.evaluator.measures import Measure

OURS = ("CalibrationError",)
# Metrics that rank: on examples of one class they are a number that means nothing.
RANKING = (
    "AUC", "AUCPrecisionRecall", "BalancedAccuracy", "MatthewsCorrelationCoefficient",
    "PrecisionAtRecall", "RecallAtFalsePositiveRate", "RecallAtPrecision",
    "SensitivityAtSpecificity", "SpecificityAtSensitivity",
)  # fmt: skip


class Inner(NamedTuple):
    """A metric by name.

    Attributes:
        class_name: TFMA's, Keras' or ours.
        module: where the class is, if TFMA does not know it.
        config: its arguments, a JSON object with sorted keys.
    """

    class_name: str
    module: str
    config: str

    @classmethod
    def of(cls, metric: Mapping[str, Any]) -> "Inner":
        """From `class_name`, `module` and `config` (a mapping, or JSON with or without braces).

        Raises:
            ArgumentError: another field, or a metric that cannot be made.
        """
        allowed = {"class_name", "module", "config"}
        if not isinstance(metric, Mapping) or "class_name" not in metric or set(metric) - allowed:
            raise ArgumentError(
                f"the inner metric is {metric!r}; it takes class_name, and module and config if "
                "need be (thresholds belong to the metric around it)"
            )
        config = metric.get("config") or {}
        if isinstance(config, str):
            config = _parsed(config)
        made = cls(
            metric["class_name"], metric.get("module", ""), json.dumps(config, sort_keys=True)
        )
        made.name()  # What cannot be made is refused here.
        return made

    def arguments(self) -> dict[str, Any]:
        """The arguments of the metric."""
        return json.loads(self.config)

    def measure(self) -> Measure | None:
        """How it is computed on whole batches; None if TFMA has to, row by row."""
        return None if self._foreign() else measures.find(self.class_name, self.arguments())

    def proto(self) -> config_pb2.MetricConfig:
        """As TFMA has it."""
        return config_pb2.MetricConfig(
            class_name=self.class_name, module=self.module, config=self.config
        )

    def name(self) -> str:
        """The name under which TFMA gives its value."""
        try:
            found = self.measure()
            return found.name if found else str(metric_specs.metric_instance(self.proto()).name)
        except (AttributeError, ImportError, TypeError, ValueError) as error:
            raise ArgumentError(
                f"the inner metric {self.class_name!r} of {self.module or 'TFMA or Keras'} cannot "
                f"be made of {self.config}: {error}"
            ) from error

    def _foreign(self) -> bool:
        return bool(self.module) and self.class_name not in OURS


def _parsed(config: str) -> dict[str, Any]:
    try:
        found = json.loads(config if config.lstrip().startswith("{") else f"{{{config}}}")
    except ValueError as error:
        raise ArgumentError(f"the inner metric's config is no JSON: {config!r}") from error
    return found
