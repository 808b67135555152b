"""On each runner the pipeline comes to the same statistics, and the gate to the same decision."""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import dataflow_service
import evaluations
import numpy as np
import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from tfx_updaters.components import Gate
from tfx_updaters.components.trainer import serving
from tfx_updaters.pipelines import beam

PROGRAM = [Path(sys.executable).with_name("tfx-updaters")]
AS_DATAFLOW = [sys.executable, Path(dataflow_service.__file__)]
# Of what a run computes, files that name neither themselves nor a place.
COMPUTED = ("SchemaGen/schema/*/schema.pbtxt", "ExampleValidator/anomalies/*/*/SchemaDiff.pb")


@pytest.fixture(scope="module")
def in_memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Artifacts of the main pipeline run in memory."""
    return run(tmp_path_factory.mktemp("runs") / "in_memory")


def run(folder: Path, *options: str, program: Sequence[str | Path] = PROGRAM) -> Path:
    """The artifacts of the main pipeline, which has pushed its model."""
    words = [*program, "run", "--root", folder, *options]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done
    assert not done.stderr, done
    assert list(folder.glob("pushed/digits/*/saved_model.pb"))
    return folder / "artifacts"


def given(runner: str, options: Iterable[str]) -> list[str]:
    """Words for the command."""
    return ["--beam-runner", runner, *(w for each in options for w in ("--beam-option", each))]


def computed(artifacts: Path) -> dict[str, bytes]:
    found = [path for pattern in COMPUTED for path in artifacts.glob(pattern)]
    assert len(found) == 1 + 2, found
    return {str(path.relative_to(artifacts)): path.read_bytes() for path in found}


def statistics(artifacts: Path) -> list[str]:
    found = sorted(artifacts.glob("StatisticsGen/statistics/*/*/FeatureStats.pb"))
    assert len(found) == 2
    kind = statistics_pb2.DatasetFeatureStatisticsList
    return [rounded(kind.FromString(path.read_bytes())) for path in found]


def rounded(found: object) -> str:
    """Its text, with numbers of 12 digits: sums are made in parts, and a runner chooses these."""
    return re.sub(r"\d+\.\d+(e-?\d+)?", lambda it: f"{float(it[0]):.12g}", str(found))


def test_the_pipeline_on_a_job_server_with_workers_in_processes_of_their_own(
    tmp_path, in_memory, there
):
    check_the_same(run(tmp_path / "there", *given(*there)), in_memory)


def test_the_pipeline_as_dataflow_is_sent_it(tmp_path, in_memory):
    options = given("dataflow", dataflow_service.OPTIONS)
    jobs = tmp_path / "jobs"
    check_the_same(run(tmp_path / "there", *options, program=[*AS_DATAFLOW, jobs]), in_memory)
    assert len(jobs.read_text().splitlines()) >= 4


def check_the_same(there: Path, in_memory: Path) -> None:
    assert statistics(there) == statistics(in_memory)
    assert computed(there) == computed(in_memory)
    assert decision(there) == decision(in_memory)
    for one, other in zip(weights(there), weights(in_memory), strict=True):
        np.testing.assert_array_equal(one, other)


def decision(artifacts: Path) -> str:
    """Of the gate on the first model, without its place."""
    (path,) = artifacts.glob("Evaluator/blessing/*/decision.json")
    found = json.loads(path.read_text())
    return rounded({name: value for name, value in found.items() if name != "model"})


def weights(artifacts: Path) -> list[np.ndarray]:
    (folder,) = artifacts.glob("Trainer/model/*/Format-Serving")
    return serving.load_keras(str(folder)).get_weights()


def test_the_gate_judges_on_a_job_server_as_it_does_in_memory(tmp_path, there):
    check_the_gate(tmp_path, *there)


def test_the_gate_judges_in_two_processes_as_it_does_in_memory(tmp_path):
    check_the_gate(tmp_path, "multi_processing", ["direct_num_workers=2"])


def test_the_gate_judges_what_dataflow_is_sent_as_it_does_in_memory(tmp_path):
    with dataflow_service.serving() as jobs:
        check_the_gate(tmp_path, "dataflow", dataflow_service.OPTIONS)
    assert len(jobs) == 1


def check_the_gate(folder: Path, runner: str, options: Iterable[str]) -> None:
    rows = {
        "train": evaluations.rows(400, 0.99, 1, baseline=0.97),
        "eval": evaluations.rows(600, 0.95, 2, baseline=0.96),
    }
    gate = Gate(
        max_gap=0.06, min_accuracy=0.9, worst_class=0.8, no_worse_than_blessed=0.05, burden="gate"
    )
    config, arguments = gate.eval_config(), beam.arguments(runner, options)
    here = evaluations.run(folder, rows, config, baseline=True)
    expected = [rounded(each) for each in (here.decision, here.values(), here.values("baseline"))]
    there = evaluations.again(folder, config, here, beam=arguments)
    found = [rounded(each) for each in (there.decision, there.values(), there.values("baseline"))]
    assert len(here.decision.checks) >= 4
    assert found == expected
    assert there.blessed == here.blessed == 1
