"""KFP's driver: what a task gets, and where it is to put what it makes.

Reproduced (KFP: backend/src/v2/driver/driver.go, resolve.go): parameters and artifacts are the
parent's, of tasks before this one, or constants, in which the run's placeholders are replaced;
nulls are refused, lists and dictionaries wrapped, booleans numbers; a STRING parameter that is not
optional and has only a default is empty; artifacts have no type; `executor-logs` is added.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tfx_updaters.kfp.errors import TaskError

LOGS = "executor-logs"
JOB, JOB_ID = "{{$.pipeline_job_resource_name}}", "{{$.pipeline_job_uuid}}"


@dataclass(frozen=True)
class Made:
    """What a task has made, or was given.

    Attributes:
        parameters: values by name.
        artifacts: as they are recorded, `uri` and `metadata`, by name.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    artifacts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Scope:
    """What a task's inputs are resolved in.

    Attributes:
        given: inputs of the DAG that the task is in.
        made: outputs of the tasks before it, by task.
        states: how those ended, by task.
        facts: what the placeholders of a run stand for, such as `{{$.pipeline_job_uuid}}`.
    """

    given: Made
    made: Mapping[str, Made]
    states: Mapping[str, str]
    facts: Mapping[str, str]


def resolve(task: Mapping[str, Any], component: Mapping[str, Any], scope: Scope) -> Made:
    """The inputs of a task.

    Raises:
        TaskError: something that an input refers to is not there.
    """
    inputs = task.get("inputs", {})
    definitions = component.get("inputDefinitions", {})
    parameters = {
        name: _parameter(name, given, scope) for name, given in inputs.get("parameters", {}).items()
    }
    artifacts = {
        name: _artifact(name, given, scope) for name, given in inputs.get("artifacts", {}).items()
    }
    return Made(with_defaults(parameters, definitions), artifacts)


def with_defaults(given: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, and the defaults of those that were not given.

    Raises:
        TaskError: one is neither given nor optional nor has a default, or is not defined.
    """
    specs = definitions.get("parameters", {})
    unknown = sorted(set(given) - set(specs))
    if unknown:
        raise TaskError(f"parameters {unknown}: there are {', '.join(sorted(specs)) or 'none'}")
    values = dict(given)
    for name, spec in specs.items():
        if name in values:
            continue
        if spec.get("isOptional") or "defaultValue" in spec:
            lost = spec["parameterType"] == "STRING" and not spec.get("isOptional")
            default = "" if lost else spec.get("defaultValue")
            if default is not None:
                values[name] = default
        else:
            raise TaskError(f"parameter '{name}' was not given and has no default")
    return values


def executor_input(
    inputs: Made, component: Mapping[str, Any], outputs: str, folder: str
) -> dict[str, Any]:
    """The ExecutorInput that stands where a command has `{{$}}`.

    Args:
        inputs: what `resolve` found.
        component: the component.
        outputs: URI under which the output artifacts are to be.
        folder: the node's own folder, for output parameters and the ExecutorOutput.
    """
    definitions = component.get("outputDefinitions", {})
    artifacts = {
        name: {"type": spec["artifactType"], "metadata": spec.get("metadata", {})}
        for name, spec in definitions.get("artifacts", {}).items()
    }
    artifacts[LOGS] = {"type": {"schemaTitle": "system.Artifact", "schemaVersion": "0.0.1"}}
    return {
        "inputs": {
            "parameterValues": {n: wrap(value) for n, value in inputs.parameters.items()},
            "artifacts": {
                name: {"artifacts": [{**artifact, "type": {"instanceSchema": ""}}]}
                for name, artifact in inputs.artifacts.items()
            },
        },
        "outputs": {
            "parameters": {
                name: {"outputFile": f"{folder}/outputs/{name}"}
                for name in definitions.get("parameters", {})
            },
            "artifacts": {
                name: {"artifacts": [{**artifact, "uri": f"{outputs}/{name}"}]}
                for name, artifact in artifacts.items()
            },
            "outputFile": f"{folder}/output_metadata.json",
        },
    }


def wrap(value: Any) -> Any:
    """A value as it comes back from ML Metadata: numbers for booleans; lists, dictionaries wrapped.

    Raises:
        TaskError: it is null.
    """
    if value is None:
        raise TaskError("null is no value that the backend stores")
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, list):
        return {"list": value}
    if isinstance(value, dict):
        return {"struct": value}
    return value


def _parameter(name: str, given: Mapping[str, Any], scope: Scope) -> Any:
    if "runtimeValue" in given:
        constant = given["runtimeValue"].get("constant")
        if constant is None:
            raise TaskError(f"parameter '{name}': null, which the backend refuses")
        return _with_facts(constant, scope.facts) if isinstance(constant, str) else constant
    if "componentInputParameter" in given:
        return _found(scope.given.parameters, given["componentInputParameter"], name)
    if "taskOutputParameter" in given:
        output = given["taskOutputParameter"]
        made = _found(scope.made, output["producerTask"], name)
        return _found(made.parameters, output["outputParameterKey"], name)
    if "taskFinalStatus" in given:
        producer = given["taskFinalStatus"]["producerTask"]
        return {
            "state": _found(scope.states, producer, name),
            "pipelineTaskName": producer,
            "pipelineJobResourceName": scope.facts[JOB],
        }
    raise TaskError(f"parameter '{name}': {given} is nothing that the backend resolves")


def _with_facts(text: str, facts: Mapping[str, str]) -> str:
    for placeholder, value in facts.items():
        text = text.replace(placeholder, value)
    return text


def _artifact(name: str, given: Mapping[str, Any], scope: Scope) -> Mapping[str, Any]:
    if "componentInputArtifact" in given:
        return _found(scope.given.artifacts, given["componentInputArtifact"], name)
    output = given["taskOutputArtifact"]
    made = _found(scope.made, output["producerTask"], name)
    return _found(made.artifacts, output["outputArtifactKey"], name)


def _found(among: Mapping[str, Any], key: str, name: str) -> Any:
    if key not in among:
        raise TaskError(
            f"input '{name}': no '{key}'; there are {', '.join(sorted(among)) or 'none'}"
        )
    return among[key]
