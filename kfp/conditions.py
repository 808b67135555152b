"""TFX's conditions: a node that computes whether one holds, as KFP compares parameters only.

KFP's SDK writes conditions about the parameters of a task only, and TFX's are about the properties
of its artifacts.
"""

from typing import Any

from google.protobuf import json_format
from tfx.dsl.compiler import placeholder_utils
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.proto.orchestration.placeholder_pb2 import PlaceholderExpression
from tfx.types import Artifact
from tfx.types.artifact_utils import get_single_instance

PREDICATE = "predicate"
HOLDS = "holds"


class Executor(BaseExecutor):
    """Writes `true` or `false`: whether the predicate holds for the inputs."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Evaluates the predicate as TFX's own orchestration does."""
        expression = json_format.Parse(exec_properties[PREDICATE], PlaceholderExpression())
        context = placeholder_utils.ResolutionContext(
            exec_info=ExecutionInfo(input_dict=input_dict)
        )
        holds = placeholder_utils.resolve_placeholder_expression(expression, context)
        get_single_instance(output_dict[HOLDS]).value = str(bool(holds)).lower()
