"""Documents that the backend would not take: refused before anything runs, with what is allowed."""

from pathlib import Path
from typing import Any

import pytest
from documents import Task, document, write

from tfx_updaters.kfp import local
from tfx_updaters.kfp.errors import DocumentError


def renamed(content: dict[str, Any]) -> None:
    content["root"]["dag"]["tasks"]["my_task.a"] = content["root"]["dag"]["tasks"].pop("task")


def changed(*path: str, to: Any):
    def change(content: dict[str, Any]) -> None:
        for key in path[:-1]:
            content = content.setdefault(key, {})
        content[path[-1]] = to

    return change


X_TASK = {"taskOutputParameter": {"producerTask": "X_task", "outputParameterKey": "a"}}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(changed("schemaVersion", to="2.0.0"), "version '2.0.0'.*2.1.0", id="version"),
        pytest.param(changed("extra", to=1), "no compiled pipeline.*extra", id="unknown field"),
        pytest.param(renamed, "'my_task.a'.*such as 'my-task-a'", id="name"),
        pytest.param(
            changed("deploymentSpec", "executors", "task-executor", to={"resolver": {}}),
            "resolver; the backend runs container and importer only", id="resolver",
        ),
        pytest.param(
            changed("root", "dag", "tasks", "task", "dependentTasks", to=["gone"]),
            r"depends on \['gone'\]", id="unknown task before it",
        ),
        pytest.param(
            changed("root", "dag", "tasks", "task", "inputs", to={"parameters": {"a": X_TASK}}),
            r"'task' depends on \['X_task'\]", id="unknown producer",
        ),
        pytest.param(
            changed("root", "dag", "tasks", "task", "parameterIterator", to={"itemInput": "a"}),
            "is a loop", id="loop",
        ),
    ],
)  # fmt: skip
def test_documents_that_the_backend_would_not_take(tmp_path: Path, change, says: str) -> None:
    content = document({"task": Task(["true"])})
    change(content)
    with pytest.raises(DocumentError, match=says):
        local.run(write(content, tmp_path), tmp_path / "root")
    assert not (tmp_path / "root/runs").exists()


@pytest.mark.parametrize("text", ["", "a: [", "- a", "a"], ids=["empty", "broken", "list", "text"])
def test_files_that_are_no_document(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text(text)
    with pytest.raises(DocumentError, match="no compiled pipeline"):
        local.run(path, tmp_path / "root")
