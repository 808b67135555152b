"""What a metric of the gate is: an estimate made of other metrics, on one or more splits."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from tensorflow_model_analysis.metrics import metric_types
from tensorflow_model_analysis.proto import config_pb2

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.evaluator.corruptions import Corruption
from tfx_updaters.components.evaluator.estimates import Estimate
from tfx_updaters.components.evaluator.inner import Inner
from tfx_updaters.components.evaluator.slices import SliceKey

MODULE = "tfx_updaters.components.evaluator.metrics"
BURDENS = ("model", "gate", "none")
# Stands for the split (or splits) that the node evaluates on, whatever they are called.
EVALUATION = "evaluation"
REFERENCE = "reference"


class Reading(Protocol):
    """What was measured in one slice, of one model or as a change between two."""

    @property
    def slice(self) -> SliceKey:
        """The slice's key; empty for all examples."""
        ...

    def of(self, inner: Inner, view: str) -> Estimate:
        """The inner metric on the examples of that view."""
        ...

    def lost(self, inner: Inner, view: str) -> Estimate:
        """The inner metric on the evaluation examples minus that on their corrupted `view`."""
        ...

    def count(self, view: str) -> int:
        """Examples of that view in this slice."""
        ...

    def slices(self, features: Sequence[str]) -> Mapping[Any, "Reading"]:
        """The readings of all slices by these features, crossed, by their keys."""
        ...


class GatedMetric(metric_types.Metric):
    """A metric with an interval, on which a model may be gated by value or by bound.

    It is computed by `tfx_updaters.components.Evaluator`, from sums that are made while the
    predictions are; the stock Evaluator refuses it. A value threshold holds for `estimate`, a
    change threshold for the same estimate of the paired change against the baseline.

    Args:
        name: how results and thresholds name it.
        confidence: level of the two-sided interval, above 0 and below 1.
        burden: who has to show something. `model`: the unfavourable end of the interval must
            keep the threshold, so that few examples refuse. `gate`: the favourable end must
            break it to refuse, so that few examples pass. `none`: the value counts.
        min_examples: a slice with fewer, on any of its splits, is reported and not gated.
        **arguments: of the class, kept for TFMA.
    """

    def __init__(
        self,
        name: str,
        confidence: float,
        burden: str,
        min_examples: int = 1,
        **arguments: Any,
    ):
        if not isinstance(confidence, int | float) or not 0 < confidence < 1:
            raise ArgumentError(f"{name}: confidence is above 0 and below 1, not {confidence!r}")
        if burden not in BURDENS:
            raise ArgumentError(f"{name}: burden is one of {', '.join(BURDENS)}, not {burden!r}")
        if not isinstance(min_examples, int) or min_examples < 1:
            raise ArgumentError(f"{name}: min_examples is at least 1, not {min_examples!r}")
        self.confidence, self.burden, self.min_examples = confidence, burden, min_examples
        super().__init__(
            _refuse, name=name, confidence=confidence, burden=burden, min_examples=min_examples,
            **arguments,
        )  # fmt: skip

    def needs(self) -> Mapping[str, Sequence[Inner]]:
        """The inner metrics that are computed, by view."""
        raise NotImplementedError

    def slicing(self) -> Sequence[config_pb2.SlicingSpec]:
        """Slices that it needs beside those of the EvalConfig."""
        return ()

    def corruptions(self) -> Mapping[str, Corruption]:
        """Views that are made of the evaluation examples, and how."""
        return {}

    def estimate(self, reading: Reading) -> Estimate | None:
        """What it comes to; None in a slice that it is not for."""
        raise NotImplementedError


def _refuse(name: str, **_: Any) -> metric_types.MetricComputations:
    raise ArgumentError(
        f"{name} compares splits: it is computed by tfx_updaters.components.Evaluator, not by the "
        "stock Evaluator"
    )
