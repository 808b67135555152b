"""Uploads a compiled document to Kubeflow, starts it, and follows the run."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kfp_server_api as api

from tfx_updaters.kfp.backend import document
from tfx_updaters.kfp.errors import ConfigError, RunFailedError, ServerError, nearest
from tfx_updaters.kfp.server import Server

SUCCEEDED, FAILED = "SUCCEEDED", "FAILED"
ENDED = (SUCCEEDED, FAILED, "SKIPPED", "CANCELED")
# The node of KFP that looks up what a task gets, beside the task (KFP: argocompiler/dag.go).
DRIVER = "-driver"


@dataclass(frozen=True)
class Submitted:
    """A run that was started.

    Attributes:
        id: of the run.
        name: of the run.
        pipeline: id of the pipeline.
        version: id of its version, the document that was uploaded.
        url: where it can be looked at.
        tasks: names of the document's tasks.
    """

    id: str
    name: str
    pipeline: str
    version: str
    url: str
    tasks: frozenset[str]


@dataclass(frozen=True)
class TaskProgress:
    """How far a task of a run is.

    Attributes:
        name: of the task.
        state: of KFP's: PENDING, RUNNING, SUCCEEDED, SKIPPED, FAILED, CANCELING, CANCELED, PAUSED.
        seconds: from its start to its end, or 0.
        cause: why it failed, where the server says it.
    """

    name: str
    state: str
    seconds: float = 0.0
    cause: str = ""


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        state: of the run, as of a task.
        tasks: in the order in which they started.
        cause: why the run failed, where the server says it.
    """

    state: str
    tasks: list[TaskProgress] = field(default_factory=list)
    cause: str = ""


def submit(
    path: Path,
    server: Server,
    *,
    experiment: str = "Default",
    run_name: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    pipeline_root: str | None = None,
    service_account: str | None = None,
) -> Submitted:
    """Uploads a document and starts a run of it, without waiting for its end.

    The pipeline has the document's name. A document that was uploaded before is not uploaded
    again; another one is a new version of the pipeline, named by the document's SHA-256.

    Args:
        path: the compiled document.
        server: where to.
        experiment: the group of runs that this one belongs to; made where there is none.
        run_name: none is the pipeline's name and the time.
        parameters: of the run, by name; the document has defaults for the others.
        pipeline_root: where the run writes to; none is what the document says, else the cluster's.
        service_account: that the run's pods have; none is the cluster's.

    Raises:
        DocumentError: the backend would not take the document; nothing was sent.
        ConfigError: a parameter is missing or unknown; nothing was sent.
        ServerError: the server refused, or was away for too long: with what was done so far.
    """
    checked = document.load(path)
    given = _parameters(checked, parameters or {})
    name = run_name or f"{checked.name} {datetime.now(UTC):%Y-%m-%d %H-%M-%S}"
    version_name = f"sha256-{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"
    done: list[str] = []
    try:
        pipeline = server.pipeline(checked.name)
        done.append(f"the pipeline '{checked.name}' is there ({pipeline})")
        version = server.version(pipeline, version_name, path)
        done.append(f"the document is uploaded as its version '{version_name}' ({version})")
        run = api.V2beta1Run(
            display_name=name,
            experiment_id=server.experiment(experiment),
            pipeline_version_reference=api.V2beta1PipelineVersionReference(pipeline, version),
            runtime_config=api.V2beta1RuntimeConfig(
                parameters=given, pipeline_root=pipeline_root or checked.pipeline_root or None
            ),
            service_account=service_account,
        )
        run_id = server.start(run)
    except ServerError as error:
        so_far = "; ".join(done) or "nothing was uploaded"
        raise ServerError(f"{error}. So far: {so_far}; no run was started") from error
    url = f"{server.host}/#/runs/details/{run_id}"
    return Submitted(run_id, name, pipeline, version, url, frozenset(checked.task_names))


def follow(
    server: Server,
    run: Submitted,
    *,
    watch: Callable[[TaskProgress], None] | None = None,
    timeout: float | None = None,
    interval: float = 5.0,
) -> Progress:
    """Waits for a run's end.

    Args:
        server: where it runs.
        run: what `submit` gave.
        watch: called with each task when its state has changed.
        timeout: seconds after which waiting ends; the run goes on.
        interval: seconds between two looks at the run.

    Raises:
        RunFailedError: the run failed, or was cancelled: which task, and why.
        ServerError: the server was away for too long, or the time is over; the run goes on.
    """
    until = time.monotonic() + timeout if timeout else None
    shown: dict[str, str] = {}
    while True:
        now = progress(server, run)
        for task in now.tasks:
            if watch and shown.get(task.name) != task.state:
                watch(task)
            shown[task.name] = task.state
        if now.state in ENDED:
            break
        if until and time.monotonic() + interval > until:
            raise ServerError(
                f"the run {run.id} is {now.state.lower()} after {timeout:g} s; it goes on: "
                f"{run.url}"
            )
        time.sleep(interval)
    if now.state != SUCCEEDED:
        raise RunFailedError(_why(now, run), now)
    return now


def progress(server: Server, run: Submitted) -> Progress:
    """How far a run is now.

    Raises:
        ServerError: the server does not say it.
    """
    try:
        answer = server.run(run.id)
    except ServerError as error:
        raise ServerError(f"{error}. The run goes on without this command: {run.url}") from error
    details = (answer.run_details and answer.run_details.task_details) or []
    tasks: dict[str, TaskProgress] = {}
    for each in sorted(details, key=lambda each: str(each.start_time)):
        task = _task(each)
        if task.name in run.tasks:
            tasks[task.name] = task
    return Progress(answer.state or "PENDING", list(tasks.values()), _error(answer))


def _task(detail: Any) -> TaskProgress:
    """A task, or its driver when that failed: the task itself is never come to then."""
    name, state = detail.display_name or "", detail.state or "PENDING"
    if state == FAILED:
        name = name.removesuffix(DRIVER)
    return TaskProgress(name, state, _seconds(detail), _error(detail))


def _seconds(detail: Any) -> float:
    """KFP has the year 1970 for a time that has not come (apiserver/server/api_converter.go)."""
    began, ended = detail.start_time, detail.end_time
    if not began or not ended or ended.year == 1970:
        return 0.0
    return max((ended - began).total_seconds(), 0.0)


def _error(detail: Any) -> str:
    """What the server says of a failure: in the error, or in that of the last state."""
    history = [each.error for each in detail.state_history or [] if each.error]
    error = detail.error or (history[-1] if history else None)
    return (error and error.message) or ""


def _why(now: Progress, run: Submitted) -> str:
    failed = [task for task in now.tasks if task.state == FAILED]
    if failed:
        cause = failed[0].cause or now.cause or "its log has the cause"
        return f"{failed[0].name} failed: {cause}; {run.url}"
    return f"the run {run.id} is {now.state.lower()}: {now.cause or 'no task failed'}; {run.url}"


def _parameters(checked: document.Document, given: Mapping[str, Any]) -> dict[str, Any]:
    """The run's parameters, those with a default too: KFP makes some of them empty otherwise."""
    specs = checked.root.get("inputDefinitions", {}).get("parameters", {})
    for name in given:
        if name not in specs:
            known = nearest(name, specs) if specs else "the document has none"
            raise ConfigError(f"parameters: there is no '{name}'; {known}")
    for name, spec in specs.items():
        if name not in given and "defaultValue" not in spec and not spec.get("isOptional"):
            raise ConfigError(f"parameter '{name}' was not given and has no default")
    defaults = {
        name: spec["defaultValue"] for name, spec in specs.items() if "defaultValue" in spec
    }
    return {**defaults, **given}
