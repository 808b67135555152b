"""On each runner the pipeline comes to the same: statistics, schema, model, metrics, decision."""

import json
import re
import subprocess
import sys
from pathlib import Path

import evaluations
import pytest
import tensorflow_model_analysis as tfma
from tensorflow_metadata.proto.v0 import statistics_pb2

from tfx_updaters.components import Gate
from tfx_updaters.pipelines import beam

PROGRAM = Path(sys.executable).with_name("tfx-updaters")


@pytest.fixture(scope="module")
def in_memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of two runs in memory: the second one's model is judged against the first one's."""
    return twice(tmp_path_factory.mktemp("in_memory"))


def twice(folder: Path, *options: str) -> Path:
    for updater in ("magnitude_clip", "article"):
        words = [PROGRAM, "run", "--root", folder / "runs", "--updater", updater, *options]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done
        assert not done.stderr, done
    return folder / "runs"


# What a run has computed, but for files that name themselves, their time or their place.
COMPUTED = (
    "SchemaGen/schema/*/schema.pbtxt",
    "ExampleValidator/anomalies/*/*/SchemaDiff.pb",
    "Trainer/model/*/Format-Serving/variables/variables.data*",
)


def computed(root: Path) -> dict[str, bytes]:
    artifacts = root / "artifacts"
    found = [path for pattern in COMPUTED for path in artifacts.glob(pattern)]
    assert len(found) == 1 + 2 + 2, found
    return {str(path.relative_to(artifacts)): path.read_bytes() for path in found}


def statistics(root: Path) -> list[str]:
    """To 12 digits: sums are made in parts, and a runner chooses the parts."""
    found = sorted(root.glob("artifacts/StatisticsGen/statistics/*/*/FeatureStats.pb"))
    assert len(found) == 2
    kind = statistics_pb2.DatasetFeatureStatisticsList
    texts = (str(kind.FromString(path.read_bytes())) for path in found)
    return [re.sub(r"\d+\.\d+", lambda it: f"{float(it[0]):.12g}", text) for text in texts]


def decisions(root: Path) -> list[dict]:
    """Of both runs, without where the models are."""
    found = sorted(root.glob("artifacts/Evaluator/blessing/*"), key=lambda path: int(path.name))
    decisions = [json.loads((folder / "decision.json").read_text()) for folder in found]
    assert [bool(each.pop("baseline")) for each in decisions] == [False, True]
    assert all(each["blessed"] and each["checks"] and each.pop("model") for each in decisions)
    return decisions


def metrics(root: Path) -> dict[str, list[str]]:
    """Of both runs and all slices, as TFMA reads them."""
    found = {
        path.name: sorted(str(each) for each in tfma.load_metrics(str(path)))
        for path in root.glob("artifacts/Evaluator/evaluation/*")
    }
    assert all(found.values()) and len(found) == 2
    return found


def test_a_job_server_and_workers_in_processes_of_their_own(
    tmp_path, in_memory, job_server, workers
):
    options = [f"job_endpoint={job_server}", "environment_type=EXTERNAL",
               f"environment_config={workers}"]  # fmt: skip
    given = [word for option in options for word in ("--beam-option", option)]
    root = twice(tmp_path, "--beam-runner", "portable", *given)
    assert statistics(root) == statistics(in_memory)
    assert computed(root) == computed(in_memory)
    assert decisions(root) == decisions(in_memory)
    assert metrics(root) == metrics(in_memory)


def test_two_workers_of_beam_s_own_judge_as_one_does(tmp_path):
    """The Evaluator alone: two workers write examples in another order, and others are trained."""
    rows = {
        "train": evaluations.rows(400, 0.99, 1, baseline=0.97),
        "eval": evaluations.rows(600, 0.95, 2, baseline=0.96),
    }
    gate = Gate(
        max_gap=0.06, min_accuracy=0.9, worst_class=0.8, no_worse_than_blessed=0.05,
    ).eval_config()  # fmt: skip
    two = ("--runner=FnApiRunner", "--direct_running_mode=multi_processing",
           "--direct_num_workers=2", beam.NO_IMAGE)  # fmt: skip
    one = evaluations.run(tmp_path, rows, gate, baseline=True)
    expected = one.decision, one.values(), one.values("baseline")
    again = evaluations.again(tmp_path, gate, one, beam=two)
    assert (again.decision, again.values(), again.values("baseline")) == expected
    assert again.blessed == one.blessed
