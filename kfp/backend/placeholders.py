"""A container's command with what KFP's launcher puts into it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfx_updaters.kfp.backend.store import under


def fill(command: Sequence[str], executor_input: Mapping[str, Any], mount: Path) -> list[str]:
    """The command with every placeholder replaced that the launcher knows; others stay as text.

    (KFP: backend/src/v2/component/launcher_v2.go, `getPlaceholders`.)

    Args:
        command: command and arguments as in the document.
        executor_input: what stands for `{{$}}`.
        mount: where the node's copies of artifacts are.
    """
    known = {"{{$}}": json.dumps(executor_input), **dict(_known(executor_input, mount))}

    def filled(word: str) -> str:
        for placeholder, value in known.items():
            word = word.replace(placeholder, value)
        return word

    return [filled(word) for word in command]


def _known(executor_input: Mapping[str, Any], mount: Path):
    outputs = executor_input["outputs"]
    for name, value in executor_input["inputs"]["parameterValues"].items():
        text = value if isinstance(value, str) else json.dumps(value)
        yield f"{{{{$.inputs.parameters['{name}']}}}}", text
    for name, output in outputs["parameters"].items():
        yield f"{{{{$.outputs.parameters['{name}'].output_file}}}}", output["outputFile"]
    for side, artifacts in (
        ("inputs", executor_input["inputs"]["artifacts"]),
        ("outputs", outputs["artifacts"]),
    ):
        for name, listed in artifacts.items():
            uri = listed["artifacts"][0]["uri"]
            yield f"{{{{$.{side}.artifacts['{name}'].uri}}}}", uri
            yield f"{{{{$.{side}.artifacts['{name}'].path}}}}", _path(uri, mount)


def _path(uri: str, mount: Path) -> str:
    try:
        return str(under(mount, uri))
    except ValueError:
        return uri
