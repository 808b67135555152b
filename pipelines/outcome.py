"""What a finished run came to: read from its metadata store and the artifacts it names."""

import json
from dataclasses import dataclass
from pathlib import Path

import tensorflow_model_analysis as tfma
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.orchestration.metadata import sqlite_metadata_connection_config

from tfx_updaters.components.evaluator.thresholds import ACCURACY
from tfx_updaters.components.trainer.fit import METRICS_FILE

OUTPUT_EVENTS = (mlmd.Event.OUTPUT, mlmd.Event.DECLARED_OUTPUT)


@dataclass(frozen=True)
class Outcome:
    """The judgement of a model, and where it is.

    Attributes:
        metrics: `loss` and `accuracy` of the `train` and the `eval` split.
        blessed: whether the Evaluator blessed the model.
        reasons: a sentence for each threshold that it missed.
        baseline: URI of the last blessed model that it was compared with, if there was one.
        pushed: the folder that the model was pushed to, if it was.
        model: URI of the trained model.
    """

    metrics: dict[str, dict[str, float]]
    blessed: bool
    reasons: tuple[str, ...]
    baseline: str | None
    pushed: Path | None
    model: str


def read(metadata: Path, pipeline: str) -> Outcome:
    """The outcome of the pipeline's newest run in this metadata store."""
    outputs = _outputs_of_newest_run(metadata, pipeline)
    blessing = outputs["Evaluator", "ModelBlessing"]
    pushed = outputs.get(("Pusher", "PushedModel"))
    run = outputs["Trainer", "ModelRun"]
    properties = blessing.custom_properties
    return Outcome(
        metrics=json.loads((Path(run.uri) / METRICS_FILE).read_text()),
        blessed=properties["blessed"].int_value == 1,
        reasons=_reasons(outputs["Evaluator", "ModelEvaluation"].uri),
        baseline=properties["baseline_model"].string_value or None,
        pushed=_pushed_to(pushed) if pushed else None,
        model=outputs["Trainer", "Model"].uri,
    )


def _outputs_of_newest_run(metadata: Path, pipeline: str) -> dict[tuple[str, str], mlmd.Artifact]:
    """The output artifacts of a run, by node id and artifact type."""
    store = MetadataStore(sqlite_metadata_connection_config(str(metadata)))
    mine = store.get_context_by_type_and_name("pipeline", pipeline)
    executions = {e.id: e for e in store.get_executions_by_context(mine.id)}
    runs = [
        context
        for context in store.get_contexts_by_type("pipeline_run")
        if any(e.id in executions for e in store.get_executions_by_context(context.id))
    ]
    newest = max(runs, key=lambda context: context.id)
    outputs = {}
    for execution in store.get_executions_by_context(newest.id):
        node = next(
            context.name.removeprefix(f"{pipeline}.")
            for context in store.get_contexts_by_execution(execution.id)
            if context.type == "node"
        )
        events = store.get_events_by_execution_ids([execution.id])
        ids = [event.artifact_id for event in events if event.type in OUTPUT_EVENTS]
        for artifact in store.get_artifacts_by_id(ids):
            outputs[node, artifact.type] = artifact
    return outputs


def _pushed_to(pushed: mlmd.Artifact) -> Path | None:
    destination = pushed.custom_properties["pushed_destination"].string_value
    return Path(destination) if destination else None


def _reasons(evaluation: str) -> tuple[str, ...]:
    """A sentence for each threshold of the stock gate that the model missed."""
    result = tfma.load_validation_result(evaluation)
    reasons = []
    for slice_failures in result.metric_validations_per_slice:
        for failure in slice_failures.failures:
            name = failure.metric_key.name
            value = failure.metric_value.double_value.value
            reasons.append(_sentence(name, value, failure))
    return tuple(reasons) or (() if result.validation_ok else ("the gate could not be computed",))


def _sentence(name: str, value: float, failure) -> str:
    label = "accuracy on eval" if name == ACCURACY else name.replace("_", " ")
    threshold = failure.metric_threshold
    if failure.metric_key.is_diff:
        allowed = -threshold.change_threshold.absolute.value
        return f"{label} changed by {value:+.4f} against the baseline; {-allowed:+.4f} is allowed"
    bounds = threshold.value_threshold
    if bounds.HasField("lower_bound"):
        return f"{label} is {value:.4f}; at least {bounds.lower_bound.value:.4f} is needed"
    return f"{label} is {value:.4f}; at most {bounds.upper_bound.value:.4f} is allowed"
