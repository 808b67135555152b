"""The worst slice: of a metric, or of a gap."""

import importlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tensorflow_model_analysis.proto import config_pb2

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.evaluator.corruptions import Corruption
from tfx_updaters.components.evaluator.estimates import Estimate, Unknown, Worst
from tfx_updaters.components.evaluator.inner import Inner
from tfx_updaters.components.evaluator.metrics.gap import GeneralizationGap
from tfx_updaters.components.evaluator.metrics.gated import MODULE, GatedMetric, Reading
from tfx_updaters.components.evaluator.metrics.robustness import CorruptionDrop
from tfx_updaters.components.evaluator.metrics.split import SplitMetric


class WorstSlice(GatedMetric):
    """The worst value of `metric` over the slices by some features.

    It is known in the overall slice alone. Its interval is made of simultaneous ones, so that
    ten slices do not refuse a good model ten times as often. Its change against the baseline is
    the worst of the changes by slice.

    Args:
        metric: an inner metric, on the evaluation split then, or another metric of this package
            (`GeneralizationGap` or `CorruptionDrop` say): `class_name`, `module` and `config`.
        by: features; several are crossed. The label is a feature as well: by class.
        worst: `lowest` or `highest`; by default what is worse of the inner metric, the highest
            drop, the highest gap of one that should be high, the lowest of one that should be low.
        name: `worst_`, the metric's name, `_by_` and the features by default.
        confidence: as in `GatedMetric`.
        burden: as in `GatedMetric`.
        min_examples: slices with fewer on any split are reported and not counted.
    """

    def __init__(
        self,
        metric: Mapping[str, Any],
        by: Sequence[str],
        worst: str | None = None,
        name: str | None = None,
        confidence: float = 0.95,
        burden: str = "none",
        min_examples: int = 1,
    ):
        if isinstance(by, str) or not by:
            raise ArgumentError(f"by is a list of features, not {by!r}")
        self.of = _metric(metric)
        self.by = tuple(by)
        self.worst = worst or _worse(self.of)
        if self.worst not in ("lowest", "highest"):
            raise ArgumentError(f"worst is lowest or highest, not {worst!r}")
        super().__init__(
            name or f"worst_{self.of.name}_by_{'_'.join(by)}", confidence, burden, min_examples,
            metric=dict(metric), by=list(by), worst=worst,
        )  # fmt: skip

    def needs(self) -> Mapping[str, Sequence[Inner]]:
        return self.of.needs()

    def slicing(self) -> Sequence[config_pb2.SlicingSpec]:
        return [config_pb2.SlicingSpec(feature_keys=self.by)]

    def corruptions(self) -> Mapping[str, Corruption]:
        return self.of.corruptions()

    def estimate(self, reading: Reading) -> Estimate | None:
        if reading.slice:
            return None
        judged = self.judged(reading)
        if not judged:
            by = ", ".join(self.by)
            return Unknown(f"no slice by {by} has {self.min_examples} examples on each split")
        return Worst(judged, self.worst == "highest")

    def judged(self, reading: Reading) -> list[Estimate]:
        """The metric in each slice that counts."""
        counted = [each for each in reading.slices(self.by).values() if self.counts(each)]
        found = [self.of.estimate(each) for each in counted]
        return [each for each in found if each is not None]

    def counts(self, reading: Reading) -> bool:
        """Whether a slice has enough examples."""
        return all(reading.count(view) >= self.min_examples for view in self.needs())


def _metric(metric: Mapping[str, Any]) -> GatedMetric:
    if not isinstance(metric, Mapping) or metric.get("module") != MODULE:
        return SplitMetric(metric)
    config = metric.get("config") or {}
    cls = getattr(importlib.import_module(MODULE), metric.get("class_name", ""), None)
    if not isinstance(cls, type) or not issubclass(cls, GatedMetric) or cls is WorstSlice:
        raise ArgumentError(f"there is no worst slice of {metric.get('class_name')!r}")
    return cls(**(json.loads(f"{{{config}}}") if isinstance(config, str) else config))


def _worse(metric: GatedMetric) -> str:
    if isinstance(metric, CorruptionDrop):
        return "highest"
    inner = next(iter(metric.needs().values()))[0]
    measure = inner.measure()
    if measure is None:
        raise ArgumentError(
            f"{metric.name}: say whether the lowest or the highest is the worst, with worst"
        )
    gap = isinstance(metric, GeneralizationGap)
    return "highest" if measure.higher_is_better == gap else "lowest"
