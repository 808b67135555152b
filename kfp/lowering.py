"""A TFX pipeline as steps: its own nodes, and those that stand for what KFP cannot do."""

import dataclasses

from google.protobuf import json_format
from kfp import dsl
from tfx.components import FileBasedExampleGen
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common import resolver
from tfx.dsl.experimental.conditionals import conditional
from tfx.dsl.input_resolution.strategies.latest_blessed_model_strategy import (
    LatestBlessedModelStrategy,
)
from tfx.dsl.placeholder.placeholder_base import Placeholder
from tfx.orchestration.pipeline import Pipeline
from tfx.types import BaseChannel
from tfx.types.channel import ChannelWrappedPlaceholder
from tfx.types.channel_utils import encode_placeholder_with_channels, get_dependent_channels
from tfx.types.standard_artifacts import Model, ModelBlessing, String
from tfx.utils.name_utils import get_full_name

from tfx_updaters.kfp import conditions, fingerprint, latest_blessed
from tfx_updaters.kfp.errors import UnsupportedError
from tfx_updaters.kfp.steps import Output, Program, Source, Step, outputs, source, step

# KFP puts the run's id in its place (kfp.dsl, PIPELINE_JOB_ID_PLACEHOLDER).
_RUN_ID = {latest_blessed.RUN: dsl.PIPELINE_JOB_ID_PLACEHOLDER}


def lower(pipeline: Pipeline) -> list[Step]:
    """The steps of a pipeline, in an order in which they can run.

    - A Resolver of the latest blessed model becomes a node of the same name that reads a ledger,
      and each Evaluator gets a node after it, `<its id>-ledger`, that adds to it.
    - A file-based ExampleGen gets a node before it, `<its id>-fingerprint`: KFP looks for cached
      outputs by parameters only, and would take those of files that have changed.
    - Each predicate of a condition becomes a node `condition-<n>` that computes it.

    Raises:
        UnsupportedError: a node cannot run on KFP, or takes something from a node that is not
            in the pipeline.
    """
    steps: list[Step] = []
    predicates = _Predicates(steps)
    for node in pipeline.components:
        made = _find(node) if _finds_blessed(node) else step(node, pipeline)
        held = conditional.get_predicates(node, pipeline.dsl_context_registry)
        when = tuple(predicates.source(node, predicate) for predicate in held)
        made = dataclasses.replace(made, when=when)
        if pipeline.enable_cache and isinstance(node, FileBasedExampleGen):
            steps.append(_fingerprint(made))
            made = _fingerprinted(made, steps[-1])
        steps.append(made)
    if finds := {node.id for node in pipeline.components if _finds_blessed(node)}:
        steps += [_add(each, key) for each in steps if (key := _blessing(each))]
    _need_all(steps)
    return [_late(each, steps) if each.id in finds else each for each in steps]


class _Predicates:
    """The nodes that compute conditions, put before the nodes that ask; equal ones are one node."""

    def __init__(self, steps: list[Step]) -> None:
        self._steps = steps
        self._known: dict[str, Step] = {}

    def source(self, node: BaseNode, predicate: Placeholder) -> Source:
        """Where the predicate's value comes from."""
        channels = list(dict.fromkeys(get_dependent_channels(predicate)))
        keys = {_identity(channel): f"input_{i}" for i, channel in enumerate(channels, start=1)}
        inputs = {keys[_identity(each)]: source(node, "condition", each) for each in channels}
        for part in predicate.traverse():
            if isinstance(part, ChannelWrappedPlaceholder):
                part.set_key(None)  # TFX leaves the key of its own orchestration there at first.
        text = json_format.MessageToJson(
            encode_placeholder_with_channels(predicate, lambda each: keys[_identity(each)]),
            sort_keys=True, indent=None,
        )  # fmt: skip
        known = f"{text} {[(each.node, each.output) for each in inputs.values()]}"
        if known not in self._known:
            self._known[known] = Step(
                id=f"condition-{len(self._known) + 1}",
                runs=Program(get_full_name(conditions.Executor)),
                inputs=inputs,
                outputs={conditions.HOLDS: Output(String)},
                properties={conditions.PREDICATE: text},
            )
            self._steps.append(self._known[known])
        return Source(self._known[known].id, conditions.HOLDS, String)


def _identity(channel: BaseChannel) -> tuple[str, str]:
    return (str(channel.producer_component_id), str(channel.output_key))


def _finds_blessed(node: BaseNode) -> bool:
    strategy = node.exec_properties.get(resolver.RESOLVER_STRATEGY_CLASS)
    found = isinstance(strategy, type) and issubclass(strategy, LatestBlessedModelStrategy)
    return isinstance(node, resolver.Resolver) and found


def _find(node: BaseNode) -> Step:
    return Step(
        id=node.id,
        runs=Program(get_full_name(latest_blessed.FindExecutor)),
        outputs=outputs(node),
        properties=_RUN_ID,
        after=frozenset(other.id for other in node.upstream_nodes),
        stale=True,
    )


def _late(find: Step, steps: list[Step]) -> Step:
    """Lets it wait for all that its readers wait for: a run that ends in the meantime counts."""
    below = {find.id}
    for each in steps:
        if each.needs & below:
            below.add(each.id)
    readers = (each.needs for each in steps if find.id in each.needs)
    return dataclasses.replace(find, after=find.after.union(*readers) - below)


def _blessing(step: Step) -> str | None:
    """The output in which a node that judges its input `model` says whether it is blessed."""
    judges = "model" in step.inputs and issubclass(step.inputs["model"].type, Model)
    keys = (key for key, made in step.outputs.items() if issubclass(made.type, ModelBlessing))
    return next(keys, None) if judges else None


def _add(judge: Step, key: str) -> Step:
    return Step(
        id=f"{judge.id}-ledger",
        runs=Program(get_full_name(latest_blessed.AddExecutor)),
        inputs={
            "model": judge.inputs["model"],
            "blessing": Source(judge.id, key, judge.outputs[key].type),
        },
        outputs={"added": Output(String)},
        properties=_RUN_ID,
        stale=True,
    )


def _fingerprint(reader: Step) -> Step:
    return Step(
        id=f"{reader.id}-fingerprint",
        runs=Program(get_full_name(fingerprint.Executor)),
        outputs={fingerprint.KEY: Output(String)},
        properties={
            name: value for name, value in reader.properties.items() if name in fingerprint.READ
        },
        after=reader.after,
        when=reader.when,
        stale=True,
        like=reader.id,
    )


def _fingerprinted(reader: Step, before: Step) -> Step:
    made = Source(before.id, fingerprint.KEY, String)
    return dataclasses.replace(reader, properties={**reader.properties, fingerprint.KEY: made})


def _need_all(steps: list[Step]) -> None:
    known = {each.id for each in steps}
    for each in steps:
        for needed in sorted(each.needs):
            if needed not in known:
                raise UnsupportedError(
                    f"node '{each.id}' takes something from '{needed}', which is not among the "
                    "pipeline's components"
                )
