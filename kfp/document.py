"""Steps as a document of KFP: the pipeline's specification, and Kubernetes' part of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as spec
from tfx.dsl.component.experimental import placeholders
from tfx.dsl.component.experimental.executor_specs import TemplatedExecutorContainerSpec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.kubeflow.decorators import FinalStatusStr
from tfx.orchestration.kubeflow.v2 import compiler_utils
from tfx.types import Artifact
from tfx.types.artifact import PropertyType

from tfx_updaters.kfp.errors import UnsupportedError
from tfx_updaters.kfp.kubernetes import Container, executor_config, resources, retry_policy
from tfx_updaters.kfp.nodes import NodeConfig
from tfx_updaters.kfp.parameters import changed, input_spec, kind, parameters, run_parameters
from tfx_updaters.kfp.steps import Import, Program, Source, Step, importable

SCHEMA_VERSION = "2.1.0"
ENTRYPOINT = ("python", "-m", "tfx_updaters.kfp.entrypoint")
# The graph of all nodes but the exit handler, where there is one.
GRAPH = "nodes"
_TYPES = {
    PropertyType.INT: "integer", PropertyType.FLOAT: "double", PropertyType.STRING: "string"
}  # fmt: skip


@dataclass(frozen=True)
class Placed:
    """A step, its name in Kubeflow, and where it runs."""

    step: Step
    name: str
    image: str
    config: NodeConfig
    cache: bool

    @property
    def component(self) -> str:
        """The name of its interface."""
        return f"comp-{self.name}"

    @property
    def executor(self) -> str:
        """The label that joins its interface, its container and its pod."""
        return f"exec-{self.name}"


def document(
    name: str, root: str | None, placed: list[Placed], exit_handler: Placed | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The pipeline's specification and its platforms, as plain data."""
    every = [*placed, exit_handler] if exit_handler else placed
    inputs = run_parameters(each.step for each in every)
    result = spec.PipelineSpec(
        pipeline_info=spec.PipelineInfo(name=name),
        schema_version=SCHEMA_VERSION,
        sdk_version="tfx-updaters",
        default_pipeline_root=root or "",
    )
    published = {source for each in every for source in _values(each.step)}
    for each in every:
        result.components[each.component].CopyFrom(_component(each, published))
    names = {each.step.id: each.name for each in every}
    graph = result.root.dag
    if exit_handler:
        graph = _nested(result, exit_handler, inputs, names)
    for each in placed:
        graph.tasks[each.name].CopyFrom(_task(each, names))
    result.root.input_definitions.CopyFrom(input_spec(inputs))
    executors = {
        each.executor: _executor(each, result.components[each.component]) for each in every
    }
    plain = json_format.MessageToDict(result)
    plain["deploymentSpec"] = {"executors": {k: _dict(v) for k, v in executors.items()}}
    pods = {each.executor: _dict(executor_config(each.config)) for each in every if _in_pod(each)}
    pods = {label: pod for label, pod in pods.items() if pod}
    return plain, {"platforms": {"kubernetes": {"deploymentSpec": {"executors": pods}}}}


def text(documents: Iterable[Mapping[str, Any]]) -> str:
    """Documents of one YAML file, the same text for the same content."""
    return yaml.dump_all(documents, sort_keys=True, Dumper=yaml.CSafeDumper)


def _nested(
    result: spec.PipelineSpec, handler: Placed, inputs: Mapping[str, Any], names: dict[str, str]
) -> spec.DagSpec:
    """The graph whose end the exit handler waits for; it has the pipeline's parameters too."""
    inner = result.components[f"comp-{GRAPH}"]
    inner.input_definitions.CopyFrom(input_spec(inputs))
    task = result.root.dag.tasks[GRAPH]
    task.component_ref.name = f"comp-{GRAPH}"
    task.task_info.name = GRAPH
    for name in inputs:
        task.inputs.parameters[name].component_input_parameter = name
    last = result.root.dag.tasks[handler.name]
    last.CopyFrom(_task(handler, names))
    last.dependent_tasks.append(GRAPH)
    last.trigger_policy.strategy = spec.PipelineTaskSpec.TriggerPolicy.ALL_UPSTREAM_TASKS_COMPLETED
    return inner.dag


def _component(placed: Placed, published: set[Source]) -> spec.ComponentSpec:
    step = placed.step
    result = spec.ComponentSpec(executor_label=placed.executor)
    inputs, outputs = result.input_definitions, result.output_definitions
    for key, source in step.inputs.items():
        inputs.artifacts[key].artifact_type.instance_schema = _schema(step.id, source.type)
    for name, value in parameters(step).items():
        inputs.parameters[name].parameter_type = kind(value)
        inputs.parameters[name].is_optional = isinstance(value, FinalStatusStr)
    for source in step.when:
        inputs.parameters[source.node].parameter_type = kind(source)
    for key, made in step.outputs.items():
        outputs.artifacts[key].artifact_type.instance_schema = _schema(step.id, made.type)
        outputs.artifacts[key].metadata.update(made.metadata)
        source = Source(step.id, key, made.type)
        if source in published:
            outputs.parameters[key].parameter_type = kind(source)
    return result


def _values(step: Step) -> Iterable[Source]:
    """The outputs of other nodes that the step takes as parameters."""
    values = (value for value in step.properties.values() if isinstance(value, Source))
    return (*values, *step.when)


def _task(placed: Placed, names: Mapping[str, str]) -> spec.PipelineTaskSpec:
    step = placed.step
    result = spec.PipelineTaskSpec()
    result.task_info.name = placed.name
    result.component_ref.name = placed.component
    result.caching_options.enable_cache = placed.cache
    for key, source in step.inputs.items():
        origin = result.inputs.artifacts[key].task_output_artifact
        origin.producer_task = names[source.node]
        origin.output_artifact_key = source.output
    for name, value in parameters(step).items():
        _fill(result.inputs.parameters[name], value, names)
    for source in step.when:
        _fill(result.inputs.parameters[source.node], source, names)
    if step.when:
        held = (f"inputs.parameter_values['{source.node}'] == 'true'" for source in step.when)
        result.trigger_policy.condition = " && ".join(held)
    result.dependent_tasks.extend(sorted(names[node] for node in step.needs))
    if placed.config.retry:
        result.retry_policy.CopyFrom(retry_policy(placed.config.retry))
    return result


def _fill(
    parameter: spec.TaskInputsSpec.InputParameterSpec, value: Any, names: Mapping[str, str]
) -> None:
    if isinstance(value, RuntimeParameter):
        parameter.component_input_parameter = value.name
    elif isinstance(value, Source):
        parameter.task_output_parameter.producer_task = names[value.node]
        parameter.task_output_parameter.output_parameter_key = value.output
    elif isinstance(value, FinalStatusStr):
        parameter.task_final_status.producer_task = GRAPH
    else:
        json_format.ParseDict(value, parameter.runtime_value.constant)


def _executor(
    placed: Placed, component: spec.ComponentSpec
) -> spec.PipelineDeploymentConfig.ExecutorSpec:
    result = spec.PipelineDeploymentConfig.ExecutorSpec()
    runs = placed.step.runs
    if isinstance(runs, Import):
        result.importer.CopyFrom(_importer(placed.step, runs))
        return result
    if isinstance(runs, Program):
        command = Container(
            image=placed.image, command=ENTRYPOINT, args=_arguments(placed, runs, component)
        )
    else:
        command = _users(placed.step, runs)
    wanted = resources(placed.config)
    if wanted != Container.ResourceSpec():
        command.resources.CopyFrom(wanted)
    for name, value in sorted(placed.config.env.items()):
        command.env.add(name=name, value=value)
    result.container.CopyFrom(command)
    return result


def _arguments(placed: Placed, program: Program, component: spec.ComponentSpec) -> list[str]:
    step = placed.step
    inputs = json_format.MessageToJson(component.input_definitions, sort_keys=True, indent=None)
    properties = changed(step)
    return [
        "--executor_class_path", program.executor,
        "--json_serialized_invocation_args", "{{$}}",
        "--json_serialized_inputs_spec_args", inputs,
        "--node_id", step.id,
        *(["--properties", properties] if properties else []),
        *(["--module_sha256", program.source] if program.source else []),
        *(placed.config.beam or program.beam),
    ]  # fmt: skip


def _importer(step: Step, runs: Import) -> spec.PipelineDeploymentConfig.ImporterSpec:
    (made,) = step.outputs.values()
    result = spec.PipelineDeploymentConfig.ImporterSpec(reimport=runs.reimport)
    result.type_schema.instance_schema = _schema(step.id, made.type)
    result.metadata.update(made.metadata)
    if isinstance(runs.uri, RuntimeParameter):
        result.artifact_uri.runtime_parameter = next(iter(step.properties))
    else:
        result.artifact_uri.constant.string_value = runs.uri
    return result


def _users(step: Step, runs: TemplatedExecutorContainerSpec) -> Any:
    """A command of the user's. Artifacts are files for it: the launcher brings and takes them."""
    return Container(
        image=runs.image,
        command=[_argument(step, each) for each in runs.command],
        args=[_argument(step, each) for each in runs.args],
    )


def _argument(step: Step, argument: Any) -> str:
    match argument:
        case str():
            return argument
        case placeholders.InputUriPlaceholder():
            return f"{{{{$.inputs.artifacts['{argument.input_name}'].path}}}}"
        case placeholders.OutputUriPlaceholder():
            return f"{{{{$.outputs.artifacts['{argument.output_name}'].path}}}}"
        case placeholders.InputValuePlaceholder() if argument.input_name in parameters(step):
            return f"{{{{$.inputs.parameters['{argument.input_name}']}}}}"
        case placeholders.ConcatPlaceholder():
            return "".join(_argument(step, item) for item in argument.items)
    raise UnsupportedError(
        f"node '{step.id}': {argument!r} in its command; texts, addresses of artifacts, values of "
        "parameters that are texts or numbers, and their concatenations are allowed"
    )


def _schema(node: str, kind: type[Artifact]) -> str:
    """The schema of an artifact, whose title is how an executor finds the class again.

    TFX has files for its own types; for others it takes the TYPE_NAME for a dotted name, which
    it is not (tfx#7768).
    """
    standard = f"tfx.{kind.__qualname__}"
    if compiler_utils.TITLE_TO_CLASS_PATH.get(standard) == importable(node, kind):
        found = compiler_utils.get_artifact_schema(kind)
        return found.decode() if isinstance(found, bytes) else found
    properties = {
        name: {"type": _TYPES[declared.type]}
        for name, declared in (kind.PROPERTIES or {}).items()
        if declared.type in _TYPES
    }
    schema = {"title": importable(node, kind), "type": "object", "properties": properties}
    return yaml.safe_dump(schema if properties else {**schema, "properties": {}}, sort_keys=True)


def _in_pod(placed: Placed) -> bool:
    return not isinstance(placed.step.runs, Import)


def _dict(message: Any) -> dict[str, Any]:
    return json_format.MessageToDict(message)
