"""`tfx-updaters kfp run` on small documents: what it prints and how it exits."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from documents import Task, document, write

from tfx_updaters.pipelines.cli.main import main


def kfp_run(folder: Path, task: Task, *arguments: str) -> Result:
    """The command on a document of one task with two parameters of the run."""
    definitions = {
        "name": {"parameterType": "STRING", "defaultValue": "a", "isOptional": True},
        "count": {"parameterType": "NUMBER_INTEGER", "defaultValue": 1, "isOptional": True},
    }
    path = write(document({"task": task}, parameters=definitions), folder)
    command = ["kfp", "run", str(path), "--cold", "--root", str(folder / "root"), *arguments]
    return CliRunner().invoke(main, command)


def saying() -> Task:
    given = {name: {"componentInputParameter": name} for name in ("name", "count")}
    words = "{{$.inputs.parameters['name']}} {{$.inputs.parameters['count']}}"
    return Task(["echo", words], parameters=given, types={"count": "NUMBER_INTEGER"})


def test_it_shows_each_task(tmp_path: Path) -> None:
    result = kfp_run(tmp_path, saying(), "--set", "name=12", "--set", "count=3")
    assert result.exit_code == 0, result.output
    started, ended = result.output.splitlines()
    assert started.split() == ["task", "started"]
    assert ended.split()[:2] == ["task", "done"] and ended.endswith(" s")
    (log,) = (tmp_path / "root/runs").rglob("*.log")
    assert log.read_text() == "12 3\n"


def test_a_failed_task_exits_with_1(tmp_path: Path) -> None:
    result = kfp_run(tmp_path, Task(["sh", "-c", "echo why; exit 4"]))
    assert result.exit_code == 1
    assert result.output.splitlines()[1].split()[:2] == ["task", "failed"]
    assert "Error: task failed: exit status 4: why; log: " in result.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["--set", "nam=a"], "there are count, name", id="unknown parameter"),
        pytest.param(["--set", "count=x"], "received 'x'", id="no number"),
        pytest.param(["--set", "count"], "NAME=VALUE", id="no value"),
        pytest.param(["--colder"], "--cold", id="unknown option"),
    ],
)
def test_wrong_usage_exits_with_2(tmp_path: Path, arguments: list[str], says: str) -> None:
    result = kfp_run(tmp_path, saying(), *arguments)
    assert result.exit_code == 2, result.output
    assert says in result.output


def test_a_file_that_is_no_document_exits_with_2(tmp_path: Path) -> None:
    path = tmp_path / "notes.yaml"
    path.write_text("a: 1\n")
    result = CliRunner().invoke(main, ["kfp", "run", str(path), "--root", str(tmp_path / "root")])
    assert result.exit_code == 2
    assert "no compiled pipeline" in result.output
