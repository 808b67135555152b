"""NodeConfigs as a file, YAML or JSON: by the id of a node what `NodeConfig` has as fields."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pydantic
import yaml

from tfx_updaters.kfp.errors import ConfigError, nearest
from tfx_updaters.kfp.nodes import PARTS, NodeConfig

UNKNOWN = "unexpected_keyword_argument"
_FILE = pydantic.TypeAdapter(dict[str, NodeConfig])
# Their values may be what should have been a reference.
_SECRET = ("secrets", "config_maps", "env")


def read(path: Path) -> dict[str, NodeConfig]:
    """The configurations in a file, by node id; `"*"` is for all nodes.

        "*": {cpu: 2, memory: 4Gi}
        Trainer: {gpu: 1, gpu_resource: nvidia.com/gpu, retry: {times: 2}}

    Raises:
        ConfigError: the file cannot be read, a key is there twice or unknown, or a value is
            refused: what was received, what is allowed, the nearest name.
    """
    try:
        # As JSON: there a strict reader takes a list where a tuple is needed.
        return _FILE.validate_json(json.dumps(_content(path)), strict=True)
    except pydantic.ValidationError as error:
        errors = error.errors(include_url=False)
        # A name that is wrong is often the one that is missing.
        errors.sort(key=lambda each: each["type"] != UNKNOWN)
        raise ConfigError(f"{path}: {_sentence(errors[0])}") from None


def _content(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        _refuse_twice(yaml.compose(text, yaml.SafeLoader), path)
        content = yaml.safe_load(text)
        json.dumps(content)
    except yaml.MarkedYAMLError as error:
        # Without the line itself: it may have what should have been a reference.
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}, line {line}: no YAML: {error.problem}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    return content


def _refuse_twice(node: Any, path: Path) -> None:
    """YAML's reader takes the last of two keys without a word."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                raise ConfigError(
                    f"{path}, line {key.start_mark.line + 1}: '{key.value}' is there twice"
                )
            seen.add(key.value)
            _refuse_twice(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_twice(value, path)


def _sentence(error: Mapping[str, Any]) -> str:
    where = [str(part) for part in error["loc"]]
    context = error.get("ctx", {})
    if error["type"] == UNKNOWN:
        known = [each.name for each in dataclasses.fields(_kind(where))]
        parent = ".".join(where[:-1])
        return f"{parent}: there is no '{where[-1]}'; {nearest(where[-1], known)}"
    place = ".".join(where) or "what is in it"
    if isinstance(context.get("error"), ConfigError):
        return f"{place}: {context['error']}"
    received = "" if set(where) & set(_SECRET) else f"received {error['input']!r}; "
    return f"{place}: {received}{error['msg']}"


def _kind(where: Sequence[str]) -> type:
    """The class that the last part is a field of: of a node's configuration, or of a part of it."""
    return NodeConfig if len(where) == 2 else PARTS[where[1]]
