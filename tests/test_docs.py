"""The README and the docs are true: their commands and their code run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tfx_updaters.optimizers import from_json

PROJECT = Path(__file__).resolve().parents[1]
PAGES = ["README.md", *sorted(str(p.relative_to(PROJECT)) for p in PROJECT.glob("docs/*.md"))]
# What a test of its own runs: this test is inside the first; set-up and the pipeline's defaults
# are what the second and third do before any test.
ELSEWHERE = {"make test", "make run"}


def blocks(page: str, language: str) -> list[str]:
    text = (PROJECT / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_run(page, tmp_path):
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    for command in "".join(blocks(page, "sh")).splitlines():
        if command in ELSEWHERE:
            continue
        folder = PROJECT if command.startswith("make") else tmp_path
        done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, (command, done.stdout, done.stderr)


def test_make_run_pushes_a_model(tmp_path):
    """`make run` as the README has it, but for the folder that it writes to."""
    root = tmp_path / "runs"
    done = subprocess.run(
        ["make", "run", f"ARGS=--root {root}"], cwd=PROJECT, capture_output=True, text=True,
        env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")},
    )  # fmt: skip
    assert done.returncode == 0, done
    assert list(root.glob("pushed/digits/*/saved_model.pb"))


@pytest.mark.parametrize("page", PAGES)
def test_the_python_of_a_page_runs(page):
    for code in blocks(page, "python"):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 0, (code, done.stderr)


def test_the_json_of_the_docs_is_an_updater():
    documents = [block for page in PAGES for block in blocks(page, "json")]
    assert documents
    for document in documents:
        assert from_json(document).to_json() == json.loads(document)
