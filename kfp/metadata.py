"""An artifact's properties as Kubeflow Pipelines keeps them, and as TFX had them.

KFP stores what a node returns as values of ML Metadata, and hands it on changed: lists as
`{"list": ...}`, dictionaries as `{"struct": ...}`, booleans as numbers, nulls refused, and two
entries of its own besides (KFP: backend/src/v2/metadata/client.go, `StructValueToMLMDValue` and
`RecordArtifact`).
"""

from collections.abc import Mapping
from typing import Any

from google.protobuf import any_pb2, json_format
from ml_metadata.proto import metadata_store_pb2
from tfx.types import artifact as tfx_artifact
from tfx.types.artifact import CUSTOM_PROPERTIES_PREFIX, Artifact, PropertyType

KFP_OWN = frozenset({"display_name", "store_session_info"})
# Names of the custom properties that were booleans, as their numbers do not tell.
BOOLEANS = "custom_booleans"
CASTS = {
    PropertyType.INT: int,
    PropertyType.FLOAT: float,
    PropertyType.STRING: str,
    PropertyType.BOOLEAN: bool,
    PropertyType.JSON_VALUE: lambda value: value,
}


def unwrap(value: Any) -> Any:
    """A list or dictionary as it was before KFP wrapped it; any other value as it is."""
    if isinstance(value, dict) and len(value) == 1:
        kind, inner = next(iter(value.items()))
        if (kind == "list" and isinstance(inner, list)) or (
            kind == "struct" and isinstance(inner, dict)
        ):
            return inner
    return value


def set_properties(artifact: Artifact, metadata: Mapping[str, Any]) -> None:
    """Sets what KFP handed as the artifact's properties, each with its type.

    Numbers among the custom properties stay both: TFX's accessors read them as int or float.
    """
    values = {name: unwrap(value) for name, value in metadata.items() if name not in KFP_OWN}
    booleans = values.pop(BOOLEANS, [])
    typed = artifact.PROPERTIES or {}
    for name, value in values.items():
        own = name.removeprefix(CUSTOM_PROPERTIES_PREFIX)
        if name in typed:
            _set_typed(artifact, name, typed[name].type, value)
        elif own in booleans:
            artifact.set_bool_custom_property(own, bool(value))
        elif value is not None:
            stored = artifact.mlmd_artifact.custom_properties[own if own in typed else name]
            stored.struct_value.CopyFrom(tfx_artifact._encode_struct_value(value))


def _set_typed(artifact: Artifact, name: str, kind: PropertyType, value: Any) -> None:
    if kind == PropertyType.PROTO:
        packed = json_format.ParseDict(value, any_pb2.Any())
        artifact.mlmd_artifact.properties[name].proto_value.CopyFrom(packed)
    else:
        setattr(artifact, name, CASTS[kind](value))


def properties(artifact: Artifact) -> dict[str, Any]:
    """The artifact's properties as JSON that KFP takes: without nulls."""
    stored = artifact.mlmd_artifact
    found = {name: _plain(value) for name, value in stored.properties.items()}
    booleans = []
    for name, value in stored.custom_properties.items():
        clashes = name in artifact.artifact_type.properties
        found[f"{CUSTOM_PROPERTIES_PREFIX}{name}" if clashes else name] = _plain(value)
        if value.WhichOneof("value") == "bool_value":
            booleans.append(name)
    if booleans:
        found[BOOLEANS] = sorted(booleans)
    return {name: value for name, value in found.items() if value is not None}


def _plain(value: metadata_store_pb2.Value) -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "struct_value":
        return tfx_artifact._decode_struct_value(value.struct_value)
    if kind == "proto_value":
        return json_format.MessageToDict(value.proto_value)
    return getattr(value, kind)
