"""`--beam-runner` and `--beam-option`: what Beam gets, and what it would not take is refused."""

import socket
import threading
import time

import pytest

from tfx_updaters.pipelines import beam
from tfx_updaters.pipelines.errors import BeamOptionError, RunError


@pytest.mark.parametrize(
    ("runner", "options", "expected"),
    [
        ("in_memory", [], beam.IN_MEMORY),
        (
            "multi_processing",
            ["direct_num_workers=2"],
            ("--runner=FnApiRunner", "--direct_running_mode=multi_processing",
             "--sdk_container_image=none", "--direct_num_workers=2"),
        ),
        (
            "flink",
            ["environment_type=LOOPBACK", "flink_master=flink:8081", "experiments=a"],
            ("--runner=FlinkRunner", "--sdk_container_image=none", "--environment_type=LOOPBACK",
             "--flink_master=flink:8081", "--experiments=a"),
        ),
        (
            "dataflow",
            ["project=p", "sdk_container_image=mine:1", "save_main_session"],
            ("--runner=DataflowRunner", "--project=p", "--sdk_container_image=mine:1",
             "--save_main_session"),
        ),
    ],
)  # fmt: skip
def test_beam_gets_its_own_arguments(runner, options, expected):
    assert beam.arguments(runner, options) == expected


@pytest.mark.parametrize(
    ("runner", "options", "expected"),
    [
        ("flink", ["flink_mastr=x"], "'flink_mastr' for flink; did you mean 'flink_master'"),
        ("in_memory", ["direct_num_workers=two"], "invalid int value: 'two'"),
        ("in_memory", ["=2"], "NAME=VALUE or NAME is needed"),
        ("in_memory", ["runner=FlinkRunner"], "--beam-runner says where Beam runs"),
        ("portable", ["environment_type=LOOPBACK"], "needs the address of a job server"),
        ("spark", [], "the workers of spark run in containers"),
        ("dataflow", ["project=p"], "the workers of dataflow run in containers"),
    ],
)  # fmt: skip
def test_what_beam_would_not_take_is_refused(runner, options, expected):
    with pytest.raises(BeamOptionError, match=expected):
        beam.arguments(runner, options)


def test_a_wrong_option_is_wrong_usage_and_starts_nothing(command):
    result = command("run", "--beam-runner", "flink", "--beam-option", "flink_mastr=x")
    assert result.returncode == 2 and "did you mean 'flink_master'" in result.stderr, result
    assert list(command.folder.iterdir()) == []


def test_a_job_server_that_is_not_there_or_says_nothing(command):
    """A port where nothing listens, and one where the connection is taken and nothing is said."""
    with socket.create_server(("localhost", 0)) as silent:
        threading.Thread(target=silent.accept, daemon=True).start()
        port = silent.getsockname()[1]
        for address in (f"localhost:{port}", "localhost:1"):
            began = time.monotonic()
            with pytest.raises(RunError, match=f"no Beam job server answers at {address}"):
                beam.arguments("flink", [f"job_endpoint={address}", "environment_type=LOOPBACK"])
            assert time.monotonic() - began < 30
    result = command(
        "run", "--beam-runner", "portable", "--beam-option", "job_endpoint=localhost:1"
    )
    assert result.returncode == 1, result
    assert result.stderr == "Error: no Beam job server answers at localhost:1, in 12 s\n"
    assert list(command.folder.iterdir()) == []
