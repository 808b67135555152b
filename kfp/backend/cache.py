"""Tasks that need not run again: their outputs, found by what would go in."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tfx_updaters.kfp.backend.driver import Made


@dataclass(frozen=True)
class Cache:
    """Outputs of finished tasks, in a file each.

    The key is what KFP's is (backend/src/v2/cacheutils/cache.go): pipeline, input parameters,
    which input artifacts (their numbers in ML Metadata; here their URIs), what the outputs are to
    be, image, command and arguments. What is in a data set that a parameter only names is no part
    of it.

    Attributes:
        folder: where the files are.
    """

    folder: Path

    def find(self, key: str) -> Made | None:
        """What a task with this key made; None when none did."""
        path = self.folder / f"{key}.json"
        return Made(**json.loads(path.read_text())) if path.exists() else None

    def add(self, key: str, made: Made) -> None:
        """Keeps what a task made."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{key}.json").write_text(json.dumps(asdict(made)))


def key(
    pipeline: str, inputs: Made, component: Mapping[str, Any], container: Mapping[str, Any]
) -> str:
    """The key of a task."""
    artifacts = {name: artifact["uri"] for name, artifact in inputs.artifacts.items()}
    ran = [container.get(part) for part in ("image", "command", "args")]
    outputs = component.get("outputDefinitions", {})
    parts = [pipeline, dict(inputs.parameters), artifacts, outputs, ran]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
