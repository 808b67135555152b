"""TFMA's own readers read what the node wrote: values, intervals, verdicts, data frames."""

import evaluations
import numpy as np
import pytest
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.api import dataframe
from tensorflow_model_analysis.proto import config_pb2

from tfx_updaters.components import Gate

TRAIN = evaluations.rows(600, 1.0, seed=1, baseline=0.99)
EVAL = evaluations.rows(400, 0.9, seed=2, baseline=0.92)
ACCURACY, GAP = "sparse_categorical_accuracy", "sparse_categorical_accuracy_gap"
# The user's own metrics, by group too, beside those of the gate.
OWN = ("ExampleCount", "MultiClassConfusionMatrixAtThresholds")


@pytest.fixture(scope="module")
def result(tmp_path_factory) -> evaluations.Result:
    config = Gate(burden="none").eval_config()
    config.slicing_specs.append(config_pb2.SlicingSpec(feature_keys=["group"]))
    for name in OWN:
        config.metrics_specs[0].metrics.append(config_pb2.MetricConfig(class_name=name))
    folder = tmp_path_factory.mktemp("readers")
    return evaluations.run(folder, {"train": TRAIN, "eval": EVAL}, config, baseline=True)


def right(rows, of: str = "p", group: bytes = b"") -> float:
    kept = [row for row in rows if group in (b"", row["group"])]
    return float(np.mean([np.argmax(row[of]) == row["label"] for row in kept]))


def test_load_eval_result_has_the_values_of_every_slice(result):
    values = result.values("candidate")
    assert set(values) == {(), (("group", "a"),), (("group", "b"),)}
    assert values[()]["example_count"] == 400
    for where, group in (((), b""), ((("group", "a"),), b"a"), ((("group", "b"),), b"b")):
        accuracy = values[where][ACCURACY]
        assert accuracy["value"] == pytest.approx(right(EVAL, "p", group))
        assert accuracy["lowerBound"] < accuracy["value"] < accuracy["upperBound"]
        gap = right(TRAIN, "p", group) - right(EVAL, "p", group)
        assert values[where][GAP]["value"] == pytest.approx(gap)
    assert result.values("baseline")[()][ACCURACY]["value"] == pytest.approx(right(EVAL, "q"))


def test_load_validation_result_names_what_the_decision_refuses(result):
    found = tfma.load_validation_result(result.evaluation)
    assert not found.validation_ok and not result.decision.blessed
    failed = {
        (failure.metric_key.name, failure.metric_key.is_diff)
        for each in found.metric_validations_per_slice
        for failure in each.failures
    }
    refused = [check for check in result.decision.checks if check.gated and not check.passed]
    assert failed == {(check.metric, check.change) for check in refused} != set()


def test_data_frames_have_the_values_of_both_models(result):
    metrics = tfma.load_metrics(result.evaluation)
    frames = dataframe.metrics_as_dataframes(metrics)
    assert frames.multi_class_confusion_matrix_at_thresholds is not None
    table = dataframe.auto_pivot(frames.double_value, stringify_slices=True)
    assert sorted(table.index) == ["Overall:", "group:b'a'", "group:b'b'"]
    for name, model, value in (
        (ACCURACY, "candidate", right(EVAL)),
        (ACCURACY, "baseline", right(EVAL, "q")),
        (GAP, "candidate", right(TRAIN) - right(EVAL)),
    ):
        (column,) = [key for key in table if key[0] == name and key[1] is not True and model in key]
        assert table[column]["Overall:"] == pytest.approx(value)


def test_the_worst_slice_is_one_check_whatever_else_is_sliced(result):
    worst = [check for check in result.decision.checks if check.metric.startswith("worst")]
    assert [(check.slice, check.slices) for check in worst] == [("all", 3)]
    assert f"worst_{ACCURACY}_by_label" not in result.values("candidate")[(("group", "a"),)]
