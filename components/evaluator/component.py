"""The Evaluator: the stock node, and a gate on generalization."""

from typing import Any, ClassVar

import tensorflow_model_analysis as tfma
from tfx import types
from tfx.components.evaluator.component import Evaluator as StockEvaluator
from tfx.components.util import udf_utils
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import standard_artifacts, standard_component_specs
from tfx.types.component_spec import ChannelParameter, ExecutionParameter
from tfx.utils import json_utils

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.evaluator.config import require_gate
from tfx_updaters.components.evaluator.executor import Executor
from tfx_updaters.components.evaluator.gate import Gate

STOCK = standard_component_specs.EvaluatorSpec


class EvaluatorSpec(STOCK):
    """The stock Evaluator's, and where the other splits are."""

    PARAMETERS: ClassVar = {
        **STOCK.PARAMETERS,
        "reference_split": ExecutionParameter(type=str, optional=True),
        "max_overlap": ExecutionParameter(type=float, optional=True),
    }
    INPUTS: ClassVar = {
        **STOCK.INPUTS,
        "drift_examples": ChannelParameter(type=standard_artifacts.Examples, optional=True),
    }


class Evaluator(StockEvaluator):
    """Judges a model on unseen examples, and on how much worse it is there than where it learnt.

    Inputs, outputs and arguments are those of TFX's Evaluator; an EvalConfig that it takes works
    here and gives the same numbers. In addition the EvalConfig may name the metrics of
    `tfx_updaters.components.evaluator.metrics`, and a `Gate` may stand for it. The blessing has
    a `decision.json` beside it that says what was checked.
    """

    SPEC_CLASS = EvaluatorSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self,
        examples: types.BaseChannel,
        model: types.BaseChannel | None = None,
        baseline_model: types.BaseChannel | None = None,
        example_splits: list[str] | None = None,
        eval_config: tfma.EvalConfig | RuntimeParameter | None = None,
        gate: Gate | None = None,
        reference_split: str = "train",
        drift_examples: types.BaseChannel | None = None,
        max_overlap: float = 0.0,
        schema: types.BaseChannel | None = None,
        module_file: str | None = None,
        module_path: str | None = None,
        fairness_indicator_thresholds: list[float] | RuntimeParameter | None = None,
    ):
        """Arguments that are not named here are those of TFX's Evaluator, and mean the same.

        Args:
            eval_config: what is computed and gated. Exactly one of it and `gate` is needed.
            gate: stands for an `eval_config`.
            reference_split: the split that the model was trained on. It is read if a metric
                needs it, and then no example of the evaluation splits may be in it.
            drift_examples: further examples, of a later time or another place say. All their
                splits together are the split `drift` of a `SplitMetric`.
            max_overlap: share of the evaluation examples that may be in the reference split as
                well, 0 to 1.

        Raises:
            ArgumentError: an argument cannot be taken, or nothing would be gated.
        """
        if (eval_config is None) == (gate is None):
            given = "neither" if gate is None else "both"
            raise ArgumentError(f"received {given} of eval_config, gate; exactly one is needed")
        if module_file and module_path:
            raise ArgumentError("received both of module_file, module_path; at most one is allowed")
        if not isinstance(max_overlap, int | float) or not 0 <= max_overlap <= 1:
            raise ArgumentError(f"max_overlap: received {max_overlap!r}; 0 to 1 is allowed")
        config: Any = eval_config if gate is None else gate.eval_config()
        if not isinstance(config, RuntimeParameter):
            require_gate(config, example_splits or ["eval"], reference_split, bool(drift_examples))
        spec = EvaluatorSpec(
            examples=examples,
            model=model,
            baseline_model=baseline_model,
            eval_config=config,
            example_splits=json_utils.dumps(example_splits),
            fairness_indicator_thresholds=(
                fairness_indicator_thresholds
                if isinstance(fairness_indicator_thresholds, RuntimeParameter)
                else json_utils.dumps(fairness_indicator_thresholds)
            ),
            schema=schema,
            module_file=module_file,
            module_path=module_path,
            reference_split=reference_split,
            max_overlap=float(max_overlap),
            drift_examples=drift_examples,
            evaluation=types.Channel(type=standard_artifacts.ModelEvaluation),
            blessing=types.Channel(type=standard_artifacts.ModelBlessing),
        )
        base_beam_component.BaseBeamComponent.__init__(self, spec=spec)
        if udf_utils.should_package_user_modules():
            udf_utils.add_user_module_dependency(
                self,
                standard_component_specs.MODULE_FILE_KEY,
                standard_component_specs.MODULE_PATH_KEY,
            )
