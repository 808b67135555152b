"""Small compiled documents: tasks that are a line of shell or Python."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ARTIFACT = {"artifactType": {"instanceSchema": "title: tfx.Model\ntype: object"}}


class Task:
    """A task, its component and its executor.

    Attributes:
        command: of the container; None for another executor.
        after: tasks before it, besides those that its inputs come from.
        inputs: artifacts, `{name: (task, output)}`.
        parameters: how each is given, in KFP's terms.
        types: of the parameters; STRING for those not named.
        outputs: names of output artifacts.
        values: output parameters, `{name: type}`.
        more: further fields of the task.
        executor: in place of a container.
    """

    def __init__(
        self,
        command: Sequence[str] | None = None,
        *,
        after: Sequence[str] = (),
        inputs: Mapping[str, tuple[str, str]] | None = None,
        parameters: Mapping[str, Any] | None = None,
        types: Mapping[str, str] | None = None,
        outputs: Sequence[str] = (),
        values: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
        executor: Mapping[str, Any] | None = None,
    ):
        self.command = command
        self.after, self.inputs, self.parameters = after, inputs or {}, parameters or {}
        self.types, self.outputs, self.values = types or {}, outputs, values or {}
        self.more = more or {}
        self.executor = executor or {"container": {"image": "x", "command": list(command or [])}}

    def task(self, name: str) -> dict[str, Any]:
        artifacts = {
            key: {"taskOutputArtifact": {"producerTask": task, "outputArtifactKey": output}}
            for key, (task, output) in self.inputs.items()
        }
        return {
            "taskInfo": {"name": name},
            "componentRef": {"name": name},
            "dependentTasks": sorted(self.after),
            "inputs": {"artifacts": artifacts, "parameters": dict(self.parameters)},
            **self.more,
        }

    def component(self, name: str) -> dict[str, Any]:
        parameters = {
            key: {"parameterType": self.types.get(key, "STRING")} for key in self.parameters
        }
        values = {key: {"parameterType": kind} for key, kind in self.values.items()}
        return {
            "executorLabel": f"{name}-executor",
            "inputDefinitions": {
                "artifacts": dict.fromkeys(self.inputs, ARTIFACT),
                "parameters": parameters,
            },
            "outputDefinitions": {
                "artifacts": dict.fromkeys(self.outputs, ARTIFACT),
                "parameters": values,
            },
        }


def constant(value: Any) -> dict[str, Any]:
    """A parameter that is a constant."""
    return {"runtimeValue": {"constant": value}}


def document(
    tasks: Mapping[str, Task],
    *,
    parameters: Mapping[str, Any] | None = None,
    inner: Mapping[str, Task] | None = None,
    outputs: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A document of these tasks.

    Args:
        tasks: by name.
        parameters: definitions of the run's parameters.
        inner: tasks of a DAG of its own, which is the task `inner`.
        outputs: what that DAG hands out.
    """
    every = {**tasks, **(inner or {})}
    components = {name: task.component(name) for name, task in every.items()}
    root = {name: task.task(name) for name, task in tasks.items()}
    if inner:
        within = {name: task.task(name) for name, task in inner.items()}
        components["inner"] = {"dag": {"tasks": within, "outputs": outputs or {}}}
        root["inner"] = {"taskInfo": {"name": "inner"}, "componentRef": {"name": "inner"}}
    return {
        "schemaVersion": "2.1.0",
        "sdkVersion": "tests",
        "pipelineInfo": {"name": "small"},
        "root": {"inputDefinitions": {"parameters": parameters or {}}, "dag": {"tasks": root}},
        "components": components,
        "deploymentSpec": {
            "executors": {f"{name}-executor": task.executor for name, task in every.items()}
        },
    }


def write(content: Any, folder: Path) -> Path:
    """The document as a file, with a second one for Kubernetes behind it."""
    path = folder / "pipeline.yaml"
    path.write_text(yaml.safe_dump_all([content, {"platforms": {"kubernetes": {}}}]))
    return path
