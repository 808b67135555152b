"""Execution properties: what KFP hands of each type, and what the executor gets."""

from typing import Any

import pytest

from tfx_updaters.kfp import properties
from tfx_updaters.kfp.errors import HandedError

SPEC = {
    "parameters": {
        "steps": {"parameterType": "NUMBER_INTEGER"},
        "rate": {"parameterType": "NUMBER_DOUBLE"},
        "deep": {"parameterType": "BOOLEAN"},
        "name": {"parameterType": "STRING"},
        "layers": {"parameterType": "LIST"},
        "sizes": {"parameterType": "STRUCT"},
        "status": {"parameterType": "TASK_FINAL_STATUS"},
    }
}


@pytest.mark.parametrize(
    ("name", "handed", "wanted"),
    [
        pytest.param("steps", 400.0, 400, id="integer"),
        pytest.param("rate", 1.0, 1.0, id="double"),
        pytest.param("deep", 1.0, True, id="boolean as a number"),
        pytest.param("deep", False, False, id="boolean"),
        pytest.param("name", "a", "a", id="text"),
        pytest.param("layers", {"list": [1.0]}, [1.0], id="list"),
        pytest.param("sizes", {"struct": {"a": 1.0}}, {"a": 1.0}, id="dictionary"),
        pytest.param(
            "status", {"struct": {"state": "FAILED"}}, '{"state": "FAILED"}', id="final status"
        ),
        pytest.param("other", 2.0, 2.0, id="not in the spec"),
    ],
)
def test_property_gets_its_type(name: str, handed: Any, wanted: Any) -> None:
    found = properties.restore({name: handed}, SPEC, {})[name]
    assert (type(found), found) == (type(wanted), wanted)


@pytest.mark.parametrize(
    ("name", "handed"),
    [
        pytest.param("steps", 0.5, id="half an integer"),
        pytest.param("deep", 2.0, id="a boolean of two"),
        pytest.param("layers", "a", id="a text as a list"),
    ],
)
def test_property_of_another_type_is_refused(name: str, handed: Any) -> None:
    with pytest.raises(HandedError, match=f"property {name}: received {handed!r}"):
        properties.restore({name: handed}, SPEC, {})
