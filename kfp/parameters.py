"""Execution properties as KFP's parameters, and those that KFP would change on the way."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message
from kfp.pipeline_spec import pipeline_spec_pb2 as spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.kubeflow.decorators import FinalStatusStr
from tfx.types.standard_artifacts import Boolean, Float, Integer, String
from tfx.utils import json_utils

from tfx_updaters.kfp.errors import UnsupportedError
from tfx_updaters.kfp.steps import Source, Step

Kind = spec.ParameterType
_OF_VALUES = {
    Boolean: Kind.BOOLEAN,
    Float: Kind.NUMBER_DOUBLE,
    Integer: Kind.NUMBER_INTEGER,
    String: Kind.STRING,
}
_OF_TYPES = {
    bool: Kind.BOOLEAN, float: Kind.NUMBER_DOUBLE, int: Kind.NUMBER_INTEGER, str: Kind.STRING
}  # fmt: skip
# A number of KFP is a double: whole numbers up to here are exact.
_EXACT = 2**53


def kind(value: Any) -> int:
    """The type of a property as a parameter."""
    if isinstance(value, Source):
        return _OF_VALUES[value.type]
    if isinstance(value, RuntimeParameter):
        return _OF_TYPES[value.ptype or str]
    if isinstance(value, FinalStatusStr):
        return Kind.TASK_FINAL_STATUS
    return _OF_TYPES[type(value)]


def parameters(step: Step) -> dict[str, Any]:
    """The properties that KFP hands over unchanged: texts, numbers, and what a run fills in."""
    return {
        name: _plain(value) for name, value in step.properties.items() if not _is_changed(value)
    }


def changed(step: Step) -> str | None:
    """The JSON of the properties that KFP would change or refuse; none if there are none.

    Booleans come back as numbers, lists as `{"list": ...}`, mappings as `{"struct": ...}`, whole
    numbers as doubles; a null, NaN or infinity is refused. They go into the command.

    Raises:
        UnsupportedError: one of them is no JSON.
    """
    values = {name: value for name, value in step.properties.items() if _is_changed(value)}
    for name, value in values.items():
        try:
            json.dumps(value)
        except TypeError as error:
            raise UnsupportedError(
                f"node '{step.id}': its property '{name}' cannot be written as JSON: {error}"
            ) from error
    # KFP looks for its own placeholders in a command.
    text = json.dumps(values, sort_keys=True).replace("{{$", "{{\\u0024")
    return text if values else None


def run_parameters(steps: Iterable[Step]) -> dict[str, RuntimeParameter]:
    """The pipeline's parameters by name.

    Raises:
        UnsupportedError: two of one name differ.
    """
    found: dict[str, RuntimeParameter] = {}
    for step in steps:
        for value in step.properties.values():
            if not isinstance(value, RuntimeParameter):
                continue
            other = found.setdefault(value.name, value)
            if (other.ptype or str, other.default) != (value.ptype or str, value.default):
                raise UnsupportedError(
                    f"node '{step.id}': the RuntimeParameter '{value.name}' has another type or "
                    "default elsewhere in the pipeline; make it once and use it twice"
                )
    return found


def input_spec(values: Mapping[str, RuntimeParameter]) -> spec.ComponentInputsSpec:
    """Parameters as inputs of a graph; one with a default need not be given."""
    result = spec.ComponentInputsSpec()
    for name, value in values.items():
        result.parameters[name].parameter_type = kind(value)
        if value.default is not None:
            result.parameters[name].is_optional = True
            default: Any = value.default
            json_format.ParseDict(default, result.parameters[name].default_value)
    return result


def _plain(value: Any) -> Any:
    """A value as it is, a message or an object of TFX as the text that TFX's executors take."""
    if isinstance(value, Message):
        return json_format.MessageToJson(value, sort_keys=True)
    if isinstance(value, int | float | str | RuntimeParameter | Source):
        return value
    return json_utils.dumps(value)


def _is_changed(value: Any) -> bool:
    if isinstance(value, bool | list | tuple | dict):
        return True
    if isinstance(value, int):
        return abs(value) > _EXACT
    return isinstance(value, float) and not math.isfinite(value)
