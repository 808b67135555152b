"""The UpdaterTrials node: some updaters of a study, so that several nodes train at a time."""

import difflib
import json
from collections.abc import Sequence

from tfx import types
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.study.artifact import StudyTrials
from tfx_updaters.components.study.component import UpdaterStudySpec, check_plan
from tfx_updaters.components.study.executor import ARMS, PLAN, TRIALS, PartExecutor
from tfx_updaters.components.study.plan import Plan


class UpdaterTrialsSpec(ComponentSpec):
    """What goes into the trials and what comes out."""

    PARAMETERS = {  # noqa: RUF012
        PLAN: ExecutionParameter(type=str),
        ARMS: ExecutionParameter(type=str),
    }
    INPUTS = UpdaterStudySpec.INPUTS
    OUTPUTS = {TRIALS: ChannelParameter(type=StudyTrials)}  # noqa: RUF012


class UpdaterTrials(BaseComponent):
    """Trains the trials of some updaters of a study: their rates are tuned and compared alone.

    A node for each updater, and an `UpdaterStudy` after them, spread a study over as many machines
    as Kubeflow gives; a TFX runner that has one node run at a time gains nothing:

        parts = [UpdaterTrials(examples=examples, plan=plan, arms=[a.name]) for a in plan.arms]
        study = UpdaterStudy(
            examples=examples, plan=plan, trials=[part.outputs["trials"] for part in parts]
        )

    Output `trials`: a `StudyTrials` artifact. The node's id ends with the names of its updaters. A
    node that is killed goes on with its next attempt, as `UpdaterStudy` does.
    """

    SPEC_CLASS = UpdaterTrialsSpec
    EXECUTOR_SPEC = ExecutorClassSpec(PartExecutor)

    def __init__(
        self,
        *,
        examples: types.BaseChannel,
        plan: Plan,
        arms: Sequence[str],
        schema: types.BaseChannel | None = None,
        transform_graph: types.BaseChannel | None = None,
    ):
        """Arguments that are not named here are those of `UpdaterStudy`.

        Args:
            arms: names of some of the plan's updaters.

        Raises:
            ArgumentError: the plan is none, or has no such updater.
        """
        check_plan(plan)
        known = [arm.name for arm in plan.arms]
        if not arms or isinstance(arms, str):
            raise ArgumentError(f"arms: received {arms!r}; names of the plan's are needed")
        for name in arms:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f"; did you mean '{near[0]}'?" if near else ""
                raise ArgumentError(
                    f"arms: received '{name}'; {', '.join(known)} are those of the plan{hint}"
                )
        super().__init__(
            UpdaterTrialsSpec(
                examples=examples, schema=schema, transform_graph=transform_graph,
                trials=types.Channel(type=StudyTrials),
                **{PLAN: json.dumps(plan.to_json(), sort_keys=True), ARMS: json.dumps([*arms])},
            )
        )  # fmt: skip
        self.with_id(f"UpdaterTrials.{'.'.join(arms)}")
