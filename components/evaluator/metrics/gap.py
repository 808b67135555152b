"""The generalization gap: a metric on the split trained on, minus the metric on an unseen split."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.evaluator.estimates import Difference, Estimate
from tfx_updaters.components.evaluator.inner import Inner
from tfx_updaters.components.evaluator.metrics.gated import (
    EVALUATION,
    REFERENCE,
    GatedMetric,
    Reading,
)


class GeneralizationGap(GatedMetric):
    """`metric` on the reference split minus `metric` on the evaluation split.

    A gap of an accuracy is bounded from above, a gap of a loss from below. Its change against the
    baseline is the gap that the new model has more: paired within each split.

    Args:
        metric: the inner metric: `class_name`, `module` and `config`.
        reference: the split that the model was trained on; the node's reference by default.
        evaluation: the split that it has not seen; the node's evaluation split by default.
        name: the inner metric's name and `_gap` by default.
        confidence: as in `GatedMetric`.
        burden: as in `GatedMetric`.
        min_examples: as in `GatedMetric`.
    """

    def __init__(
        self,
        metric: Mapping[str, Any],
        reference: str = REFERENCE,
        evaluation: str = EVALUATION,
        name: str | None = None,
        confidence: float = 0.95,
        burden: str = "none",
        min_examples: int = 1,
    ):
        if reference == evaluation:
            raise ArgumentError(f"a gap needs two splits, both are {reference!r}")
        self.inner, self.reference, self.evaluation = Inner.of(metric), reference, evaluation
        super().__init__(
            name or f"{self.inner.name()}_gap", confidence, burden, min_examples,
            metric=dict(metric), reference=reference, evaluation=evaluation,
        )  # fmt: skip

    def needs(self) -> Mapping[str, Sequence[Inner]]:
        return {self.reference: [self.inner], self.evaluation: [self.inner]}

    def estimate(self, reading: Reading) -> Estimate:
        return Difference(
            reading.of(self.inner, self.reference), reading.of(self.inner, self.evaluation)
        )
