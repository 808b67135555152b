"""The catalogue: names, hyper-parameters and documents are checked, without Keras."""

import json
import subprocess
import sys

import pytest

from tfx_updaters.optimizers import (
    HyperparameterError,
    UnknownNameError,
    UpdaterError,
    entry,
    from_json,
    get,
    names,
    parse_value,
)

CHAIN = {
    "learning_rate": 0.05,
    "transforms": [{"transform": "clip", "max_abs": 1.0}, {"transform": "trace", "momentum": 0.5}],
}


@pytest.mark.parametrize("name", names())
def test_every_updater_round_trips_through_json_text(name):
    config = get(name)
    assert from_json(json.dumps(config.to_json())) == config
    assert config.to_json()["updater"] == name


def test_a_chain_spelt_out_keeps_its_transforms():
    config = from_json(CHAIN)
    assert from_json(json.dumps(config.to_json())) == config
    assert [transform.name for transform in config.transforms] == ["clip", "trace"]


@pytest.mark.parametrize(
    "call, nearest",
    [
        (lambda: entry("magnitude_clp"), "magnitude_clip"),
        (lambda: get("article", learning_rat=1.0), "learning_rate"),
        (lambda: from_json({**CHAIN, "transforms": [{"transform": "trce"}]}), "trace"),
        (
            lambda: from_json({**CHAIN, "transforms": [{"transform": "clip", "max_ab": 1}]}),
            "max_abs",
        ),
    ],
)
def test_an_unknown_name_gets_the_nearest(call, nearest):
    with pytest.raises(UnknownNameError, match=f"did you mean '{nearest}'"):
        call()


@pytest.mark.parametrize("value", [-1, 0, float("nan"), float("inf"), True, None, "abc", [1.0]])
def test_a_clip_takes_only_finite_numbers_above_zero(value):
    with pytest.raises(HyperparameterError, match=r"max_gradient_value.*> 0"):
        get("magnitude_clip", max_gradient_value=value)


def test_a_value_in_a_rule_is_checked_and_named():
    with pytest.raises(HyperparameterError, match=r"layer_momentum_coefs\['conv1'\].*1\.5"):
        get("article", layer_momentum_coefs={"conv1": 1.5, "default": 0.9})


def test_json_that_does_not_parse_says_where():
    with pytest.raises(UpdaterError, match="line 2, column 13"):
        from_json('{\n  "updater" "sgd"}')


@pytest.mark.parametrize(
    "document", [[], 3, {}, {"transforms": 1, "learning_rate": 0.1}, {"updater": ["sgd"]},
                 {"learning_rate": 0.1, "transforms": [{"transform": ["clip"]}]}]
)  # fmt: skip
def test_a_document_of_another_shape_is_an_updater_error(document):
    with pytest.raises(UpdaterError):
        from_json(document)


@pytest.mark.parametrize(
    "text, value", [("0.5", 0.5), ('{"conv1": 0.5}', {"conv1": 0.5}), ("abc", "abc")]
)
def test_values_typed_by_hand_are_json_where_they_can_be(text, value):
    assert parse_value(text) == value


def test_a_whole_number_is_a_learning_rate_that_keras_takes():
    assert float(get("sgd", learning_rate=1).optimizer().learning_rate) == 1.0


def test_checking_imports_neither_keras_nor_tensorflow():
    program = (
        "import sys, tfx_updaters.optimizers as o\n"
        'o.from_json(\'{"updater": "article"}\').describe()\n'
        "print(sorted({'keras', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
