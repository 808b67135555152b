"""The UpdaterStudy node: compares updates on a pipeline's examples, before its Trainer."""

import json
from collections.abc import Sequence
from typing import Any

from tfx import types
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.study.artifact import Study, StudyTrials
from tfx_updaters.components.study.executor import PLAN, STUDY, TRIALS, Executor
from tfx_updaters.components.study.plan import Plan


def check_plan(plan: Plan) -> None:
    """Raises `ArgumentError` if it is none."""
    if not isinstance(plan, Plan):
        raise ArgumentError(
            f"plan: received {plan!r:.80}; a Plan of tfx_updaters.components is needed"
        )


class UpdaterStudySpec(ComponentSpec):
    """What goes into a study and what comes out."""

    PARAMETERS = {PLAN: ExecutionParameter(type=str)}  # noqa: RUF012
    INPUTS = {  # noqa: RUF012
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "schema": ChannelParameter(type=standard_artifacts.Schema, optional=True),
        "transform_graph": ChannelParameter(type=standard_artifacts.TransformGraph, optional=True),
    }
    OUTPUTS = {STUDY: ChannelParameter(type=Study)}  # noqa: RUF012


class UpdaterStudy(BaseComponent):
    """Says which of several updaters is better on these examples, and whether that is luck.

    Output `study`: a `Study` artifact with `result.json` and `report.html`. It chooses an updater:
    of those that are shown to be better than the first one, in the plan's first condition, the one
    with the best mean; the first one if none is. `Trainer(updater=study.outputs["study"])` trains
    with it, at the learning rate that was tuned.

    A node that is killed goes on with its next attempt: trials that have ended are kept beside its
    outputs, as our Trainer's checkpoints are.
    """

    SPEC_CLASS = UpdaterStudySpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        examples: types.BaseChannel,
        plan: Plan,
        schema: types.BaseChannel | None = None,
        transform_graph: types.BaseChannel | None = None,
        trials: Sequence[types.BaseChannel] = (),
    ):
        """A changed plan or other examples make a new study.

        Args:
            examples: the split `train` is trained on and validates, `eval` judges: what a later
                Evaluator judges by should be other examples.
            plan: what is compared, and how.
            schema: of the examples; without it their first ones say what they are.
            transform_graph: for transformed examples, in the place of the schema.
            trials: outputs of `UpdaterTrials` with the same plan and examples: what they have
                trained is not trained again.

        Raises:
            ArgumentError: the plan is none, or a channel has no trials.
        """
        check_plan(plan)
        for channel in trials:
            if channel.type is not StudyTrials:
                raise ArgumentError(
                    f"trials: received a channel of {channel.type.TYPE_NAME}; one of StudyTrials "
                    "is needed: the output 'trials' of an UpdaterTrials"
                )
        super().__init__(
            UpdaterStudySpec(
                examples=examples, schema=schema, transform_graph=transform_graph,
                study=types.Channel(type=Study),
                **{PLAN: json.dumps(plan.to_json(), sort_keys=True)},
            )
        )  # fmt: skip
        inputs: Any = self.inputs
        for number, channel in enumerate(trials):
            name = f"{TRIALS}_{number}"
            self.spec.INPUTS = {**self.spec.INPUTS, name: ChannelParameter(type=StudyTrials)}
            inputs[name] = channel
