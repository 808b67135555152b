"""SensorExampleGen in a document for Kubeflow Pipelines, run as its backend would."""

import json
from pathlib import Path

import yaml
from sensor_runs import walking, write_csv
from tfx import components as tfx
from tfx.orchestration.pipeline import Pipeline

from tfx_updaters.components import SensorExampleGen, Windows
from tfx_updaters.kfp import local
from tfx_updaters.kfp.compile import compile
from tfx_updaters.kfp.nodes import Claim, NodeConfig
from tfx_updaters.pipelines.beam import IN_MEMORY

WINDOWS = Windows(length=16, time="time", channels=("x", "y"), label="activity")


def test_it_runs_there_and_again_when_a_file_has_changed(tmp_path: Path) -> None:
    write_csv(tmp_path / "data" / "a.csv", walking(800))
    examples = SensorExampleGen(str(tmp_path / "data"), windows=WINDOWS)
    pipeline = Pipeline(
        pipeline_name="sensors",
        pipeline_root="",
        enable_cache=True,
        beam_pipeline_args=list(IN_MEMORY),
        components=[examples, tfx.StatisticsGen(examples=examples.outputs["examples"])],
    )
    path = tmp_path / "pipeline.yaml"
    volume = NodeConfig(claims=(Claim("data", str(tmp_path / "data")),))
    compile(pipeline, path, images="image", nodes={"*": volume})
    given = next(yaml.safe_load_all(path.read_text()))["root"]["dag"]["tasks"]["SensorExampleGen"]
    config = given["inputs"]["parameters"]["windows"]["runtimeValue"]["constant"]
    assert Windows.from_json(json.loads(config)) == WINDOWS
    states = []
    for rows in (800, 800, 900):
        if rows == 900:
            write_csv(tmp_path / "data" / "a.csv", walking(rows))
        done = local.run(path, tmp_path / "kfp")
        states.append(done["SensorExampleGen"].state)
        said = done["SensorExampleGen"].made.artifacts["examples"]["metadata"]
        assert json.loads(said["classes"]) == ["rest", "walk"]
    assert states == ["SUCCEEDED", "CACHED", "SUCCEEDED"]
