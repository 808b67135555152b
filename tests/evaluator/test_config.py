"""Configs that gate nothing, or nothing but later models, are refused when a pipeline is built."""

import pytest
from google.protobuf import text_format
from tensorflow_model_analysis.proto import config_pb2

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.evaluator.config import require_gate
from tfx_updaters.components.evaluator.gate import Gate

VALUE = "value_threshold { lower_bound { value: 0.5 } }"
CHANGE = "change_threshold { direction: HIGHER_IS_BETTER absolute { value: -0.01 } }"


def config(threshold: str, class_name: str = "AUC", more: str = "") -> config_pb2.EvalConfig:
    metric = f'metrics {{ class_name: "{class_name}" {threshold} }}'
    return text_format.Parse(f"metrics_specs {{ {metric} {more} }}", config_pb2.EvalConfig())


@pytest.mark.parametrize(
    "threshold",
    [
        f"threshold {{ {VALUE} }}",
        f"threshold {{ {VALUE} {CHANGE} }}",
        f"per_slice_thresholds {{ slicing_specs {{ feature_keys: 'g' }} threshold {{ {VALUE} }} }}",
        "threshold { value_threshold { lower_bound { value: 0 } upper_bound { value: 0 } } }",
    ],
)
def test_a_bound_on_a_value_is_a_gate(threshold):
    require_gate(config(threshold))


def test_our_own_config_is_a_gate():
    require_gate(Gate().eval_config())


@pytest.mark.parametrize(
    ("threshold", "said"),
    [
        ("", "judges nothing"),
        ("threshold {}", "judges nothing"),
        (f"threshold {{ {CHANGE} }}", "only the change of auc"),
        ("threshold { value_threshold {} }", "'auc' has no bound"),
        ("threshold { value_threshold { lower_bound { value: nan } } }", "NaN"),
        ("threshold { value_threshold { lower_bound { value: -inf } } }", "no finite bound"),
        (
            "threshold { value_threshold { lower_bound { value: 2 } upper_bound { value: 1 } } }",
            "no value between",
        ),
        (
            f"threshold {{ {VALUE} change_threshold {{ absolute {{ value: 0 }} }} }}",
            "no direction",
        ),
        (
            f"threshold {{ {VALUE} change_threshold {{ direction: HIGHER_IS_BETTER }} }}",
            "no finite bound",
        ),
        (
            "per_slice_thresholds { slicing_specs {} threshold { value_threshold {} } }",
            "has no bound",
        ),
    ],
)
def test_a_config_that_gates_nothing_is_refused(threshold, said):
    with pytest.raises(ArgumentError, match=said):
        require_gate(config(threshold))


def test_one_sound_threshold_does_not_hide_an_empty_one():
    second = 'metrics { class_name: "BinaryAccuracy" threshold { value_threshold {} } }'
    with pytest.raises(ArgumentError, match="binary_accuracy"):
        require_gate(config(f"threshold {{ {VALUE} }}", more=second))


def test_a_misspelt_metric_is_refused():
    with pytest.raises(ArgumentError, match="BinaryAcuracy"):
        require_gate(config(f"threshold {{ {VALUE} }}", class_name="BinaryAcuracy"))
