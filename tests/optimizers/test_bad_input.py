"""What a chain refuses: the value, what is allowed, and the place in the chain."""

import keras
import pytest

from tfx_updaters.optimizers import (
    AggregatedTrace,
    ByOrder,
    ChainedOptimizer,
    Clip,
    Every,
    Frozen,
    HyperparameterError,
    LayerDecay,
    Lookahead,
    RuleError,
    Scale,
    ScaleByAdam,
    Schedule,
    Trace,
    UnknownNameError,
    UpdaterError,
    WeightsOnly,
    Where,
    from_json,
    transform_from_json,
)
from tfx_updaters.optimizers.testing import variables

SCHEDULED = {"schedule": "CosineDecay", "initial_learning_rate": 0.9, "decay_steps": 10}


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Clip(-1), HyperparameterError, r"clip\.max_abs: received -1; a number > 0"),
        (lambda: Clip(float("nan")), HyperparameterError, r"received nan"),
        (lambda: ScaleByAdam(beta1=1.0), HyperparameterError, r"beta1: received 1\.0.*< 1"),
        (lambda: ScaleByAdam(eps={"a": 1.0}), HyperparameterError, r"eps: received \{"),
        (lambda: Trace(0.9, nesterov=1), HyperparameterError, r"nesterov.*true or false"),
        (lambda: AggregatedTrace([]), HyperparameterError, r"momenta.*a list"),
        (lambda: AggregatedTrace([0.5, 1.5]), HyperparameterError, r"momenta\[1\].*1\.5"),
        (lambda: Every(0, Clip(1.0)), HyperparameterError, r"period.*whole number >= 1"),
        (lambda: Every(2, "clip"), HyperparameterError, r"inner.*a transform"),
        (lambda: Where("(", Clip(1.0)), RuleError, r"'\(' is no regular expression"),
        (lambda: Where("", Clip(1.0)), RuleError, r"regular expression"),
        (lambda: Scale(LayerDecay(1.0, 2.0)), HyperparameterError, r"factor: received 2\.0"),
        (lambda: Trace(WeightsOnly(1.5)), HyperparameterError, r"weights_only.*1\.5"),
        (lambda: Trace({"preset": "weights_onli", "value": 1}), UnknownNameError, "weights_only"),
        (lambda: Trace({"preset": "weights_only"}), HyperparameterError, "value missing"),
        (lambda: Trace({"schedule": "CosinDecay"}), UnknownNameError, "CosineDecay"),
        (lambda: Trace({**SCHEDULED, "decay": 1}), UnknownNameError, "decay_steps"),
        (lambda: Trace({"schedule": "CosineDecay"}), HyperparameterError, "decay_steps missing"),
        (lambda: ChainedOptimizer("fast"), HyperparameterError, "learning_rate: received 'fast'"),
        (lambda: ChainedOptimizer(-0.1), HyperparameterError, "learning_rate: received -0.1"),
        (lambda: ChainedOptimizer(0.1, Clip(1.0)), UpdaterError, "a list of transforms"),
        (lambda: ChainedOptimizer(0.1, [Clip(1.0), {"transform": "trce", "momentum": 1}]),
         UnknownNameError, r"transforms\[1\]: unknown transform 'trce'; did you mean 'trace'"),
        (lambda: ChainedOptimizer(0.1, [{"transform": "clip", "max_abs": -1}]),
         HyperparameterError, r"transforms\[0\]: clip\.max_abs: received -1"),
        (lambda: ChainedOptimizer(0.1, [Lookahead(), Clip(1.0)]), UpdaterError,
         r"transforms\[1\]: clip works on updates.*before transforms\[0\], lookahead"),
        (lambda: from_json({"updater": "sgd", "learning_rate": {"schedule": "X"}}),
         UnknownNameError, "unknown schedule 'X'"),
        (lambda: transform_from_json({"transform": "keras.layers.Lambda"}), UnknownNameError,
         "unknown transform"),
    ],
)  # fmt: skip
def test_it_is_refused_when_it_is_made(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    "transform",
    [Trace({"conw": 0.5, "default": 0.9}), Trace({"conv": 0.5}), Trace({"conv": 0.5, "bias": 0.1}),
     Where("conw", Clip(1.0)), Scale(Frozen("conw")), Trace(ByOrder((0.5,)))],
    ids=str,
)  # fmt: skip
def test_a_rule_that_does_not_fit_lists_the_variables_and_the_place(transform):
    optimizer = ChainedOptimizer(0.1, [Clip(1.0), transform])
    with pytest.raises(RuleError) as error:
        optimizer.build(variables())
    assert str(error.value).startswith("transforms[1]: ")
    assert all(variable.path in str(error.value) for variable in variables())


def test_a_schedule_that_keras_refuses():
    bad = Schedule("PiecewiseConstantDecay", {"boundaries": [1, 2], "values": [0.1]})
    with pytest.raises(HyperparameterError, match="PiecewiseConstantDecay"):
        ChainedOptimizer(0.1, [Trace(bad)]).build(variables())


@pytest.mark.parametrize(
    ("argument", "chain"),
    [("clipvalue", [{"transform": "clip", "max_abs": 1.0}]),
     ("clipnorm", [{"transform": "clip_by_norm", "max_norm": 1.0}]),
     ("global_clipnorm", [{"transform": "clip_by_global_norm", "max_norm": 1.0}]),
     ("weight_decay", [{"transform": "where", "variables": "kernel",
                        "inner": {"transform": "add_decayed_weights", "rate": 1.0}}])],
)  # fmt: skip
def test_an_argument_of_keras_that_repeats_a_transform(argument, chain):
    with pytest.raises(UpdaterError, match=rf"{argument}=.*transforms\[0\].*twice"):
        ChainedOptimizer(0.1, chain, **{argument: 0.5})


def test_an_unregistered_schedule_is_refused():
    class Mine(keras.optimizers.schedules.LearningRateSchedule):
        def get_config(self):
            return {}

    with pytest.raises(UnknownNameError, match="unknown schedule 'Mine'"):
        Trace(Mine())
