"""Models of other kinds: regression, several outputs, other signatures, drifted examples."""

import json

import evaluations
import numpy as np
import parrots
import pytest
import tensorflow as tf
from tensorflow_model_analysis.proto import config_pb2
from tfx.types import standard_artifacts

from tfx_updaters.components import testing

MODULE = "tfx_updaters.components.evaluator.metrics"


def gated(class_name: str, lower=None, upper=None, **config) -> config_pb2.MetricConfig:
    made = config_pb2.MetricConfig(class_name=class_name, module=MODULE, config=json.dumps(config))
    for name, bound in (("lower_bound", lower), ("upper_bound", upper)):
        if bound is not None:
            getattr(made.threshold.value_threshold, name).value = bound
    return made


def eval_config(*metrics, spec=None, **fields) -> config_pb2.EvalConfig:
    return config_pb2.EvalConfig(
        model_specs=[config_pb2.ModelSpec(**(spec or {"label_key": "label"}))],
        metrics_specs=[config_pb2.MetricsSpec(metrics=metrics, **fields)],
    )


def only(result) -> dict[str, float]:
    """Values in the overall slice."""
    assert not result.decision.faults
    return {check.metric: check.value for check in result.decision.checks}


def test_a_regression_is_judged_by_its_errors_and_their_gap(tmp_path):
    rng = np.random.default_rng(0)

    def rows(error):
        labels = rng.normal(size=200)
        noise = rng.normal(scale=error, size=200)
        return labels, [
            {"label": np.float32(y), "p": np.float32([y + e])}
            for y, e in zip(labels, noise, strict=True)
        ]  # fmt: skip

    splits = {"train": rows(0.1)[1], "eval": rows(0.5)[1]}
    squared = {"class_name": "MeanSquaredError"}
    config = eval_config(
        gated("SplitMetric", upper=0.5, metric=squared, burden="model"),
        gated("GeneralizationGap", lower=-0.1, metric=squared, burden="model"),
    )
    result = evaluations.run(tmp_path, splits, config)
    error = {
        split: np.mean([(row["label"] - row["p"][0]) ** 2 for row in found])
        for split, found in splits.items()
    }
    assert only(result) == pytest.approx(
        {
            "mean_squared_error": error["eval"],
            "mean_squared_error_gap": error["train"] - error["eval"],
        },
        rel=1e-5,
    )
    assert result.blessed == 0
    failed = [check for check in result.decision.checks if not check.passed]
    assert [check.metric for check in failed] == ["mean_squared_error_gap"]


@pytest.fixture(scope="module")
def two_outputs(tmp_path_factory):
    """A model with a class and a number, and examples with a label for each."""
    folder = tmp_path_factory.mktemp("two")
    splits = {
        split: [
            {**row, "r": np.float32([row["n"] % 7]), "size": np.float32(row["n"] % 5)}
            for row in evaluations.rows(100, accuracy, seed)
        ]
        for seed, (split, accuracy) in enumerate({"train": 1.0, "eval": 0.9}.items())
    }
    parrots.parrot(folder / "model", {"p": 3, "r": 1}, {"p": "kind", "r": "size"})
    model = standard_artifacts.Model()
    model.uri = str(folder / "model")
    examples = testing.write_examples(folder / "examples", splits)
    return {"examples": [examples], "model": [model]}


def test_each_output_of_a_model_is_judged_by_its_label(tmp_path, two_outputs):
    spec = {"label_keys": {"kind": "label", "size": "size"}}
    config = eval_config(
        gated("SplitMetric", lower=0.8, metric={"class_name": "SparseCategoricalAccuracy"}),
        spec=spec, output_names=["kind"],
    )  # fmt: skip
    config.metrics_specs.add(
        metrics=[gated("SplitMetric", upper=9.0, metric={"class_name": "MeanAbsoluteError"})],
        output_names=["size"],
    )
    result = evaluations.evaluate(tmp_path, two_outputs, config)
    assert result.blessed == 1
    found = {(check.metric, check.output): check.value for check in result.decision.checks}
    assert found["sparse_categorical_accuracy", "kind"] == pytest.approx(0.9)
    assert found["mean_absolute_error", "size"] > 0


def test_a_model_with_several_outputs_is_refused_until_one_is_named(tmp_path, two_outputs):
    accuracy = {"class_name": "SparseCategoricalAccuracy"}
    config = eval_config(gated("SplitMetric", lower=0.8, metric=accuracy))
    result = evaluations.evaluate(tmp_path, two_outputs, config)
    assert result.blessed == 0
    assert "outputs ['kind', 'size']" in result.decision.sentence()


@pytest.mark.parametrize("signature", ["serving_default", "raw"])
def test_a_signature_over_examples_and_one_over_features_give_the_same(tmp_path, signature):
    splits = {"train": evaluations.rows(40, 1.0, 1), "eval": evaluations.rows(60, 0.9, 2)}
    gap = {"class_name": "SparseCategoricalAccuracy"}
    config = eval_config(
        gated("GeneralizationGap", upper=0.2, metric=gap),
        spec={"label_key": "label", "signature_name": signature},
    )
    result = evaluations.run(tmp_path, splits, config)
    assert only(result) == {"sparse_categorical_accuracy_gap": pytest.approx(0.1)}
    assert result.blessed == 1


def test_further_examples_are_a_split_called_drift(tmp_path):
    splits = {"train": evaluations.rows(40, 1.0, 1), "eval": evaluations.rows(60, 0.9, 2)}
    later = testing.write_examples(
        tmp_path / "later",
        {"march": evaluations.rows(50, 0.8, 3), "april": evaluations.rows(50, 0.6, 4)},
    )
    accuracy = {"class_name": "SparseCategoricalAccuracy"}
    config = eval_config(
        gated("SplitMetric", lower=0.5, metric=accuracy),
        gated("SplitMetric", lower=0.65, metric=accuracy, split="drift", burden="model"),
        gated("GeneralizationGap", upper=0.5, metric=accuracy, reference="eval",
              evaluation="drift", name="drift_gap"),
    )  # fmt: skip
    first = evaluations.run(tmp_path, splits, config, drift=later)
    assert only(first) == pytest.approx(
        {
            "sparse_categorical_accuracy": 0.9,
            "sparse_categorical_accuracy_on_drift": 0.7,
            "drift_gap": 0.2,
        }
    )
    assert first.blessed == 0
    assert first.decision.splits == {"eval": 60, "drift": 100}


def test_a_model_that_takes_one_example_at_a_time(tmp_path):
    """TFMA cuts a batch that the model fails on into its examples."""
    splits = {"train": evaluations.rows(10, 1.0, 1), "eval": evaluations.rows(20, 0.9, 2)}
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(examples):
        with tf.control_dependencies([tf.debugging.assert_equal(tf.size(examples), 1)]):
            parsed = tf.io.parse_example(examples, {"p": tf.io.FixedLenFeature([3], tf.float32)})
        return {"outputs": parsed["p"]}

    module.serve = serve
    tf.saved_model.save(
        module, str(tmp_path / "one" / "Format-Serving"), {"serving_default": serve}
    )
    model = standard_artifacts.Model()
    model.uri = str(tmp_path / "one")
    examples = testing.write_examples(tmp_path / "examples", splits)
    accuracy = {"class_name": "SparseCategoricalAccuracy"}
    config = eval_config(
        gated("GeneralizationGap", upper=0.2, metric=accuracy),
        gated("WorstSlice", lower=0.5, metric=accuracy, by=["group"]),
        config_pb2.MetricConfig(class_name="ExampleCount"),
    )
    inputs = {"examples": [examples], "model": [model]}
    one = evaluations.evaluate(tmp_path, inputs, config)
    whole = evaluations.run(tmp_path / "whole", splits, config)
    assert only(one) == only(whole)
    assert one.decision.splits == {"eval": 20, "train": 10} and one.decision.shared == 0
    assert one.values() == whole.values()
