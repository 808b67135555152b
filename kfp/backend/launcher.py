"""KFP's launcher: runs a task's command between the object store and a node's own folder.

Reproduced (KFP: backend/src/v2/component/launcher_v2.go, importer_launcher.go): inputs are copied
to the node, those in no known store are passed over; the folders above the outputs exist; a command
that fails, an ExecutorOutput with an unknown field, an output parameter without a value and a URI
outside of the pipeline root fail the task; files that were made are copied back, whatever lies in
the outputs' places; metadata is stored as ML Metadata's values.
"""

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from tfx_updaters.kfp.backend.command import Command, Runner
from tfx_updaters.kfp.backend.driver import Made, wrap
from tfx_updaters.kfp.backend.placeholders import fill
from tfx_updaters.kfp.backend.store import Store, under
from tfx_updaters.kfp.errors import TaskError
from tfx_updaters.kfp.mounts import MOUNT_ROOT, STORE_ROOT

# MAX_ARG_STRLEN of Linux, less the zero at the end.
LONGEST = 128 * 1024 - 1
# What engines and shells say of a status is no cause.
STATUS = re.compile(r"(Error: |subprocess )?exit(ed with)? status \d+")


@dataclass(frozen=True)
class Node:
    """A container to be run.

    Attributes:
        container: its specification in the document: command, arguments, environment.
        definitions: the component's output definitions.
        executor_input: what it is handed.
        root: URI of the pipeline root.
        folder: the node's own folder, made anew by each try.
        claims: the folders where claims are mounted.
    """

    container: Mapping[str, Any]
    definitions: Mapping[str, Any]
    executor_input: Mapping[str, Any]
    root: str
    folder: Path
    claims: Sequence[Path] = ()

    @property
    def mount(self) -> Path:
        """Where the copies of its artifacts are."""
        return self.folder / "mnt"


def launch(node: Node, store: Store, runner: Runner, log: Path) -> Made:
    """Runs the command to its end and takes what it made.

    Raises:
        TaskError: the command failed, with the last line of its log, or its outputs are refused.
    """
    shutil.rmtree(node.folder, ignore_errors=True)
    _prepare(node, store)
    container = node.container
    words = [*container.get("command", []), *container.get("args", [])]
    environment = {
        **{each["name"]: each.get("value", "") for each in container.get("env", [])},
        MOUNT_ROOT: str(node.mount),
        STORE_ROOT: str(store.folder),
    }
    filled = fill(words, node.executor_input, node.mount)
    longest = max(len(word.encode()) for word in filled)
    if longest > LONGEST:
        raise TaskError(f"an argument of {longest} bytes; Linux takes {LONGEST} at most")
    command = Command(
        filled, environment, container.get("image", ""), node.folder, store.folder, node.claims
    )
    command.work.mkdir()
    store.folder.mkdir(parents=True, exist_ok=True)
    status = runner.run(command, log)
    if status:
        raise TaskError(f"exit status {status}: {_last_line(log)}")
    return _collect(node, store)


def recorded(name: str, artifact: Mapping[str, Any]) -> dict[str, Any]:
    """An artifact as ML Metadata has it, and as later tasks get it.

    Raises:
        TaskError: a value of its metadata is null.
    """
    metadata = {key: wrap(value) for key, value in artifact.get("metadata", {}).items()}
    own = {"display_name": name, "store_session_info": '{"Provider":"minio"}'}
    return {"uri": artifact["uri"], "metadata": {**own, **metadata}}


def _prepare(node: Node, store: Store) -> None:
    for listed in node.executor_input["inputs"]["artifacts"].values():
        for artifact in listed["artifacts"]:
            with suppress(ValueError):
                store.download(artifact["uri"], node.mount)
    for listed in node.executor_input["outputs"]["artifacts"].values():
        for artifact in listed["artifacts"]:
            under(node.mount, artifact["uri"]).parent.mkdir(parents=True, exist_ok=True)
    (node.folder / "outputs").mkdir(parents=True)


def _collect(node: Node, store: Store) -> Made:
    returned = _returned(Path(node.executor_input["outputs"]["outputFile"]))
    artifacts = {}
    for name, listed in node.executor_input["outputs"]["artifacts"].items():
        artifact = _merged(listed["artifacts"][0], returned.get("artifacts", {}).get(name, {}))
        if not artifact["uri"].startswith(f"{node.root}/"):
            raise TaskError(f"output '{name}': {artifact['uri']} is not under {node.root}")
        store.upload(artifact["uri"], node.mount)
        artifacts[name] = recorded(name, artifact)
    values = returned.get("parameterValues", {})
    parameters = {
        name: values[name] if name in values else _read(node, name, spec["parameterType"])
        for name, spec in node.definitions.get("parameters", {}).items()
    }
    return Made(parameters, artifacts)


def _returned(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        output = json_format.Parse(path.read_text(), pipeline_spec_pb2.ExecutorOutput())
    except json_format.ParseError as error:
        raise TaskError(f"the ExecutorOutput: {error}") from error
    return json_format.MessageToDict(output)


def _merged(given: Mapping[str, Any], returned: Mapping[str, Any]) -> dict[str, Any]:
    found = (returned.get("artifacts") or [{}])[0]
    metadata = {**given.get("metadata", {}), **found.get("metadata", {})}
    return {"uri": found.get("uri") or given["uri"], "metadata": metadata}


def _read(node: Node, name: str, kind: str) -> Any:
    """The value of an output parameter that a command wrote to its file."""
    path = Path(node.executor_input["outputs"]["parameters"][name]["outputFile"])
    try:
        text = path.read_text()
        return text if kind == "STRING" else json.loads(text.lower() if kind == "BOOLEAN" else text)
    except (OSError, ValueError) as error:
        raise TaskError(f"output parameter '{name}' of type {kind}: {error}") from error


def _last_line(log: Path) -> str:
    text = log.read_text(errors="replace")
    lines = [line for line in text.splitlines() if line.strip() and not STATUS.fullmatch(line)]
    return lines[-1].strip() if lines else "it wrote nothing to its log"
