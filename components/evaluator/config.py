"""What an EvalConfig has to say before a pipeline may gate on it."""

import difflib
import math
from collections.abc import Sequence
from typing import Any

from tensorflow_model_analysis.metrics import metric_specs, metric_types
from tensorflow_model_analysis.proto import config_pb2

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.evaluator import metrics
from tfx_updaters.components.evaluator.metrics.gated import EVALUATION, REFERENCE, GatedMetric

Value = config_pb2.GenericValueThreshold
Change = config_pb2.GenericChangeThreshold


def require_gate(
    config: config_pb2.EvalConfig,
    evaluation: Sequence[str] = ("eval",),
    reference: str = "train",
    drift: bool = False,
) -> None:
    """Refuses, when a pipeline is built, a config that would let every model pass or none.

    TFMA blesses whatever has a value threshold without a bound, and gives no verdict at all on
    the first model where only changes are judged. At least one value threshold is needed, so
    that a model without a baseline is judged too.

    Args:
        config: as the user wrote it.
        evaluation: the splits that are evaluated.
        reference: the split that the model was trained on.
        drift: whether there are further examples, for a metric on `drift`.

    Raises:
        ArgumentError: no value threshold; a threshold without a bound, with bounds that are NaN
            or that no value keeps, or without a direction; a metric that cannot be made; splits,
            slices or settings that a metric of the gate cannot be had with.
    """
    _check_gated(config, evaluation, reference, drift)
    _check_names(config)
    thresholds = _thresholds(config)
    for name, threshold in thresholds:
        wrong = (
            _value_fault(threshold) if isinstance(threshold, Value) else _change_fault(threshold)
        )
        if wrong:
            raise ArgumentError(f"the threshold of {name!r} {wrong}: {str(threshold).strip()!r}")
    if not any(isinstance(threshold, Value) for _, threshold in thresholds):
        names = ", ".join(sorted({name for name, _ in thresholds}))
        found = f"only the change of {names}" if names else "nothing"
        raise ArgumentError(
            f"the eval_config judges {found}: a first model, which has no baseline, needs a metric "
            "with a value_threshold"
        )


def _check_gated(
    config: config_pb2.EvalConfig, evaluation: Sequence[str], reference: str, drift: bool
) -> None:
    """What a metric of the gate needs of the rest."""
    for spec in config.metrics_specs:
        for metric in map(_instance, spec.metrics):
            if not isinstance(metric, GatedMetric):
                continue
            wrong = _fault_of_gated(metric, spec, config, evaluation, reference, drift)
            if wrong:
                raise ArgumentError(f"{metric.name}: {wrong}")


def _check_names(config: config_pb2.EvalConfig) -> None:
    """TFMA would keep one of two metrics of a name, and judge the thresholds of both by it."""
    seen: dict[Any, Any] = {}
    for key, _, metric in metric_specs.keys_and_metrics_from_specs(config, config.metrics_specs):
        ours = isinstance(metric, GatedMetric) or isinstance(seen.get(key), GatedMetric)
        if ours and key in seen:
            raise ArgumentError(f"two metrics have the name {key.name!r}: give one another name")
        seen[key] = metric


def _fault_of_gated(
    metric: GatedMetric, spec: Any, config: Any, evaluation: Sequence[str], reference: str,
    drift: bool,
) -> str:  # fmt: skip
    views = set(metric.needs())
    named = {EVALUATION: list(evaluation), REFERENCE: [reference]}
    splits = [split for view in sorted(views) for split in named.get(view, [view])]
    if len(set(splits)) < len(splits) or (REFERENCE in views and reference in evaluation):
        return f"the reference split may be no evaluation split; received {splits}"
    if "drift" in views and not drift:
        return "the split 'drift' needs drift_examples"
    if not any(model.label_key or model.label_keys for model in config.model_specs):
        return "a model spec with a label_key is needed"
    if spec.HasField("binarize") or spec.HasField("aggregate") or spec.query_key:
        return "binarize, aggregate and query_key belong into a MetricsSpec without it"
    if any(slicing.slice_keys_sql for slicing in config.slicing_specs):
        return "slices by SQL are for TFMA's own metrics; feature_keys are allowed"
    overall = [s for s in config.slicing_specs if not (s.feature_keys or s.feature_values)]
    if metric.slicing() and config.slicing_specs and not overall:
        return "the overall slice, an empty slicing spec, is needed"
    return ""


def _instance(metric: config_pb2.MetricConfig) -> Any:
    try:
        return metric_specs.metric_instance(metric)
    except (AttributeError, ImportError, TypeError, ValueError) as error:
        if isinstance(error, ArgumentError):
            raise
        known = {*metric_types.registered_metrics(), *metrics.__all__} - {metric.class_name}
        near = difflib.get_close_matches(metric.class_name, known, n=1)
        meant = f" (the nearest name is {near[0]!r})" if near else ""
        raise ArgumentError(
            f"metric {metric.class_name!r} cannot be made{meant}: {error}"
        ) from error


def _thresholds(config: config_pb2.EvalConfig) -> list[tuple[str, Any]]:
    try:
        found = metric_specs.metric_thresholds_from_metrics_specs(
            config.metrics_specs, eval_config=config
        )
    except (AttributeError, ImportError, TypeError, ValueError) as error:
        raise ArgumentError(f"a metric of the eval_config cannot be made: {error}") from error
    return [(key.name, threshold) for key, pairs in found.items() for _, threshold in pairs]


def _value_fault(threshold: Any) -> str:
    bounds = _bounds(threshold, ("lower_bound", "upper_bound"))
    if not bounds:
        return "has no bound"
    if any(math.isnan(bound) for bound in bounds):
        return "has a bound that is NaN"
    if all(math.isinf(bound) for bound in bounds):
        return "has no finite bound"
    return "has no value between its bounds" if bounds != sorted(bounds) else ""


def _change_fault(threshold: Any) -> str:
    bounds = _bounds(threshold, ("absolute", "relative"))
    if not bounds or not all(math.isfinite(bound) for bound in bounds):
        return "has no finite bound"
    if threshold.direction == config_pb2.MetricDirection.UNKNOWN:
        return "has no direction (LOWER_IS_BETTER or HIGHER_IS_BETTER)"
    return ""


def _bounds(threshold: Any, names: tuple[str, str]) -> list[float]:
    return [getattr(threshold, name).value for name in names if threshold.HasField(name)]
