"""What a finished run came to: read from its metadata store and the artifacts it names."""

import json
from dataclasses import dataclass
from pathlib import Path

from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.orchestration.metadata import sqlite_metadata_connection_config

from tfx_updaters.components.evaluator import decision, page
from tfx_updaters.components.evaluator.decision import Decision
from tfx_updaters.components.trainer.fit import METRICS_FILE

OUTPUT_EVENTS = (mlmd.Event.OUTPUT, mlmd.Event.DECLARED_OUTPUT)


@dataclass(frozen=True)
class Outcome:
    """The judgement of a model, and where it is.

    Attributes:
        metrics: `loss` and `accuracy` of the `train` and the `eval` split.
        decision: what the Evaluator found.
        page: where it can be looked at.
        run: the folder with what was recorded of the training.
        pushed: the folder that the model was pushed to, if it was.
        model: URI of the trained model.
    """

    metrics: dict[str, dict[str, float]]
    decision: Decision
    page: Path
    run: Path
    pushed: Path | None
    model: str


def read(metadata: Path, pipeline: str) -> Outcome:
    """The outcome of the pipeline's newest run in this metadata store."""
    outputs = _outputs_of_newest_run(metadata, pipeline)
    blessing = Path(outputs["Evaluator", "ModelBlessing"].uri)
    pushed = outputs.get(("Pusher", "PushedModel"))
    run = Path(outputs["Trainer", "ModelRun"].uri)
    return Outcome(
        metrics=json.loads((run / METRICS_FILE).read_text()),
        decision=Decision.from_json((blessing / decision.FILE).read_text()),
        page=blessing / page.FILE,
        run=run,
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
