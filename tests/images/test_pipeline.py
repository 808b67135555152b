"""The main pipeline and a user's node, compiled and run whole, each node in the image."""

import json
from pathlib import Path
from typing import Any

import pytest
from documents import Task, document, write
from looking import documented, done, output
from noted import compiled

from tfx_updaters.kfp import local
from tfx_updaters.kfp.errors import RunFailedError
from tfx_updaters.kfp.nodes import Claim, NodeConfig


@pytest.fixture(scope="module")
def printed(image: str, work: Path) -> str:
    """What the run printed: a line for each node."""
    volume = NodeConfig(claims=(Claim("work", str(work)),))
    compiled(work, image, {"*": volume})
    return output(documented("--in-images"), folder=work)


def test_every_node_ran_in_the_image(printed: str) -> None:
    assert len(done(printed)) == 12, printed


def test_the_model_is_pushed(printed: str, work: Path) -> None:
    (pushed,) = (work / "pushed/digits").iterdir()
    assert (pushed / "saved_model.pb").is_file()


def test_a_users_node_ran_there_without_rights(printed: str, work: Path) -> None:
    (text,) = (work / "runs/kfp/store").rglob("Note/*/text")
    facts: dict[str, Any] = json.loads(text.read_text())
    assert "Format-Serving" in facts.pop("model")
    assert facts == {
        "module": "/opt/own/code/notes.py", "python": "/opt/venv/bin/python", "user": 1000,
        "writable": [], "keras": "3",
    }  # fmt: skip


def test_what_a_failed_command_said_last_is_the_cause(image: str, tmp_path: Path) -> None:
    container = {"image": image, "command": ["sh", "-c", "echo why >&2; exit 4"]}
    path = write(document({"fails": Task(executor={"container": container})}), tmp_path)
    with pytest.raises(RunFailedError, match=r"^fails failed: exit status 4: why; log: "):
        local.run(path, tmp_path / "root", in_images=True, engine="buildah")


def test_an_image_that_is_nowhere_is_named(tmp_path: Path) -> None:
    container = {"image": "localhost/no-such-image", "command": ["true"]}
    path = write(document({"fails": Task(executor={"container": container})}), tmp_path)
    with pytest.raises(RunFailedError, match="no-such-image"):
        local.run(path, tmp_path / "root", in_images=True, engine="buildah")
