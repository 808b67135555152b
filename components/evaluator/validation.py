"""TFMA's own verdict, on the numbers that were judged instead of the point values."""

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from tensorflow_model_analysis.evaluators import metrics_validator
from tensorflow_model_analysis.metrics import metric_specs, metric_types
from tensorflow_model_analysis.proto import config_pb2, validation_result_pb2

from tfx_updaters.components.evaluator.check import Check
from tfx_updaters.components.evaluator.slices import SliceKey

Key = metric_types.MetricKey
ROUNDING = 4 * sys.float_info.epsilon


def validate(
    where: SliceKey,
    values: Mapping[Key, float],
    judged: Sequence[tuple[Key, Check]],
    config: config_pb2.EvalConfig,
) -> validation_result_pb2.ValidationResult:
    """Asks TFMA about one slice.

    Args:
        where: the slice.
        values: of all metrics there.
        judged: the checks that were made there; those that are not gated do not count.
        config: complete, with the names of the models.
    """
    numbers = dict(values)
    for key, check in judged:
        # Of a relative change TFMA makes a ratio, which it rounds.
        slack = ROUNDING if key.is_diff else 0.0
        numbers[key] = _kept(check, numbers.get(key, math.nan), slack)
    for key, check in judged:
        # Of several thresholds of a metric, one that is broken decides.
        if not check.passed:
            numbers[key] = math.nan if check.judged is None else check.judged
    gated = {key for key, check in judged if check.gated}
    counting = config_pb2.EvalConfig()
    counting.CopyFrom(config)
    for spec in counting.metrics_specs:
        for metric in spec.metrics:
            name = str(metric_specs.metric_instance(metric).name)
            _keep(metric, {key.is_diff for key in gated if key.name == name})
    return metrics_validator.validate_metrics((where, numbers), counting)


def _kept(check: Check, number: float, slack: float) -> float:
    """What TFMA is told of a number: within the limits of a check that passed by its bound."""
    if check.judged is None:
        return math.nan
    if check.at_least is not None:
        number = max(number, check.at_least + slack * abs(check.at_least))
    if check.at_most is not None:
        number = min(number, check.at_most - slack * abs(check.at_most))
    return number


def _keep(metric: Any, counting: set[bool]) -> None:
    """Removes the thresholds that do not count: of changes (True), of values (False)."""
    each = [metric.threshold] if metric.HasField("threshold") else []
    each += [per.threshold for per in metric.per_slice_thresholds]
    for threshold in each:
        if False not in counting:
            threshold.ClearField("value_threshold")
        if True not in counting:
            threshold.ClearField("change_threshold")
