"""A compiled document, checked as the backend checks it before a run starts."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from tfx_updaters.kfp.errors import DocumentError

SCHEMA_VERSION = "2.1.0"
KINDS = ("container", "importer")
NAME = re.compile(r"[-a-zA-Z0-9]+")


@dataclass(frozen=True)
class Document:
    """A pipeline's specification as plain data, names as in KFP's JSON.

    Attributes:
        name: of the pipeline.
        root: the component that is the whole pipeline.
        components: by name.
        executors: by label.
        pods: what an executor's pod is beside its container, by label.
    """

    name: str
    root: Mapping[str, Any]
    components: Mapping[str, Mapping[str, Any]]
    executors: Mapping[str, Mapping[str, Any]]
    pods: Mapping[str, Mapping[str, Any]]

    def component(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """The component that a task runs."""
        return self.components[task["componentRef"]["name"]]

    def executor(self, component: Mapping[str, Any]) -> Mapping[str, Any]:
        """How a component without tasks of its own is executed."""
        return self.executors[component["executorLabel"]]

    def claims(self, component: Mapping[str, Any]) -> tuple[Path, ...]:
        """Where a component's pod has claims."""
        mounts = self.pods.get(component["executorLabel"], {}).get("pvcMount", [])
        return tuple(Path(mount["mountPath"]) for mount in mounts)


def load(path: Path) -> Document:
    """Reads the pipeline of a file, and its pods, which are in a second YAML document or nowhere.

    Checks what KFP's API server and its compiler to Argo check (KFP: backend/src/apiserver/
    template/v2_template.go; backend/src/v2/compiler/visitor.go; Argo: names of tasks).

    Raises:
        DocumentError: it is no pipeline, of another schema version, has a task whose name Argo
            rejects, an executor that is neither container nor importer, or a loop over items.
    """
    text = path.read_text()
    try:
        first, second, *_ = (*yaml.safe_load_all(text), None, None)
        message = json_format.ParseDict(first, pipeline_spec_pb2.PipelineSpec())
    except (yaml.YAMLError, json_format.ParseError, TypeError, AttributeError) as error:
        raise DocumentError(f"{path} is no compiled pipeline: {error}") from error
    if message.schema_version != SCHEMA_VERSION:
        raise DocumentError(
            f"{path}: schema version '{message.schema_version}', which the backend rejects; it has "
            f"to be {SCHEMA_VERSION}: compile with use_pipeline_spec_2_1=True, or `kfp compile`"
        )
    spec = json_format.MessageToDict(message)
    document = Document(
        name=spec["pipelineInfo"]["name"],
        root=spec["root"],
        components=spec.get("components", {}),
        executors=spec.get("deploymentSpec", {}).get("executors", {}),
        pods=_pods(second),
    )
    for name, task in _tasks(document):
        _check(document, name, task)
    return document


def _pods(platforms: Any) -> Mapping[str, Mapping[str, Any]]:
    if not platforms:
        return {}
    kubernetes = platforms["platforms"].get("kubernetes", {})
    return kubernetes.get("deploymentSpec", {}).get("executors", {})


def _tasks(document: Document) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for component in (document.root, *document.components.values()):
        tasks = component.get("dag", {}).get("tasks", {})
        for name, task in tasks.items():
            missing = sorted(set(task.get("dependentTasks", [])) - set(tasks))
            if missing:
                raise DocumentError(
                    f"task '{name}' depends on {missing}; there are {sorted(tasks)}"
                )
            yield name, task


def _check(document: Document, name: str, task: Mapping[str, Any]) -> None:
    if not NAME.fullmatch(name):
        near = re.sub(r"[^-a-zA-Z0-9]+", "-", name).strip("-")
        raise DocumentError(f"task '{name}': Argo takes letters, digits and '-', such as '{near}'")
    if "parameterIterator" in task or "artifactIterator" in task:
        raise DocumentError(f"task '{name}' is a loop over items, which a local run does not do")
    if task["componentRef"]["name"] not in document.components:
        raise DocumentError(f"task '{name}': no component '{task['componentRef']['name']}'")
    component = document.component(task)
    if "dag" in component:
        return
    executor = document.executors.get(component.get("executorLabel", ""), {})
    if not any(kind in executor for kind in KINDS):
        raise DocumentError(
            f"task '{name}': its executor is {' '.join(executor) or 'missing'}; the backend runs "
            f"{' and '.join(KINDS)} only. `kfp compile` replaces the resolver of the latest "
            "blessed model"
        )
    for key, given in task.get("inputs", {}).get("parameters", {}).items():
        producer = given.get("taskOutputParameter", {}).get("producerTask")
        if producer and producer not in task.get("dependentTasks", []):
            raise DocumentError(
                f"task '{name}', parameter '{key}': the producer '{producer}' is none of "
                f"{task.get('dependentTasks', [])}, the tasks before it"
            )
