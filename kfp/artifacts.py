"""Artifacts between Kubeflow Pipelines and TFX: types, places and properties, both ways.

KFP hands an input artifact without its type (tfx#7768), which TFX passes beside it in the
component's inputs spec, and adds outputs of its own, of types `system.*`, such as `executor-logs`
(KFP: backend/src/v2/driver/driver.go, `provisionOutputs`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from tfx.orchestration.kubeflow.v2 import compiler_utils
from tfx.types.artifact import Artifact
from tfx.utils import import_utils

from tfx_updaters.components.causes import cause
from tfx_updaters.kfp import metadata, mounts
from tfx_updaters.kfp.errors import HandedError

Artifacts = dict[str, list[Artifact]]
# Metadata of an artifact that stands for none: KFP has no optional artifact between tasks.
NONE = "none"


class Handed:
    """What a node was handed: TFX's artifacts by key, and back to what KFP takes.

    Attributes:
        inputs: TFX's input artifacts; one that stands for none is left out.
        outputs: TFX's output artifacts, without those that KFP added.
    """

    def __init__(self, executor_input: Mapping[str, Any], inputs_spec: Mapping[str, Any]):
        """Makes the artifacts; their URIs are the local copies.

        Args:
            executor_input: KFP's ExecutorInput as plain data.
            inputs_spec: the component's input definitions, with the types.

        Raises:
            HandedError: an artifact's type cannot be found or imported.
        """
        self._uris: dict[str, str] = {}
        types = {
            key: spec.get("artifactType", {})
            for key, spec in inputs_spec.get("artifacts", {}).items()
        }
        found = {
            key: [
                self._artifact(key, types.get(key, {}), raw)
                for raw in listed["artifacts"]
                if not raw.get("metadata", {}).get(NONE)
            ]
            for key, listed in executor_input.get("inputs", {}).get("artifacts", {}).items()
        }
        self.inputs: Artifacts = {key: artifacts for key, artifacts in found.items() if artifacts}
        self.outputs: Artifacts = {
            key: [self._artifact(key, {}, raw) for raw in listed["artifacts"]]
            for key, listed in executor_input.get("outputs", {}).get("artifacts", {}).items()
            if not _is_system(listed["artifacts"])
        }

    def returned(self) -> dict[str, Any]:
        """The output artifacts for KFP's ExecutorOutput: URIs as they were given, and metadata."""
        return {key: {"artifacts": [self._returned(a) for a in artifacts]}
                for key, artifacts in self.outputs.items()}  # fmt: skip

    def _artifact(self, key: str, spec: Mapping[str, Any], raw: Mapping[str, Any]) -> Artifact:
        made = _class(key, _title(spec) or _title(raw.get("type", {})))()
        made.uri = mounts.path_of(raw["uri"])
        self._uris[made.uri] = raw["uri"]
        # TFX asks for a number; KFP has names, where it has any. 48 bits, as a number in JSON is
        # exact up to 53.
        made.id = int.from_bytes(hashlib.sha256(raw["uri"].encode()).digest()[:6])
        metadata.set_properties(made, raw.get("metadata", {}))
        return made

    def _returned(self, artifact: Artifact) -> dict[str, Any]:
        values = metadata.properties(artifact)
        return {
            "uri": self._given(artifact.uri),
            "metadata": {
                name: self._given(value) if isinstance(value, str) else value
                for name, value in values.items()
            },
        }

    def _given(self, text: str) -> str:
        """The text with the path of an artifact's local copy put back to its URI."""
        for path, uri in self._uris.items():
            if text == path or text.startswith(f"{path}/"):
                return uri + text[len(path) :]
        return text


def _is_system(artifacts: Sequence[Mapping[str, Any]]) -> bool:
    return all(_title(raw.get("type", {})).startswith("system.") for raw in artifacts)


def _title(schema: Mapping[str, Any]) -> str:
    """The title of an ArtifactTypeSchema; empty without one."""
    if "schemaTitle" in schema:
        return schema["schemaTitle"]
    return (yaml.safe_load(schema.get("instanceSchema", "")) or {}).get("title", "")


def _class(key: str, title: str) -> type[Artifact]:
    """The class that TFX's compiler named: a title of TFX's, or where a custom type is."""
    if not title:
        raise HandedError(f"artifact {key}: no type came with it, nor is one in the inputs spec")
    try:
        return import_utils.import_class_by_path(
            compiler_utils.TITLE_TO_CLASS_PATH.get(title, title)
        )
    except (ImportError, AttributeError, ValueError) as error:
        raise HandedError(
            f"artifact {key}: type '{title}' cannot be imported ({cause(error)}); the image has "
            "to have its module, and the document its full name, as `kfp compile` writes it"
        ) from None
