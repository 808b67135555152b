"""A metric on one split, with its interval."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.evaluator.estimates import Estimate
from tfx_updaters.components.evaluator.inner import Inner
from tfx_updaters.components.evaluator.metrics.gated import (
    EVALUATION,
    MODULE,
    GatedMetric,
    Reading,
)


class SplitMetric(GatedMetric):
    """`metric` on a split; its change against the baseline is paired on the same examples.

    Args:
        metric: the inner metric: `class_name`, `module` and `config`.
        split: whose examples; the evaluation split by default.
        name: the inner metric's name by default, with the split's unless it is the default.
        confidence: as in `GatedMetric`.
        burden: as in `GatedMetric`.
        min_examples: as in `GatedMetric`.
    """

    def __init__(
        self,
        metric: Mapping[str, Any],
        split: str = EVALUATION,
        name: str | None = None,
        confidence: float = 0.95,
        burden: str = "none",
        min_examples: int = 1,
    ):
        self.inner, self.split = Inner.of(metric), split
        suffix = "" if split == EVALUATION else f"_on_{split}"
        super().__init__(
            name or f"{self.inner.name()}{suffix}", confidence, burden, min_examples,
            metric=dict(metric), split=split,
        )  # fmt: skip

    def needs(self) -> Mapping[str, Sequence[Inner]]:
        return {self.split: [self.inner]}

    def estimate(self, reading: Reading) -> Estimate:
        return reading.of(self.inner, self.split)


class CalibrationError(SplitMetric):
    """The expected calibration error on a split, with a jackknife interval.

    C. Guo et al. (2017), equation 5; `class_wise`: M. Kull et al. (2019), equation 2. The error
    is positive for a perfect model as well, the more so the fewer examples and the more bins.

    Args:
        kind: `top_label` bins the probability of the predicted class, `class_wise` that of each.
        bins: of equal width, at least 1.
        split: as in `SplitMetric`.
        name: `calibration_error` by default.
        confidence: as in `GatedMetric`.
        burden: as in `GatedMetric`.
        min_examples: as in `GatedMetric`.
    """

    def __init__(
        self,
        kind: str = "top_label",
        bins: int = 15,
        split: str = EVALUATION,
        name: str | None = None,
        confidence: float = 0.95,
        burden: str = "none",
        min_examples: int = 1,
    ):
        if kind not in ("top_label", "class_wise"):
            raise ArgumentError(f"kind is top_label or class_wise, not {kind!r}")
        if not isinstance(bins, int) or bins < 1:
            raise ArgumentError(f"bins is at least 1, not {bins!r}")
        config = {"kind": kind, "bins": bins}
        metric = {"class_name": "CalibrationError", "module": MODULE, "config": config}
        super().__init__(metric, split, name, confidence, burden, min_examples)
        # TFMA makes it again of these.
        del self.kwargs["metric"]
        self.kwargs.update(config)
