"""Rules: one value for each variable, or an error that lists the paths."""

import pytest

from tfx_updaters.optimizers import RuleError, Trace
from tfx_updaters.optimizers.rules import resolve

PATHS = ["sequential_1/conv1/kernel", "sequential_1/conv1/bias", "sequential_1/dense/kernel"]


@pytest.mark.parametrize(
    "rule, values",
    [
        (0.9, [0.9, 0.9, 0.9]),
        ({"conv1": 0.5, "default": 0.9}, [0.5, 0.5, 0.9]),
        ({"kernel$": 0.5, "bias$": 0.0}, [0.5, 0.0, 0.5]),
        ({"default": 0.3}, [0.3, 0.3, 0.3]),
    ],
)
def test_resolves_in_the_order_of_the_variables(rule, values):
    assert resolve("trace.momentum", rule, PATHS) == values


@pytest.mark.parametrize(
    "rule",
    [
        {"conv2": 0.5, "default": 0.9},
        {"conv1": 0.5, "kernel": 0.9, "default": 0.1},
        {"conv1": 0.5},
    ],
    ids=["matches nothing", "matched twice", "not matched"],
)
def test_a_rule_that_does_not_fit_lists_the_paths(rule):
    with pytest.raises(RuleError) as error:
        resolve("trace.momentum", rule, PATHS)
    assert str(error.value).startswith("trace.momentum: ")
    assert all(path in str(error.value) for path in PATHS)


@pytest.mark.parametrize("rule", [{"(": 0.5}, {}, {1: 0.5}])
def test_a_rule_that_is_no_rule_is_refused_at_once(rule):
    with pytest.raises(RuleError, match=r"trace\.momentum"):
        Trace(rule)
