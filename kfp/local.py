"""Runs a compiled document on this machine as Kubeflow Pipelines' backend would, without a cluster.

Here is Argo's part: which task comes next. What a task is handed is the driver's
(`kfp/backend/driver.py`), its command and its outputs are the launcher's (`launcher.py`).
Reproduced (KFP: backend/src/v2/compiler/argocompiler/dag.go, container.go): a task starts when
those that it depends on have succeeded; one whose condition does not hold is skipped, and those
after it are omitted; after a failure nothing new starts but what has the strategy
ALL_UPSTREAM_TASKS_COMPLETED, an exit handler; a task is tried again as its retry policy says, with
the same ExecutorInput and an empty node; a DAG of its own inside is run in its place.

The files of KFP that show each behaviour are named where it is reproduced. Read beside this code
were argocompiler/dag.go, launcher_v2.go, cacheutils/cache.go, metadata/converter.go and
driver/resolver/parameters.go; the others are places to look.

A command runs in this installation, or in its image; a claim is then the folder at its path.

Not reproduced: resources, and of the platform's document all but claims; tasks side by side,
loops over items.
"""

import graphlib
import json
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfx_updaters.kfp.backend import cache as caching
from tfx_updaters.kfp.backend import condition, document, driver, launcher
from tfx_updaters.kfp.backend.command import Runner
from tfx_updaters.kfp.backend.containers import Containers
from tfx_updaters.kfp.backend.driver import Made, Scope
from tfx_updaters.kfp.backend.processes import Processes
from tfx_updaters.kfp.backend.store import Store, under
from tfx_updaters.kfp.engine import find
from tfx_updaters.kfp.errors import RunFailedError, TaskError

# Where KFP's backend puts everything when its administrator has not said otherwise.
BUCKET = "minio://mlpipeline/v2/artifacts"
RUNNING, SUCCEEDED, CACHED, FAILED = "RUNNING", "SUCCEEDED", "CACHED", "FAILED"
SKIPPED, OMITTED = "SKIPPED", "OMITTED"
ALWAYS = "ALL_UPSTREAM_TASKS_COMPLETED"


@dataclass(frozen=True)
class TaskRun:
    """What became of a task.

    Attributes:
        name: of the task.
        state: RUNNING, SUCCEEDED, CACHED, FAILED, SKIPPED (its condition does not hold) or
            OMITTED (a task that it depends on did not succeed).
        seconds: from the start of its first try to the end of its last.
        logs: a log for each try.
        made: its outputs.
        cause: why it failed.
    """

    name: str
    state: str
    seconds: float = 0.0
    logs: tuple[Path, ...] = ()
    made: Made = field(default_factory=Made)
    cause: str = ""


@dataclass(frozen=True)
class Run:
    """What became of a run.

    Attributes:
        id: the run's name.
        tasks: in the order in which they were come to; those in a DAG of their own before it.
        store: the object store.
    """

    id: str
    tasks: list[TaskRun]
    store: Store

    def __getitem__(self, name: str) -> TaskRun:
        """The task of that name."""
        return next(task for task in self.tasks if task.name == name)

    def path(self, task: str, output: str) -> Path:
        """Where an output artifact of a task is on this machine."""
        return under(self.store.folder, self[task].made.artifacts[output]["uri"])


def run(
    path: Path,
    root: Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    warm: bool = True,
    in_images: bool = False,
    engine: str | None = None,
    cache: bool = True,
    watch: Callable[[TaskRun], None] | None = None,
) -> Run:
    """Runs a document to its end, task after task.

    Args:
        path: the compiled document.
        root: the folder for everything that the run writes: `store/`, the object store;
            `runs/ID/TASK/`, the nodes' own folders and logs; `cache/`.
        parameters: of the run, by name; the document has defaults for the others.
        warm: whether nodes are forked from a process with TFX loaded. The script that calls this
            then needs `if __name__ == "__main__":`, as with every use of multiprocessing.
        in_images: whether each node runs in a new container of its image, whatever `warm` says.
        engine: `docker`, `podman` or `buildah`, for these; none is the first that works here.
        cache: whether tasks that allow it may take the outputs of an earlier run in this root.
        watch: called with each task when it starts (RUNNING) and when it has ended.

    Raises:
        DocumentError: the backend would not take the document, or it has a loop over items.
        TaskError: a parameter of the run is missing or unknown.
        ConfigError: there is no engine of that name.
        ImageError: it does not work here, or none does.
        RunFailedError: a task failed; the message says which, why, and where its log is.
    """
    checked = document.load(path)
    document.refuse_loops(checked)
    done = Run(uuid.uuid4().hex[:12], [], Store(root.absolute() / "store"))
    given = driver.with_defaults(parameters or {}, checked.root.get("inputDefinitions", {}))
    commands = Containers(find(engine)) if in_images else Processes(warm)
    runner = _Runner(checked, done, root.absolute(), commands, cache, watch)
    runner.dag(checked.root, Made(given))
    failed = [task for task in done.tasks if task.state == FAILED]
    if failed:
        first = failed[0]
        log = f"; log: {first.logs[-1]}" if first.logs else ""
        raise RunFailedError(f"{first.name} failed: {first.cause}{log}", done)
    return done


class _Runner:
    """Runs the tasks of one run."""

    def __init__(self, checked, done: Run, root: Path, commands: Runner, cache: bool, watch):
        self.document: document.Document = checked
        self.run = done
        self.folder = root / "runs" / done.id
        self.root = f"{BUCKET}/{checked.name}/{done.id}"
        self.facts = {driver.JOB: f"{checked.name}/{done.id}", driver.JOB_ID: done.id}
        self.commands = commands
        self.watch = watch
        self.cache = caching.Cache(root / "cache") if cache else None

    def dag(self, component: Mapping[str, Any], given: Made) -> TaskRun:
        """Runs the tasks of a DAG; its state, and what it hands out."""
        tasks = component["dag"]["tasks"]
        order = graphlib.TopologicalSorter(
            {name: tasks[name].get("dependentTasks", []) for name in sorted(tasks)}
        )
        ended: dict[str, TaskRun] = {}
        for name in order.static_order():
            ended[name] = self._come_to(name, tasks[name], ended, given)
        failed = next((task for task in ended.values() if task.state == FAILED), None)
        made = _handed_out(component, ended)
        return TaskRun("", FAILED if failed else SUCCEEDED, made=made,
                       cause=f"{failed.name} failed" if failed else "")  # fmt: skip

    def _come_to(self, name, task, ended: Mapping[str, TaskRun], given: Made) -> TaskRun:
        before = [ended[each].state for each in task.get("dependentTasks", [])]
        policy = task.get("triggerPolicy", {})
        if policy.get("strategy") != ALWAYS and (
            any(state not in (SUCCEEDED, CACHED) for state in before)
            or any(each.state == FAILED for each in ended.values())
        ):
            result = TaskRun(name, OMITTED)
        else:
            result = self._run(name, task, policy.get("condition", ""), ended, given)
        logging.info("%s %s, %.1f s %s", name, result.state, result.seconds, result.cause)
        self.run.tasks.append(result)
        if self.watch:
            self.watch(result)
        return result

    def _run(self, name, task, trigger, ended: Mapping[str, TaskRun], given: Made) -> TaskRun:
        began = time.monotonic()
        component = self.document.component(task)
        made_before = {each.name: each.made for each in ended.values()}
        states = {each.name: each.state for each in ended.values()}
        scope = Scope(given, made_before, states, self.facts)
        logs: list[Path] = []
        try:
            inputs = driver.resolve(task, component, scope)
            handed = self._handed(name, inputs, component)
            if trigger and not condition.holds(trigger, handed["inputs"]["parameterValues"]):
                return TaskRun(name, SKIPPED)
            if self.watch and "dag" not in component:
                self.watch(TaskRun(name, RUNNING))
            if "dag" in component:
                inside = self.dag(component, inputs)
                state, made, cause = inside.state, inside.made, inside.cause
            else:
                state, made = self._execute(name, task, component, inputs, handed, logs)
                cause = ""
        except TaskError as error:
            state, made, cause = FAILED, Made(), str(error)
        return TaskRun(name, state, time.monotonic() - began, tuple(logs), made, cause)

    def _handed(self, name: str, inputs: Made, component: Mapping[str, Any]) -> dict[str, Any]:
        outputs = f"{self.root}/{name}/{uuid.uuid4()}"
        folder = self.folder / name / "node"
        return driver.executor_input(inputs, component, outputs, str(folder))

    def _execute(self, name, task, component, inputs: Made, handed, logs) -> tuple[str, Made]:
        executor = self.document.executor(component)
        if "importer" in executor:
            return SUCCEEDED, _imported(executor["importer"], component, inputs)
        container = executor["container"]
        key = caching.key(self.document.name, inputs, component, container)
        cache = self.cache if task.get("cachingOptions", {}).get("enableCache") else None
        found = cache.find(key) if cache else None
        if found:
            return CACHED, found
        definitions = component.get("outputDefinitions", {})
        folder = self.folder / name
        claims = self.document.claims(component)
        node = launcher.Node(container, definitions, handed, self.root, folder / "node", claims)
        made = self._try(task.get("retryPolicy", {}), node, folder, logs)
        if cache:
            cache.add(key, made)
        return SUCCEEDED, made

    def _try(self, policy: Mapping[str, Any], node, folder: Path, logs: list[Path]) -> Made:
        """Runs a node, again as its retry policy says."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "executor_input.json").write_text(json.dumps(node.executor_input, indent=1))
        wait = float(policy.get("backoffDuration", "0s").rstrip("s"))
        for left in range(policy.get("maxRetryCount", 0), -1, -1):
            logs.append(folder / f"try-{len(logs) + 1}.log")
            try:
                return launcher.launch(node, self.run.store, self.commands, logs[-1])
            except TaskError as error:
                if not left:
                    raise
                logging.warning("%s; again in %.0f s", error, wait)
            time.sleep(wait)
            longest = float(policy.get("backoffMaxDuration", "3600s").rstrip("s"))
            wait = min(wait * policy.get("backoffFactor", 2.0), longest)
        raise AssertionError("a policy has at least one try")


def _handed_out(component: Mapping[str, Any], ended: Mapping[str, TaskRun]) -> Made:
    """What a DAG hands out: outputs of its tasks."""
    outputs = component["dag"].get("outputs", {})
    artifacts = {}
    for name, spec in outputs.get("artifacts", {}).items():
        for choice in spec.get("artifactSelectors", []):
            made = ended[choice["producerSubtask"]].made.artifacts
            if choice["outputArtifactKey"] in made:
                artifacts[name] = made[choice["outputArtifactKey"]]
    parameters = {}
    for name, spec in outputs.get("parameters", {}).items():
        choice = spec.get("valueFromParameter", {})
        made = ended[choice["producerSubtask"]].made.parameters if choice else {}
        if choice.get("outputParameterKey") in made:
            parameters[name] = made[choice["outputParameterKey"]]
    return Made(parameters, artifacts)


def _imported(importer: Mapping[str, Any], component: Mapping[str, Any], inputs: Made) -> Made:
    """An artifact that is somewhere already (KFP: .../component/importer_launcher.go)."""
    uri = importer["artifactUri"].get("constant")
    if uri is None:
        uri = inputs.parameters[importer["artifactUri"]["runtimeParameter"]]
    (name,) = component["outputDefinitions"]["artifacts"]
    artifact = {"uri": uri, "metadata": importer.get("metadata", {})}
    return Made({}, {name: launcher.recorded(name, artifact)})
