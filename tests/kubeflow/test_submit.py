"""`tfx-updaters kfp submit` and a server that speaks KFP's API: what is sent, shown, survived."""

import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import cluster
import pytest
from click.testing import CliRunner
from cluster import EXPERIMENTS, PIPELINES, RUNS, UPLOAD, Kubeflow, tasks
from submitting import DONE, LONG, QUICK, submit

from tfx_updaters.pipelines.cli.main import main


def rising_again(server: Kubeflow) -> threading.Thread:
    """Lets the server come back as soon as it is gone."""

    def wait() -> None:
        while server._http is not None:
            time.sleep(0.01)
        time.sleep(0.5)
        server.rise()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def test_a_document_is_uploaded_started_and_followed(path: Path, kubeflow: Kubeflow) -> None:
    kubeflow.script = [
        tasks("PENDING"),
        tasks("RUNNING", root="RUNNING", task="RUNNING", task_driver="SUCCEEDED"),
        tasks("RUNNING", task="RUNNING"),
        tasks("RUNNING", task="SUCCEEDED", executor="SUCCEEDED", my_task="SKIPPED"),
        DONE,
    ]
    result = submit(path, kubeflow, "--wait", *QUICK)
    assert result.exit_code == 0, result.output
    (run,) = kubeflow.runs
    started, *lines = result.output.splitlines()
    assert started == f"run {run.run_id} started: {kubeflow.url}/#/runs/details/{run.run_id}"
    assert [line.split() for line in lines] == [
        ["task", "started"], ["task", "done", "42.0", "s"], ["my-task", "skipped", "42.0", "s"]
    ]  # fmt: skip
    assert kubeflow.documents == {
        run.pipeline_version_reference.pipeline_version_id: path.read_bytes()
    }
    assert kubeflow.pipelines[0].name == "small" and run.display_name.startswith("small 20")
    assert kubeflow.experiments[0].display_name == "Default"


def test_a_run_is_what_the_options_say(path: Path, kubeflow: Kubeflow) -> None:
    arguments = ["--experiment", "trial", "--run-name", "first", "--set", "count=3", "--namespace",
                 "me", "--service-account", "robot", "--root", "gs://other/root"]  # fmt: skip
    result = submit(path, kubeflow, *arguments)
    assert result.exit_code == 0, result.output
    (run,) = kubeflow.runs
    assert run.display_name == "first" and run.service_account == "robot"
    assert run.runtime_config.parameters == {"name": "a", "count": 3}
    assert run.runtime_config.pipeline_root == "gs://other/root"
    assert kubeflow.experiments[0].namespace == kubeflow.pipelines[0].namespace == "me"


def test_the_documents_root_is_the_runs(path: Path, kubeflow: Kubeflow) -> None:
    """KFP ignores the one in a document."""
    assert submit(path, kubeflow).exit_code == 0
    assert kubeflow.runs[0].runtime_config.pipeline_root == "s3://bucket/root"


def test_another_document_is_a_new_version_and_the_same_one_is_not(
    path: Path, kubeflow: Kubeflow
) -> None:
    for _ in range(2):
        assert submit(path, kubeflow).exit_code == 0
    path.write_text(path.read_text() + "# changed\n")
    assert submit(path, kubeflow).exit_code == 0
    (pipeline,) = kubeflow.pipelines
    assert [each.pipeline_id for each in kubeflow.versions] == [pipeline.pipeline_id] * 2
    uploaded = [run.pipeline_version_reference.pipeline_version_id for run in kubeflow.runs]
    first, second = (each.pipeline_version_id for each in kubeflow.versions)
    assert uploaded == [first, first, second]


def test_names_that_others_take_in_between_are_found(path: Path, kubeflow: Kubeflow) -> None:
    """A 409: the name was free when it was looked for."""

    def taken() -> None:
        kubeflow._make_pipeline(cluster.api.V2beta1Pipeline(name="small"))

    kubeflow.fault(f"POST {PIPELINES}$", taken)
    result = submit(path, kubeflow, *QUICK)
    assert result.exit_code == 0, result.output
    assert len(kubeflow.pipelines) == 1
    assert kubeflow.requests.count(f"POST {PIPELINES}") == 1


def test_a_409_for_another_reason_is_reported(path: Path, kubeflow: Kubeflow) -> None:
    kubeflow.fault(f"POST {PIPELINES}$", 409)
    result = submit(path, kubeflow, *QUICK)
    assert result.exit_code == 1
    assert "answered 409: not today. So far: nothing was uploaded; no run" in result.output


@pytest.mark.parametrize("kind", [503, 429, "lost", "deaf"])
@pytest.mark.parametrize(
    "request_",
    [f"POST {PIPELINES}$", f"POST {UPLOAD}$", f"POST {EXPERIMENTS}$", f"POST {RUNS}$",
     f"GET {PIPELINES}$", f"GET {RUNS}$", f"GET {RUNS}/"],
    ids=["pipeline", "upload", "experiment", "run", "list-pipelines", "list-runs", "follow"],
)  # fmt: skip
def test_what_fails_for_now_is_done_once(
    path: Path, kubeflow: Kubeflow, request_: str, kind: int | str
) -> None:
    """Also when the server had done it, and the answer was lost."""
    kubeflow.script = [DONE]
    kubeflow.fault(request_, kind, kind)
    result = submit(path, kubeflow, "--wait", *LONG)
    assert result.exit_code == 0, result.output
    made = (kubeflow.pipelines, kubeflow.versions, kubeflow.experiments, kubeflow.runs)
    assert [len(each) for each in made] == [1, 1, 1, 1]


def test_a_server_that_dies_after_the_upload(path: Path, kubeflow: Kubeflow) -> None:
    kubeflow.fault(f"POST {UPLOAD}", "dies")
    result = submit(path, kubeflow, *QUICK)
    assert result.exit_code == 1
    (version,) = kubeflow.versions
    assert f"{kubeflow.url} cannot be reached" in result.output
    assert f"So far: the pipeline 'small' is there ({version.pipeline_id}); " in result.output
    assert f"({version.pipeline_version_id}); no run was started" in result.output


def test_a_server_that_comes_back_is_gone_on_with(path: Path, kubeflow: Kubeflow) -> None:
    kubeflow.script = [DONE]
    kubeflow.fault(f"POST {UPLOAD}", "dies")
    thread = rising_again(kubeflow)
    result = submit(path, kubeflow, "--wait", *LONG)
    thread.join()
    assert result.exit_code == 0, result.output
    assert len(kubeflow.versions) == len(kubeflow.runs) == 1


def test_a_server_that_dies_while_a_run_is_followed(path: Path, kubeflow: Kubeflow) -> None:
    kubeflow.script = [tasks("RUNNING", task="RUNNING")]
    kubeflow.fault(f"GET {RUNS}/", "dies")
    result = submit(path, kubeflow, "--wait", *QUICK)
    assert result.exit_code == 1
    url = f"{kubeflow.url}/#/runs/details/{kubeflow.runs[0].run_id}"
    assert f"The run goes on without this command: {url}" in result.output


def test_following_goes_on_when_the_server_is_back(path: Path, kubeflow: Kubeflow) -> None:
    kubeflow.script = [tasks("RUNNING", task="RUNNING"), DONE]
    kubeflow.fault(f"GET {RUNS}/", "dies")
    thread = rising_again(kubeflow)
    result = submit(path, kubeflow, "--wait", *LONG)
    thread.join()
    assert result.exit_code == 0, result.output
    assert "task                             done" in result.output


@pytest.mark.parametrize(
    ("end", "says"),
    [
        pytest.param(tasks("FAILED", "exit 1", task="FAILED"), "task failed: exit 1; ", id="cause"),
        pytest.param(tasks("FAILED", task="FAILED"), "task failed: its log has", id="no cause"),
        pytest.param(
            tasks("FAILED", "no such input", my_task_driver="FAILED"),
            "my-task failed: no such input; ", id="driver",
        ),
        pytest.param(tasks("CANCELED"), "is canceled: no task failed; ", id="cancelled"),
    ],
)  # fmt: skip
def test_a_run_that_fails_exits_with_1(path: Path, kubeflow: Kubeflow, end, says: str) -> None:
    kubeflow.script = [end]
    result = submit(path, kubeflow, "--wait", *QUICK)
    assert result.exit_code == 1
    assert f"Error: {says}" in result.output or says in result.output
    assert f"{kubeflow.url}/#/runs/details/{kubeflow.runs[0].run_id}\n" in result.output


def test_waiting_ends_and_the_run_goes_on(path: Path, kubeflow: Kubeflow) -> None:
    kubeflow.script = [tasks("RUNNING", task="RUNNING")]
    result = submit(path, kubeflow, "--wait", "--timeout", "0.2", *QUICK)
    assert result.exit_code == 1
    assert "is running after 0.2 s; it goes on: http" in result.output


def test_ctrl_c_leaves_the_run_alone(path: Path, kubeflow: Kubeflow) -> None:
    kubeflow.script = [tasks("RUNNING", task="RUNNING")]
    process = subprocess.Popen(
        [Path(sys.executable).with_name("tfx-updaters"), "kfp", "submit", path, "--host",
         kubeflow.url, "--wait", *QUICK],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # Ignored by whoever starts the tests in the background, it would be here too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    while not any(each.startswith(f"GET {RUNS}/") for each in kubeflow.requests):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error == f"Not waiting any more; the run goes on: {kubeflow.url}/#/runs/details/" + (
        f"{kubeflow.runs[0].run_id}\n"
    )
    assert not [each for each in kubeflow.requests if "terminate" in each or "DELETE" in each]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["--set", "cout=3"], "did you mean 'count'?", id="unknown parameter"),
        pytest.param(["--set", "count=x"], "received 'x'", id="no number"),
        pytest.param(["--set", "count=1", "--set", "count=2"], "given twice", id="twice"),
        pytest.param(["--host", "ftp://x"], "received 'ftp://x'", id="address"),
        pytest.param(["--token", "x"], "--token-file", id="token"),
        pytest.param(["--timeout", "0"], "--timeout", id="no time"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_sent(
    path: Path, kubeflow: Kubeflow, arguments: list[str], says: str
) -> None:
    result = submit(path, kubeflow, *arguments)
    assert result.exit_code == 2, result.output
    assert says in result.output
    assert kubeflow.requests == []


def test_without_a_host_it_is_asked_for(path: Path) -> None:
    result = CliRunner().invoke(
        main, ["kfp", "submit", str(path)], env={"KF_PIPELINES_ENDPOINT": ""}
    )
    assert result.exit_code == 2 and "--host" in result.output


def test_a_document_that_kfp_would_not_take_is_not_sent(path: Path, kubeflow: Kubeflow) -> None:
    path.write_text(path.read_text().replace("2.1.0", "2.0.0"))
    result = submit(path, kubeflow)
    assert result.exit_code == 2 and "schema version '2.0.0'" in result.output
    assert kubeflow.requests == []


def test_a_page_in_place_of_the_api_is_noticed(path: Path, kubeflow: Kubeflow) -> None:
    """A login page, as proxies answer with, is not an empty list."""
    kubeflow.fault(f"GET {PIPELINES}", "html")
    result = submit(path, kubeflow, *QUICK)
    assert result.exit_code == 1
    assert "does not answer as Kubeflow Pipelines does" in result.output
    assert kubeflow.pipelines == []


def test_a_server_that_is_not_there(path: Path, kubeflow: Kubeflow) -> None:
    """Every line that the user sees says what is wrong."""
    kubeflow.die()
    done = subprocess.run(
        [Path(sys.executable).with_name("tfx-updaters"), "kfp", "submit", path, "--host",
         kubeflow.url, *QUICK],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1 and done.stdout == ""
    away = f"the pipeline 'small': {kubeflow.url} cannot be reached: .*Connection refused"
    *again, last = done.stderr.splitlines()
    assert again and all(re.fullmatch(f"{away}; asking again", line) for line in again), done
    assert re.fullmatch(f"Error: {away}. So far: nothing was uploaded; no run was started", last)
