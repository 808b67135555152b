"""Whether a task is to run: its trigger condition, an expression in CEL."""

from collections.abc import Mapping
from typing import Any

from cel_expr_python import cel
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from tfx_updaters.kfp.errors import TaskError

Inputs = pipeline_spec_pb2.ExecutorInput.Inputs


def holds(condition: str, parameters: Mapping[str, Any]) -> bool:
    """Evaluates a condition over the parameters of a task, as they are handed to it.

    They are `inputs.parameter_values`, in which every number is a double; KFP's driver knows
    nothing else in a condition (KFP: backend/src/v2/expression/expression.go).

    Raises:
        TaskError: it is no expression, asks for what is not there, or is neither true nor false.
    """
    environment = cel.NewEnv(variables={"inputs": cel.Type(Inputs.DESCRIPTOR.full_name)})
    message = json_format.ParseDict({"parameterValues": dict(parameters)}, Inputs())
    try:
        result = environment.compile(condition).eval(data={"inputs": message})
    except RuntimeError as error:
        raise TaskError(f"condition {condition}: {error}") from error
    if result.type() != cel.Type.BOOL:
        raise TaskError(f"condition {condition}: {result.value()}, neither true nor false")
    return result.value()
