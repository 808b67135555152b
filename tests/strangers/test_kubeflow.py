"""Strangers' pipelines run whole as Kubeflow would, unchanged but for the call to compile."""

import pytest
import tensorflow as tf
from tutorials import MODULES, PIPELINES, create_pipeline

from tfx_updaters.kfp import local
from tfx_updaters.kfp.compile import compile
from tfx_updaters.kfp.nodes import Claim, NodeConfig


@pytest.mark.parametrize("name", PIPELINES)
def test_every_node_runs_and_the_model_is_pushed(name, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(MODULES)  # An image has their modules on its path.
    write, generator, *others = PIPELINES[name]
    (tmp_path / "data").mkdir()
    write(tmp_path / "data")
    example_gen = generator(input_base=str(tmp_path / "data"))
    volume = NodeConfig(claims=(Claim("work", str(tmp_path)),))
    document = tmp_path / "pipeline.yaml"
    pipeline = create_pipeline(tmp_path, example_gen, *others, steps=600)
    compile(pipeline, document, images="theirs:1", nodes={"*": volume})

    done = local.run(document, tmp_path / "kfp")

    assert {task.state for task in done.tasks} == {"SUCCEEDED"}
    assert {node.id for node in pipeline.components} <= {task.name for task in done.tasks}
    assert done["Evaluator"].made.artifacts["blessing"]["metadata"]["blessed"] == 1.0
    (pushed,) = (tmp_path / "serving").glob("*/saved_model.pb")
    assert "serving_default" in tf.saved_model.load(pushed.parent).signatures
