"""From sums and metrics to a judgement: every threshold in every slice, by value or by bound."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tensorflow_model_analysis.metrics import metric_specs, metric_types
from tensorflow_model_analysis.proto import (
    config_pb2,
    metrics_for_slice_pb2,
    validation_result_pb2,
)
from tensorflow_model_analysis.slicer import slicer_lib

from tfx_updaters.components.evaluator import limits, validation
from tfx_updaters.components.evaluator.check import Check
from tfx_updaters.components.evaluator.decision import Fault
from tfx_updaters.components.evaluator.estimates import Estimate, simultaneous, why_unknown
from tfx_updaters.components.evaluator.inner import RANKING
from tfx_updaters.components.evaluator.limits import Limits, Threshold
from tfx_updaters.components.evaluator.metrics.gated import EVALUATION, REFERENCE, GatedMetric
from tfx_updaters.components.evaluator.parts import parts
from tfx_updaters.components.evaluator.reading import Measured, Rows, one_class
from tfx_updaters.components.evaluator.slices import (
    OVERALL,
    SliceKey,
    applicable,
    in_words,
    spec_in_words,
)
from tfx_updaters.components.evaluator.tally import Cell, Tally

Key = metric_types.MetricKey
Sliced = tuple[SliceKey, dict[Key, Any]]


@dataclass(frozen=True)
class Rules:
    """What a model is judged by.

    Attributes:
        config: complete, with the names of the models.
        views: the view of each name that a metric may give a split.
        shown: the splits' names of each view.
        apart: pairs of views, what is judged and what was trained on, that may share no examples.
        max_overlap: share of the former that may be among the latter too.
    """

    config: config_pb2.EvalConfig
    views: Mapping[str, str]
    shown: Mapping[str, str]
    apart: Sequence[tuple[str, str]]
    max_overlap: float


@dataclass(frozen=True)
class Judgement:
    """What is written.

    Attributes:
        metrics: by slice, the user's own and those of the gate.
        validations: TFMA's verdict on each slice.
        checks: every threshold in every slice.
        faults: what refuses the model besides.
        splits: number of examples of each.
        shared: share of the evaluation examples that the reference split has too.
    """

    metrics: Sequence[Sliced]
    validations: Sequence[validation_result_pb2.ValidationResult]
    checks: Sequence[Check]
    faults: Sequence[Fault]
    splits: Mapping[str, int]
    shared: float | None


def judge(tally: Tally, rows: Rows, metrics: Iterable[Sliced], rules: Rules) -> Judgement:
    """Judges a candidate.

    Args:
        tally: the sums of the pass.
        rows: inner metrics that TFMA computed, by view and slice.
        metrics: of the user's own, on the evaluation split, by slice.
        rules: what it is judged by.
    """
    return _Judge(tally, rows, dict(metrics), rules).judgement()


class _Judge:
    def __init__(
        self, tally: Tally, rows: Rows, own: Mapping[SliceKey, dict[Key, Any]], rules: Rules
    ):
        self.tally, self.rows, self.rules = tally, rows, rules
        self.crossed = {k: found for k, found in own.items() if slicer_lib.is_cross_slice_key(k)}
        self.own = {k: found for k, found in own.items() if k not in self.crossed}
        config = rules.config
        specs = list(config.metrics_specs)
        entries = list(metric_specs.keys_and_metrics_from_specs(config, specs))
        self.metrics = {key: made for key, _, made in entries if isinstance(made, GatedMetric)}
        self.classes = {key: proto.class_name for key, proto, _ in entries}
        several = len(config.model_specs) > 1
        baselines = [spec.name for spec in config.model_specs if spec.is_baseline]
        candidates = [spec.name for spec in config.model_specs if not spec.is_baseline]
        self.models = (candidates[0] if several else "", *baselines)
        # Without those of the baseline itself, which nobody judges.
        self.thresholds: list[tuple[Key, Any, Threshold]] = [
            (key, spec, threshold)
            for key, pairs in metric_specs.metric_thresholds_from_metrics_specs(
                specs, eval_config=config
            ).items()
            if key.model_name not in baselines
            for spec, threshold in pairs
        ]
        self.slices = self._slices()
        self.estimates = {
            (where, key): estimate
            for where in self.slices
            for key in self._keys()
            if (estimate := self._estimate(where, key)) is not None
        }

    def judgement(self) -> Judgement:
        checks = [
            (where, key, spec, self._check(where, key, threshold))
            for where in self.slices
            for key, spec, threshold in self.thresholds
            if self._known(where, key) and applicable(spec, where)
        ]
        metrics, validations, faults = [], [], self._faults()
        for where in self.slices:
            metrics.append((where, self._published(where)))
            own = [check for place, _, _, check in checks if place == where and check.gated]
            judged = [(key, check) for place, key, _, check in checks if place == where]
            numbers = self._numbers(where)
            validations.append(validation.validate(where, numbers, judged, self.rules.config))
            if validations[-1].validation_ok != all(check.passed for check in own):
                faults.append(Fault(f"TFMA and the gate disagree where {in_words(where)}"))
        missing = [
            self._failed(key, spec, threshold)
            for key, spec, threshold in self.thresholds
            if not any(
                each.gated
                for _, other, other_spec, each in checks
                if (other, other_spec) == (key, spec)
            )
        ]
        splits = {
            shown: self.tally.rows[Cell(view, OVERALL)] for view, shown in self.rules.shown.items()
        }
        found = [*(check for *_, check in checks), *missing]
        metrics += self.crossed.items()
        shared = self._shared(EVALUATION, REFERENCE)
        return Judgement(metrics, validations, found, faults, splits, shared)

    def _slices(self) -> list[SliceKey]:
        """Those of the user's metrics, and those of the examples that the config asks for."""
        specs = [slicer_lib.SingleSliceSpec(spec=spec) for spec in self.rules.config.slicing_specs]
        seen = {cell.slice for cell in self.tally.rows}
        wanted = {
            key
            for key in seen
            if self.metrics and any(spec.is_slice_applicable(key) for spec in specs)
        }
        return sorted(wanted | set(self.own), key=repr)

    def _keys(self) -> list[Key]:
        """Of the gate's metrics: for each model, and for the change between the two."""
        changes = [key.make_diff_key() for key in self.metrics if key.model_name == self.models[0]]
        return [*self.metrics, *(changes if len(self.models) > 1 else [])]

    def _metric(self, key: Key) -> GatedMetric | None:
        return self.metrics.get(key._replace(is_diff=False))

    def _reading(self, where: SliceKey, key: Key) -> Measured:
        return Measured(self.tally, self.rows, self.rules.views, key, self.models, where)

    def _estimate(self, where: SliceKey, key: Key) -> Estimate | None:
        metric = self._metric(key)
        return metric.estimate(self._reading(where, key)) if metric else None

    def _known(self, where: SliceKey, key: Key) -> bool:
        """Whether the metric is one of this slice; TFMA's own always are where it has any."""
        if self._metric(key) is None:
            return where in self.own
        return (where, key) in self.estimates

    def _counts(self, where: SliceKey, key: Key) -> dict[str, int]:
        metric = self._metric(key)
        views = {self.rules.views.get(v, v) for v in metric.needs()} if metric else {EVALUATION}
        return {
            self.rules.shown[view]: self.tally.rows[Cell(view, where)] for view in sorted(views)
        }

    def _enough(self, where: SliceKey, key: Key) -> bool:
        metric = self._metric(key)
        return metric is None or min(self._counts(where, key).values()) >= metric.min_examples

    def _together(self, key: Key) -> int:
        """The number of slices that are gated on this metric."""
        specs = [spec for other, spec, _ in self.thresholds if other == key]
        return sum(
            (where, key) in self.estimates
            and self._enough(where, key)
            and any(applicable(spec, where) for spec in specs)
            for where in self.slices
        )

    def _check(self, where: SliceKey, key: Key, threshold: Threshold) -> Check:
        metric, counts = self._metric(key), self._counts(where, key)
        if metric is not None:
            burden, count = metric.burden, self._together(key)
            estimate = self.estimates[where, key]
            confidence: float | None = metric.confidence
            value, level = estimate.value, simultaneous(metric.confidence, count)
            low, high = estimate.interval(level)
            about = parts(metric, self._reading(where, key), level, self.rules.shown)
            count *= max(len({p.slice for p in about if p.counted}), 1)
        else:
            about = ()
            burden, count, confidence = "none", 1, None
            value, low, high = _number(self.own[where].get(key)), math.nan, math.nan
        allowed = self._limits(where, key, threshold)
        why = self._why_not(where, key, value, allowed)
        judged, margin = limits.compared((value, low, high), allowed, burden)
        if why:
            judged = margin = math.nan
        elif math.isnan(margin):
            why = f"no bound can be had of {min(counts.values())} examples"
        return Check(
            metric=key.name, slice=in_words(where), output=key.output_name or "",
            change=bool(key.is_diff), value=_or_none(value), lower=_or_none(low),
            upper=_or_none(high), confidence=confidence, slices=count, burden=burden,
            judged=_or_none(judged), at_least=allowed[0], at_most=allowed[1],
            margin=_or_none(margin), passed=bool(margin >= 0 and not why), why=why, counts=counts,
            gated=self._enough(where, key), parts=about,
        )  # fmt: skip

    def _failed(self, key: Key, spec: Any, threshold: Threshold) -> Check:
        """A threshold that no slice of the data has enough for."""
        metric = self._metric(key)
        few = f"{metric.min_examples} examples on each split" if metric else "examples"
        low, high = self._limits(OVERALL, key, threshold)
        return Check(
            metric=key.name, slice=spec_in_words(spec), output=key.output_name or "",
            change=bool(key.is_diff), value=None, lower=None, upper=None,
            confidence=metric.confidence if metric else None, slices=0,
            burden=metric.burden if metric else "none", judged=None, at_least=low, at_most=high,
            margin=None, passed=False, why=f"no slice that it is for has {few}",
        )  # fmt: skip

    def _limits(self, where: SliceKey, key: Key, threshold: Threshold) -> Limits:
        return limits.of(threshold, self._value(where, key.make_baseline_key(self.models[-1])))

    def _value(self, where: SliceKey, key: Key) -> float:
        if (where, key) in self.estimates:
            return self.estimates[where, key].value
        return _number(self.own.get(where, {}).get(key))

    def _why_not(self, where: SliceKey, key: Key, value: float, allowed: Limits) -> str:
        """Why the number, or what it is compared with, means nothing; empty if it does."""
        few = [split for split, count in self._counts(where, key).items() if not count]
        if few:
            return f"split {few[0]!r} has no examples there"
        if (where, key) in self.estimates:
            why = why_unknown(self.estimates[where, key])
        else:
            ranks = self.classes.get(key._replace(is_diff=False)) in RANKING
            why = one_class(self.tally, Cell(EVALUATION, where)) if ranks else ""
        if not why and not math.isfinite(value):
            why = f"it is {value}"
        if not why and any(limit is not None and math.isnan(limit) for limit in allowed):
            why = "a relative change of a baseline that is not above 0 means nothing"
        return why

    def _published(self, where: SliceKey) -> dict[Key, Any]:
        """The user's metrics, and those of the gate with their intervals."""
        found = dict(self.own.get(where, {}))
        for key in self._keys():
            metric = self._metric(key)
            if (where, key) in self.estimates and metric is not None:
                found[key] = _bounded(self.estimates[where, key], metric.confidence)
        return found

    def _numbers(self, where: SliceKey) -> dict[Key, float]:
        """All values there, before any bound is put in the place of one."""
        found = {key: _number(value) for key, value in self.own.get(where, {}).items()}
        for place, key in self.estimates:
            if place == where:
                found[key] = self.estimates[place, key].value
        return found

    def _faults(self) -> list[Fault]:
        shown = self.rules.shown
        faults = [
            Fault(why, shown.get(view, view), count)
            for (view, why), count in sorted(self.tally.faults.items())
        ]
        faults += [
            Fault("there are no examples", name)
            for view, name in shown.items()
            if not self.tally.rows[Cell(view, OVERALL)]
        ]
        for judged, trained in self.rules.apart:
            shared = self._shared(judged, trained)
            if shared is not None and shared > self.rules.max_overlap:
                faults.append(
                    Fault(
                        f"{100 * shared:.3g} % of the examples are in split {shown[trained]!r} "
                        f"too; {100 * self.rules.max_overlap:g} % are allowed",
                        shown[judged],
                        round(shared * self.tally.rows[Cell(judged, OVERALL)]),
                    )
                )
        return faults

    def _shared(self, judged: str, trained: str) -> float | None:
        if (judged, trained) not in self.tally.overlaps:
            return None
        shared, known = self.tally.overlaps[judged, trained]
        return float(shared / known) if known else 0.0


def _bounded(estimate: Estimate, confidence: float) -> metrics_for_slice_pb2.BoundedValue:
    low, high = estimate.interval(confidence)
    return metrics_for_slice_pb2.BoundedValue(
        value={"value": estimate.value}, lower_bound={"value": low}, upper_bound={"value": high}
    )


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _or_none(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
