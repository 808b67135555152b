"""An EvalConfig of the stock Evaluator gives the same numbers here, to the last digit."""

import json

import evaluations
import pytest
import tensorflow_model_analysis as tfma
from google.protobuf import text_format
from tensorflow_model_analysis.proto import config_pb2

from tfx_updaters.components.evaluator.inner import Inner

MODULE = "tfx_updaters.components.evaluator.metrics"

# As users write them: several metrics, slices, weights, a change against the baseline, plots.
STOCK = """
    model_specs {{ label_key: "label" {weights} }}
    slicing_specs {{ }}
    slicing_specs {{ feature_keys: "group" }}
    slicing_specs {{ feature_keys: ["group", "label"] }}
    slicing_specs {{ feature_values {{ key: "label" value: "1" }} }}
    metrics_specs {{
      metrics {{ class_name: "ExampleCount" }}
      metrics {{ class_name: "WeightedExampleCount" }}
      metrics {{ class_name: "SparseCategoricalCrossentropy" }}
      metrics {{
        class_name: "SparseCategoricalAccuracy"
        threshold {{
          value_threshold {{ lower_bound {{ value: 0.2 }} }}
          change_threshold {{ direction: HIGHER_IS_BETTER absolute {{ value: -0.5 }} }}
        }}
      }}
      metrics {{ class_name: "MeanPrediction" }}
      metrics {{ class_name: "MultiClassConfusionMatrixPlot" }}
    }}
    metrics_specs {{
      binarize {{ class_ids {{ values: [0, 2] }} }}
      metrics {{ class_name: "AUC" }}
      metrics {{ class_name: "Precision" }}
    }}
    metrics_specs {{
      aggregate {{ micro_average: true }}
      metrics {{ class_name: "AUC" }}
    }}
"""


@pytest.fixture(scope="module")
def splits():
    return {
        "train": evaluations.rows(80, 0.99, 1, baseline=0.97, w=2.0),
        "eval": [
            {**row, "w": 0.5 + index % 3}
            for index, row in enumerate(evaluations.rows(120, 0.8, 2, baseline=0.7))
        ],
    }


@pytest.mark.parametrize("baseline", [False, True], ids=["alone", "with-baseline"])
@pytest.mark.parametrize("weights", ["", 'example_weight_key: "w"'], ids=["plain", "weighted"])
def test_an_eval_config_of_the_stock_node_gives_the_same_to_the_last_digit(
    tmp_path, splits, baseline, weights
):
    config = text_format.Parse(STOCK.format(weights=weights), config_pb2.EvalConfig())
    ours = evaluations.run(tmp_path, splits, config, baseline=baseline)
    stock = evaluations.again(tmp_path, config, ours, stock=True)
    assert ours.blessed == stock.blessed == 1
    assert everything(ours) == everything(stock)
    assert len(everything(ours)) > 10


def everything(result: evaluations.Result) -> dict[str, str]:
    """Every metric and plot that TFMA reads back, as text."""
    metrics = tfma.load_metrics(result.evaluation)
    plots = tfma.load_plots(result.evaluation)
    found = {}
    for each in metrics:
        for value in each.metric_keys_and_values:
            found[f"{each.slice_key} {value.key}"] = str(value.value)
    for each in plots:
        for value in each.plot_keys_and_values:
            found[f"{each.slice_key} {value.key} plot"] = str(value.value)
    return found


def gated(class_name: str, **config):
    return config_pb2.MetricConfig(class_name=class_name, module=MODULE, config=json.dumps(config))


def inner(class_name: str, **config) -> dict:
    return {"class_name": class_name, **({"config": config} if config else {})}


MULTICLASS = [
    inner("SparseCategoricalAccuracy"),
    inner("SparseCategoricalCrossentropy"),
    inner("SparseTopKCategoricalAccuracy", k=2),
]
SINGLE = [
    inner("BinaryAccuracy"),
    inner("BinaryAccuracy", threshold=0.3, name="strict"),
    inner("BinaryCrossentropy"),
    inner("MeanSquaredError"),
    inner("MeanAbsoluteError"),
    inner("AUC"),
]


@pytest.mark.parametrize("weights", ["", "w"], ids=["plain", "weighted"])
@pytest.mark.parametrize("metrics", [MULTICLASS, SINGLE], ids=["classes", "one-output"])
def test_what_is_summed_by_batch_is_what_tfma_computes_row_by_row(
    tmp_path, splits, metrics, weights
):
    if metrics is SINGLE:
        splits = {name: [one_output(row) for row in rows] for name, rows in splits.items()}
    config = config_pb2.EvalConfig(
        model_specs=[config_pb2.ModelSpec(label_key="label", example_weight_key=weights)],
        slicing_specs=[config_pb2.SlicingSpec(), config_pb2.SlicingSpec(feature_keys=["group"])],
    )
    # The same metrics under a name of ours, on the split and as a gap, and as TFMA's own.
    ours = [
        each
        for number, metric in enumerate(metrics)
        for each in (
            gated("SplitMetric", metric=metric, name=f"split {number}"),
            gated("GeneralizationGap", metric=metric, name=f"gap {number}"),
        )
    ]
    ours[0].threshold.value_threshold.lower_bound.value = 0.1
    own = [
        config_pb2.MetricConfig(
            class_name=metric["class_name"], config=json.dumps(metric.get("config", {}))
        )
        for metric in metrics
    ]
    config.metrics_specs.add(metrics=[*ours, *own])
    result = evaluations.run(tmp_path, splits, config, baseline=True)
    del config.metrics_specs[0].metrics[:]
    config.metrics_specs[0].metrics.extend(own)
    train = evaluations.again(tmp_path, config, result, stock=True, example_splits=["train"])
    for model in ("candidate", "baseline"):
        found, on_train = result.values(model), train.values(model)
        for where, values in found.items():
            names = [name for name in values if not name.startswith(("split", "gap"))]
            for number, name in enumerate(n for n in order(metrics) if n in names):
                assert values[f"split {number}"]["value"] == pytest.approx(values[name], abs=1e-6)
                gap = on_train[where][name] - values[name]
                assert values[f"gap {number}"]["value"] == pytest.approx(gap, abs=1e-6)


def order(metrics) -> list[str]:
    """Their names in results."""
    return [Inner.of(metric).name() for metric in metrics]


def one_output(row: dict) -> dict:
    """The same example with one output: the probability of class 1."""
    return {
        **row, "label": int(row["label"] == 1), "p": row["p"][1:2] * 2 / 3, "q": row["q"][1:2],
    }  # fmt: skip
