"""What a node of a TFX pipeline is to Kubeflow: a program with artifacts, values and an order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tfx.components import InfraValidator
from tfx.components.example_gen.driver import FileBasedDriver, QueryBasedDriver
from tfx.dsl.component.experimental.executor_specs import TemplatedExecutorContainerSpec
from tfx.dsl.components.base.base_driver import BaseDriver
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec, ExecutorClassSpec
from tfx.dsl.components.common import importer
from tfx.dsl.components.common.resolver import Resolver
from tfx.dsl.placeholder.placeholder_base import Placeholder
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.pipeline import Pipeline
from tfx.types import Artifact, BaseChannel, Channel
from tfx.types.channel_utils import unwrap_simple_channel_placeholder
from tfx.types.standard_artifacts import Boolean, Float, Integer, String

from tfx_updaters.kfp.errors import UnsupportedError
from tfx_updaters.kfp.modules import fingerprint, without_files
from tfx_updaters.kfp.nodes import NodeConfig

VALUES = (Boolean, Float, Integer, String)


@dataclass(frozen=True)
class Source:
    """An artifact, or the value in it, that another node makes."""

    node: str
    output: str
    type: type[Artifact]


@dataclass(frozen=True)
class Output:
    """An artifact that a node makes, and the properties that it has from the start."""

    type: type[Artifact]
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Program:
    """A TFX executor.

    Attributes:
        executor: its dotted name.
        beam: options of Beam.
        source: SHA-256 of the user's module; empty if there is none.
    """

    executor: str
    beam: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True)
class Import:
    """An artifact that lies somewhere already: KFP itself makes it known."""

    uri: str | RuntimeParameter
    reimport: bool


@dataclass(frozen=True)
class Step:
    """One node.

    Attributes:
        id: TFX's.
        runs: what is run; a `TemplatedExecutorContainerSpec` is a command of the user's.
        inputs, outputs: artifacts by key.
        properties: execution properties: values, RuntimeParameters, and Sources whose value is
            the property.
        after: nodes that have to be done, besides those that the inputs come from.
        when: the values that have to be `true`, each made by a node of `conditions`.
        stale: whether its outputs can be old although nothing that KFP sees has changed, so that
            they are never taken from a cache.
        like: the node whose configuration it has if it has none of its own.
        resources: what the node asks for with TFX's own means.
    """

    id: str
    runs: Program | Import | TemplatedExecutorContainerSpec
    inputs: Mapping[str, Source] = field(default_factory=dict)
    outputs: Mapping[str, Output] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    after: frozenset[str] = frozenset()
    when: tuple[Source, ...] = ()
    stale: bool = False
    like: str = ""
    resources: NodeConfig = field(default_factory=NodeConfig)

    @property
    def sources(self) -> Iterable[Source]:
        """All that it takes from other nodes."""
        values = (value for value in self.properties.values() if isinstance(value, Source))
        return (*self.inputs.values(), *values, *self.when)

    @property
    def needs(self) -> frozenset[str]:
        """The ids of the nodes that have to be done before it."""
        return self.after | {source.node for source in self.sources}


def step(node: BaseNode, pipeline: Pipeline) -> Step:
    """What a node is to Kubeflow.

    Raises:
        UnsupportedError: it cannot run there; the message says what to do instead.
    """
    _refuse(node)
    if isinstance(node, importer.Importer):
        return _imported(node)
    properties = {
        name: _property(node, name, value)
        for name, value in without_files(node.id, node.exec_properties).items()
        if value is not None
    }
    return Step(
        id=node.id,
        runs=_program(node, pipeline),
        inputs={key: source(node, key, channel) for key, channel in node.inputs.items()},
        outputs=outputs(node),
        properties=properties,
        after=frozenset(other.id for other in node.upstream_nodes),
        resources=_resources(node),
    )


def source(node: BaseNode, key: str, channel: BaseChannel) -> Source:
    """Where an input comes from.

    Raises:
        UnsupportedError: from anything but one output of one node of the pipeline.
    """
    if isinstance(channel, Channel) and channel.producer_component_id and channel.output_key:
        return Source(channel.producer_component_id, channel.output_key, channel.type)
    raise UnsupportedError(
        f"node '{node.id}': its input '{key}' is a {type(channel).__name__} without one producer, "
        "which would be looked up in ML Metadata; KFP has none that TFX can ask: connect the "
        "output of one node, or an Importer with the artifact's address"
    )


def outputs(node: BaseNode) -> dict[str, Output]:
    """The artifacts that a node makes."""
    return {
        key: Output(
            channel.type,
            {**channel.additional_properties, **channel.additional_custom_properties},
        )
        for key, channel in node.outputs.items()
    }


def _refuse(node: BaseNode) -> None:
    if isinstance(node, InfraValidator):
        raise UnsupportedError(
            f"node '{node.id}': InfraValidator starts a model server beside itself, which no "
            "container of KFP may do; leave it out, and let a canary of the serving cluster "
            "stand for it"
        )
    if isinstance(node, Resolver):
        raise UnsupportedError(
            f"node '{node.id}': a Resolver asks ML Metadata, which KFP does not have for TFX; "
            "LatestBlessedModelStrategy is replaced, for others use an Importer with the "
            "artifact's address, as a RuntimeParameter if it changes"
        )
    if isinstance(node, Pipeline):
        raise UnsupportedError(
            f"node '{node.id}': a pipeline in a pipeline; put its nodes into the outer one"
        )
    driver = getattr(node, "driver_class", BaseDriver)
    if driver not in (BaseDriver, FileBasedDriver, QueryBasedDriver, importer.ImporterDriver):
        raise UnsupportedError(
            f"node '{node.id}': has the driver {driver.__module__}.{driver.__qualname__}, and "
            "KFP runs no drivers of TFX; do its work in the executor"
        )


def _program(node: BaseNode, pipeline: Pipeline) -> Program | TemplatedExecutorContainerSpec:
    run = node.executor_spec
    if isinstance(run, TemplatedExecutorContainerSpec):
        return run
    if not isinstance(run, ExecutorClassSpec):
        raise UnsupportedError(
            f"node '{node.id}': its executor is a {type(run).__name__}; a Python class or a "
            "create_container_component(...) is needed"
        )
    args = run.beam_pipeline_args if isinstance(run, BeamExecutorSpec) else None
    beam = pipeline.beam_pipeline_args if args is None else args
    texts = tuple(argument for argument in beam if isinstance(argument, str))
    if len(texts) < len(beam):
        raise UnsupportedError(f"node '{node.id}': a placeholder in its options of Beam; use texts")
    source = fingerprint(node.exec_properties)
    return Program(importable(node.id, run.executor_class), texts, source)


def importable(node: str, kind: type) -> str:
    """The dotted name under which a container imports a class.

    Raises:
        UnsupportedError: it has none, as it was made in a script or in a function.
    """
    name = f"{kind.__module__}.{kind.__qualname__}"
    if name.startswith("__main__.") or "<locals>" in name:
        raise UnsupportedError(
            f"node '{node}': {name} cannot be imported by another process; define it at the top "
            "of a module that the image has"
        )
    return name


def _property(node: BaseNode, name: str, value: Any) -> Any:
    if not isinstance(value, Placeholder):
        return value
    try:
        channel = unwrap_simple_channel_placeholder(value)
    except ValueError as error:
        raise UnsupportedError(
            f"node '{node.id}': its property '{name}' is a computed placeholder; KFP hands over "
            "whole values only: output.future()[0].value"
        ) from error
    found = source(node, name, channel)
    if found.type not in VALUES:
        raise UnsupportedError(
            f"node '{node.id}': its property '{name}' is the value of a {found.type.__name__}; "
            f"KFP hands over values of {', '.join(kind.__name__ for kind in VALUES)}"
        )
    return found


def _imported(node: importer.Importer) -> Step:
    values = node.exec_properties
    uri = values[importer.SOURCE_URI_KEY]
    reimport = bool(values[importer.REIMPORT_OPTION_KEY])
    return Step(
        id=node.id,
        runs=Import(uri, reimport),
        outputs=outputs(node),
        properties={importer.SOURCE_URI_KEY: uri},
        after=frozenset(other.id for other in node.upstream_nodes),
    )


def _resources(node: BaseNode) -> NodeConfig:
    """What `with_platform_config` asks for: TFX takes a ResourceSpec of the pipeline's format."""
    asked = node.platform_config
    if not asked:
        return NodeConfig()
    accelerator = asked.accelerator
    resource = accelerator.resource_type or accelerator.type
    if resource and "/" not in resource:
        raise UnsupportedError(
            f"node '{node.id}': asks for the accelerator {resource}, a name of Vertex AI; in "
            "Kubernetes it is a resource such as nvidia.com/gpu"
        )
    memory = asked.resource_memory_limit or (f"{asked.memory_limit:g}G" * bool(asked.memory_limit))
    return NodeConfig(
        cpu=asked.resource_cpu_limit or asked.cpu_limit or None,
        memory=memory or None,
        gpu=int(accelerator.resource_count or accelerator.count) or None,
        gpu_resource=resource or None,
    )
