"""On each runner the pipeline comes to the same statistics, and the gate to the same decision."""

import json
import re
import subprocess
import sys
from pathlib import Path

import evaluations
import numpy as np
import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from tfx_updaters.components import Gate
from tfx_updaters.components.trainer import serving
from tfx_updaters.pipelines import beam

PROGRAM = Path(sys.executable).with_name("tfx-updaters")
# Of what a run computes, files that name neither themselves nor a place.
COMPUTED = ("SchemaGen/schema/*/schema.pbtxt", "ExampleValidator/anomalies/*/*/SchemaDiff.pb")


@pytest.fixture(scope="module")
def there(job_server: tuple[str, str], workers: str) -> tuple[str, list[str]]:
    """A runner and Beam's options for it, with each worker a process of its own.

    A worker that is kept for a minute serves the stages that follow: to start one takes seconds.
    """
    runner, address = job_server
    return runner, [f"job_endpoint={address}", "environment_type=EXTERNAL",
                    f"environment_config={workers}", "environment_cache_millis=60000"]  # fmt: skip


def run(folder: Path, *options: str) -> Path:
    """The artifacts of the main pipeline, which has pushed its model."""
    words = [PROGRAM, "run", "--root", folder, *options]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done
    assert not done.stderr, done
    assert list(folder.glob("pushed/digits/*/saved_model.pb"))
    return folder / "artifacts"


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


def test_the_pipeline_on_a_job_server_with_workers_in_processes_of_their_own(tmp_path, there):
    in_memory = run(tmp_path / "in_memory")
    runner, options = there
    given = [word for option in options for word in ("--beam-option", option)]
    there = run(tmp_path / "there", "--beam-runner", runner, *given)
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


def check_the_gate(folder: Path, runner: str, options: list[str]) -> None:
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
