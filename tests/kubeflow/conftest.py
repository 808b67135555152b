"""A server that speaks KFP's API, and a document for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import Kubeflow
from documents import Task, document, write


@pytest.fixture
def kubeflow() -> Iterator[Kubeflow]:
    server = Kubeflow()
    yield server
    server.die()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A document with a task and parameters of the run."""
    definitions = {
        "name": {"parameterType": "STRING", "defaultValue": "a"},
        "count": {"parameterType": "NUMBER_INTEGER", "defaultValue": 1, "isOptional": True},
    }
    content = document({"task": Task(["true"]), "my-task": Task(["true"])}, parameters=definitions)
    return write({**content, "defaultPipelineRoot": "s3://bucket/root"}, tmp_path)
