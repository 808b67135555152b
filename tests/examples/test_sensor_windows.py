"""The configuration of windows: checked when it is made, the same after JSON."""

import json

import pytest
from hypothesis import given
from test_sensor_cut import windows

from tfx_updaters.components import ArgumentError, Windows

GIVEN = {"length": 10, "channels": ["x", "y"], "label": "activity", "time": "t"}


@given(windows())
def test_it_comes_back_from_json(config):
    assert Windows.from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"length": 0}, "length: received 0; 1 or more is allowed"),
        ({"length": True}, "length: received True"),
        ({"length": 2.5}, "length: received 2.5"),
        ({"stride": 0}, "stride: received 0"),
        ({"channels": []}, "channels: received \\[\\]; a list of different texts"),
        ({"channels": "x"}, "channels: received 'x'; a list"),
        ({"channels": ["x", "x"]}, "channels: received \\['x', 'x'\\]"),
        ({"label": "x"}, "columns: received 'x' for two purposes"),
        ({"group": "t"}, "columns: received 't' for two purposes"),
        ({"label": ""}, "label: received ''"),
        ({"unit": "sec"}, "unit: received 'sec'; .*s, ms, us, ns is allowed"),
        ({"label_by": "majorty"}, "did you mean 'majority'?"),
        ({"missing": "interpolated"}, "did you mean 'interpolate'?"),
        ({"split": "groups"}, "did you mean 'group'?"),
        ({"every": 0}, "every: received 0"),
        ({"every": float("nan")}, "every: received nan"),
        ({"max_gap": -1}, "max_gap: received -1"),
        ({"eval_share": 1}, "eval_share: received 1"),
        ({"missing": "interpolate"}, "max_gap: received None"),
        ({"label_by": "any"}, "background: received None"),
        ({"background": "rest"}, "background: received 'rest' with label_by='last'"),
        ({"classes": ["rest"]}, "classes: received .* two or more"),
        (
            {"label_by": "any", "background": "rset", "classes": ["rest", "walk"]},
            "did you mean 'rest'?",
        ),
        ({"lenght": 3}, "did you mean 'length'?"),
    ],
)
def test_it_refuses(changes, said):
    with pytest.raises(ArgumentError, match=said):
        Windows.from_json({**GIVEN, **changes})


def test_it_says_what_is_needed():
    with pytest.raises(ArgumentError, match="no length, no channels"):
        Windows.from_json({"label": "activity"})
    with pytest.raises(ArgumentError, match="received 3; Windows"):
        Windows.from_json(3)
