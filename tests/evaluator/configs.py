"""EvalConfigs with metrics of the gate, and the same as the stock Evaluator can take them."""

import json
from collections.abc import Mapping
from typing import Any

from google.protobuf import text_format
from tensorflow_model_analysis.proto import config_pb2

from tfx_updaters.components.evaluator.metrics.gated import MODULE

ACCURACY = {"class_name": "SparseCategoricalAccuracy"}


def at_least(limit: float) -> str:
    return f"value_threshold {{ lower_bound {{ value: {limit} }} }}"


def at_most(limit: float) -> str:
    return f"value_threshold {{ upper_bound {{ value: {limit} }} }}"


def between(low: float, high: float) -> str:
    return f"value_threshold {{ lower_bound {{ value: {low} }} upper_bound {{ value: {high} }} }}"


def change(kind: str, limit: float, direction: str = "HIGHER_IS_BETTER") -> str:
    return f"change_threshold {{ direction: {direction} {kind} {{ value: {limit} }} }}"


def gated(class_name: str, threshold: str = "", more: str = "", **arguments: Any) -> str:
    """A metric of the gate, as text; of the accuracy by default."""
    if class_name != "CalibrationError":
        arguments = {"metric": ACCURACY, **arguments}
    config = json.dumps(arguments)
    return (
        _metric(f"class_name: '{class_name}' module: '{MODULE}' config: '{config}'", threshold)
        + more
    )


def own(class_name: str, threshold: str = "") -> str:
    """A metric of TFMA, as text."""
    return _metric(f"class_name: '{class_name}'", threshold)


def _metric(what: str, threshold: str) -> str:
    held = (
        f"threshold {{ {threshold} }}" if threshold.startswith(("value", "change")) else threshold
    )
    return f"metrics {{ {what} {held} }}"


def per_slice(spec: str, threshold: str) -> str:
    """A threshold for some slices, in the place of one for all."""
    return f"per_slice_thresholds {{ slicing_specs {{ {spec} }} threshold {{ {threshold} }} }}"


def config(
    *metrics: str, slices: str = "slicing_specs { }", model: str = "label_key: 'label'"
) -> config_pb2.EvalConfig:
    """Those metrics in one MetricsSpec, on all examples by default."""
    text = f"model_specs {{ {model} }} {slices} metrics_specs {{ {' '.join(metrics)} }}"
    return text_format.Parse(text, config_pb2.EvalConfig())


def stock(of: config_pb2.EvalConfig) -> config_pb2.EvalConfig:
    """TFMA's own metric in the place of a `SplitMetric`; nothing in that of others of the gate."""
    found = config_pb2.EvalConfig()
    found.CopyFrom(of)
    for spec in found.metrics_specs:
        kept = [_stock(metric) for metric in spec.metrics]
        del spec.metrics[:]
        spec.metrics.extend(metric for metric in kept if metric is not None)
    return found


def _stock(metric: config_pb2.MetricConfig) -> config_pb2.MetricConfig | None:
    if metric.module != MODULE:
        return metric
    given: Mapping[str, Any] = json.loads(metric.config)
    if metric.class_name != "SplitMetric" or given.get("split", "evaluation") != "evaluation":
        return None
    found = config_pb2.MetricConfig()
    found.CopyFrom(metric)
    found.class_name, found.module = given["metric"]["class_name"], ""
    found.config = json.dumps(given["metric"].get("config", {}))
    return found
