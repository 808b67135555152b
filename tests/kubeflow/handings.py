"""What KFP hands a node, and nodes to hand it to."""

import json
import sys
from pathlib import Path
from typing import Any, ClassVar

from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types.artifact import Artifact, Property, PropertyType

KEPT: dict[str, Any] = {}


class Typed(Artifact):
    """A custom type with a property of each kind."""

    TYPE_NAME = "Typed"
    PROPERTIES: ClassVar = {
        "whole": Property(type=PropertyType.INT),
        "real": Property(type=PropertyType.FLOAT),
        "text": Property(type=PropertyType.STRING),
        "flag": Property(type=PropertyType.BOOLEAN),
        "data": Property(type=PropertyType.JSON_VALUE),
    }


class Keeping(BaseExecutor):
    """Keeps what it is handed."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        KEPT.update(inputs=input_dict, outputs=output_dict, properties=exec_properties)


class Failing(BaseExecutor):
    """Fails, with the reason below what came of it."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        try:
            raise OSError("the third shard is damaged")
        except OSError as error:
            raise RuntimeError("reading failed [while running 'Read/Map']") from error


class Unsteady(BaseExecutor):
    """Loses its connection after it has written, as often as a file says."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        folder = Path(output_dict["made"][0].uri)
        KEPT.setdefault("found", []).append(sorted(path.name for path in folder.iterdir()))
        (folder / f"part-{len(KEPT['found'])}").touch()
        if len(KEPT["found"]) <= exec_properties["losses"]:
            raise RuntimeError("upload failed") from ConnectionResetError("by peer")


class Writing(BaseExecutor):
    """Sets a property of each kind, writes nothing, and names its input."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        (made,) = output_dict["made"]
        made.whole, made.real, made.text, made.flag = 3, 0.5, "a", False
        made.data = {"list": [1, None]}
        made.set_bool_custom_property("sure", True)
        made.set_int_custom_property("count", 2)
        made.set_string_custom_property("whole", "not the number")
        for each in input_dict.get("given", []):
            made.set_string_custom_property("from", f"{each.uri}/Split-train")
        made.set_string_custom_property("elsewhere", "/data/Split-train")


class Counting(BaseExecutor):
    """Writes a number."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        output_dict["count"][0].value = int(exec_properties["value"])


class KeepingBeam(BaseBeamExecutor):
    """Keeps the options of Beam, and the arguments that Beam would parse besides."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        KEPT.update(beam=self._beam_pipeline_args, arguments=sys.argv[1:])


def title(kind: type) -> str:
    """How the document names a type."""
    return json.dumps({"title": f"{kind.__module__}.{kind.__qualname__}"})


def executor_input(folder: Path, *, properties=None, inputs=None, outputs=None) -> dict[str, Any]:
    """KFP's ExecutorInput; inputs and outputs are `{key: artifact}`."""
    return {
        "inputs": {
            "parameterValues": properties or {},
            "artifacts": {key: {"artifacts": [value]} for key, value in (inputs or {}).items()},
        },
        "outputs": {
            "artifacts": {key: {"artifacts": [value]} for key, value in (outputs or {}).items()},
            "outputFile": str(folder / "out" / "output_metadata.json"),
        },
    }
