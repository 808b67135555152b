"""What is not known keeps no limit."""

import evaluations
import numpy as np
import pytest
from tensorflow_model_analysis.proto import config_pb2

from tfx_updaters.components.evaluator.metrics.gated import MODULE


@pytest.mark.parametrize("limit", ["lower_bound", "upper_bound"])
def test_a_check_of_a_value_that_is_nan_does_not_pass(tmp_path, limit):
    rows = [{**row, "p": np.full(3, np.nan)} for row in evaluations.rows(30, 0.9)]
    loss = config_pb2.MetricConfig(
        class_name="SplitMetric", module=MODULE,
        config='"metric": {"class_name": "SparseCategoricalCrossentropy"}',
    )  # fmt: skip
    getattr(loss.threshold.value_threshold, limit).value = 1
    config = config_pb2.EvalConfig(
        model_specs=[config_pb2.ModelSpec(label_key="label")],
        metrics_specs=[config_pb2.MetricsSpec(metrics=[loss])],
    )
    decision = evaluations.run(tmp_path, {"eval": rows}, config).decision
    (check,) = decision.checks
    assert not check.passed and check.why == "it is nan" and check.margin is None
    assert [fault.why for fault in decision.faults] == [
        "prediction of the candidate is NaN or infinite"
    ]
