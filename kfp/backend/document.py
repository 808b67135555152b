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
        pipeline_root: where runs are to write to; empty is what the cluster says.
    """

    name: str
    root: Mapping[str, Any]
    components: Mapping[str, Mapping[str, Any]]
    executors: Mapping[str, Mapping[str, Any]]
    pods: Mapping[str, Mapping[str, Any]]
    pipeline_root: str = ""

    @property
    def task_names(self) -> list[str]:
        """The tasks of every graph in it."""
        return [name for name, _ in _tasks(self)]

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

    A task depends on those that its inputs come from, also where the document does not say so
    (KFP: .../argocompiler/dag.go, `addImplicitDependencies`).

    Checks what KFP's API server and its compiler to Argo check (KFP: backend/src/apiserver/
    template/v2_template.go; backend/src/v2/compiler/visitor.go; Argo: names of tasks).

    Raises:
        DocumentError: it is no pipeline, of another schema version, has a task whose name Argo
            rejects, or an executor that is neither container nor importer.
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
        pipeline_root=spec.get("defaultPipelineRoot", ""),
    )
    for name, task in _tasks(document):
        _check(document, name, task)
    return document


def _pods(platforms: Any) -> Mapping[str, Mapping[str, Any]]:
    if not platforms:
        return {}
    kubernetes = platforms["platforms"].get("kubernetes", {})
    return kubernetes.get("deploymentSpec", {}).get("executors", {})


def refuse_loops(document: Document) -> None:
    """Whether a local run can run every task.

    Raises:
        DocumentError: one is a loop over items.
    """
    for name, task in _tasks(document):
        if "parameterIterator" in task or "artifactIterator" in task:
            raise DocumentError(
                f"task '{name}' is a loop over items, which a local run does not do"
            )


def _tasks(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    for component in (document.root, *document.components.values()):
        tasks = component.get("dag", {}).get("tasks", {})
        for name, task in tasks.items():
            task["dependentTasks"] = sorted({*task.get("dependentTasks", []), *_producers(task)})
            missing = sorted(set(task["dependentTasks"]) - set(tasks))
            if missing:
                raise DocumentError(
                    f"task '{name}' depends on {missing}; there are {sorted(tasks)}"
                )
            yield name, task


def _producers(task: Mapping[str, Any]) -> Iterator[str]:
    inputs = task.get("inputs", {})
    for given in (*inputs.get("parameters", {}).values(), *inputs.get("artifacts", {}).values()):
        for kind in ("taskOutputParameter", "taskOutputArtifact"):
            if kind in given:
                yield given[kind]["producerTask"]


def _check(document: Document, name: str, task: Mapping[str, Any]) -> None:
    if not NAME.fullmatch(name):
        near = re.sub(r"[^-a-zA-Z0-9]+", "-", name).strip("-")
        raise DocumentError(f"task '{name}': Argo takes letters, digits and '-', such as '{near}'")
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
