"""A node's execution properties, each with the type that its executor wants."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tfx_updaters.kfp.errors import HandedError
from tfx_updaters.kfp.metadata import unwrap

CASTS: Mapping[str, Callable[[Any], Any]] = {
    "NUMBER_INTEGER": int,
    "NUMBER_DOUBLE": float,
    "BOOLEAN": bool,
    "STRING": str,
    "LIST": list,
    "STRUCT": dict,
}


def restore(
    handed: Mapping[str, Any], inputs_spec: Mapping[str, Any], static: Mapping[str, Any]
) -> dict[str, Any]:
    """The properties of one execution.

    Args:
        handed: `inputs.parameterValues` of KFP's ExecutorInput, where every number is a double
            and lists and dictionaries are wrapped.
        inputs_spec: the component's input definitions, whose `parameters` have the types.
        static: properties of the command line, which are taken as they are and win.

    Raises:
        HandedError: a value does not have the type that its definition says.
    """
    specs = inputs_spec.get("parameters", {})
    typed = {
        name: _cast(name, unwrap(value), specs.get(name, {}).get("parameterType"))
        for name, value in handed.items()
    }
    return {**typed, **static}


def _cast(name: str, value: Any, kind: str | None) -> Any:
    if kind == "TASK_FINAL_STATUS":
        return json.dumps(value, sort_keys=True)  # TFX's exit handlers take it as a text.
    to_kind = CASTS.get(kind or "")
    if value is None or to_kind is None:
        return value
    try:
        cast = to_kind(value)
    except (TypeError, ValueError):
        cast = None
    if cast != value and kind != "STRING":
        raise HandedError(f"property {name}: received {value!r}, which is no {kind}")
    return cast
