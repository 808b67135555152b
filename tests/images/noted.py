"""The main pipeline with a user's node besides, compiled for the images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import notes
import pytest

from tfx_updaters.kfp.nodes import NodeConfig


def compiled(work: Path, images: str | Mapping[str, str], nodes: Mapping[str, NodeConfig]) -> None:
    """Writes the document; data and the place to push to are on a volume, `work`."""
    from tfx_updaters.components.examples import named, records
    from tfx_updaters.kfp.compile import compile
    from tfx_updaters.optimizers import get
    from tfx_updaters.pipelines import training

    found = records.inspect(named.write_digits(work / "data"))
    chosen = training.Training(get("article"), steps=400)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "Pipeline", _with_note)
        pipeline = training.create_pipeline("digits", work, found, chosen)
    compile(pipeline, work / "pipeline.yaml", images=images, nodes=nodes)


def _with_note(*, components: list[Any], **more: Any) -> Any:
    """A pipeline with the user's node after the Trainer."""
    from tfx.orchestration.pipeline import Pipeline

    trainer = next(node for node in components if node.id == "Trainer")
    note = notes.Note(model=trainer.outputs["model"])
    return Pipeline(components=[*components, note], **more)
