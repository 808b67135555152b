"""Code and data that a node names by a path: what a container finds, and what it does not."""

import hashlib
import importlib.util
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from tfx_updaters.kfp.errors import HandedError, UnsupportedError

# Properties of TFX's own nodes that are paths, and the fields of their messages that are.
_PATHS = ("artifact_uri", "base_directory", "input_base", "schema_file")


def without_files(node: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties with the `module_file` as the module that a container imports.

    TFX packs the file into a wheel and writes that wheel's path into the pipeline. Here the module
    is imported by its name, so that nothing is installed when a node starts: the image needs the
    file on its Python path. A RuntimeParameter, and an address in a store, stay as they are.

    Raises:
        UnsupportedError: the file does not exist.
    """
    changed = dict(properties)
    module_path = changed.get("module_path")
    if isinstance(module_path, str):
        changed["module_path"] = module_path.partition("@")[0]
    module_file = changed.get("module_file")
    if isinstance(module_file, str) and module_file and "://" not in module_file:
        if not Path(module_file).is_file():
            raise UnsupportedError(
                f"node '{node}': module_file: there is no file {module_file}; its name becomes "
                "the module that the image has to have"
            )
        changed["module_file"] = None
        changed["module_path"] = Path(module_file).stem
    return changed


def fingerprint(properties: Mapping[str, Any]) -> str:
    """SHA-256 of the source of a node's module as it is here; empty if it has none here.

    Other modules that it imports are no part of it.
    """
    name, _, wheel = str(properties.get("module_path") or "").partition("@")
    module_file = properties.get("module_file")
    if isinstance(module_file, str) and Path(module_file).is_file():
        return hashlib.sha256(Path(module_file).read_bytes()).hexdigest()
    if wheel and Path(wheel).is_file():  # The pipeline ran here before.
        with zipfile.ZipFile(wheel) as packed:
            return hashlib.sha256(packed.read(f"{name}.py")).hexdigest()
    return ""


def check_fingerprint(module: str, expected: str) -> None:
    """Whether a module's source here is what it was where the pipeline was compiled.

    Raises:
        HandedError: it is another one, or there is none.
    """
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise HandedError(
            f"there is no module {module} on the Python path; put its file into the image: "
            "tfx-updaters kfp image --code"
        )
    if hashlib.sha256(Path(found.origin).read_bytes()).hexdigest() != expected:
        raise HandedError(
            f"the module {module} at {found.origin} is not the one that the pipeline was compiled "
            "with; build the image again, or compile with the image's module"
        )


def refuse_local_paths(node: str, properties: Mapping[str, Any], mounts: tuple[str, ...]) -> None:
    """Whether every path can be there in a container.

    Raises:
        UnsupportedError: one is of this machine: it lies in no volume that the node mounts.
    """
    for name, text in _texts(properties):
        named = name in _PATHS and "://" not in text
        if not (named or text.startswith("/")) or _mounted(text, mounts):
            continue
        raise UnsupportedError(
            f"node '{node}': {name}: received the path {text}, which no container has; use an "
            "address in a store (s3://, gs://), or mount a volume there: NodeConfig(claims="
            f"(Claim('name of a claim', '/path'),)){_have(mounts)}"
        )


def _have(mounts: tuple[str, ...]) -> str:
    return f"; it mounts {', '.join(mounts)}" if mounts else ""


def _mounted(text: str, mounts: tuple[str, ...]) -> bool:
    path = PurePosixPath(text)
    return ".." not in path.parts and any(path.is_relative_to(mount) for mount in mounts)


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """The texts in a value, in its parts, and in what its texts are JSON of, each with its name."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _texts(part, str(key))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part, name)
    elif isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            yield from _texts(json.loads(value), name)
        except json.JSONDecodeError:
            yield name, value
    elif isinstance(value, str):
        yield name, value
