"""The search for a Python that set-up can use."""

import os
import subprocess
import sys
from pathlib import Path


def find_python(project: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    script = project / "environment/find_python.sh"
    return subprocess.run(
        ["/bin/sh", script], env=environment, capture_output=True, text=True, check=False
    )


def fake_python(folder: Path, name: str, body: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{body}\n")
    (folder / name).chmod(0o755)


def test_no_python_says_what_to_install(project: Path, tmp_path: Path) -> None:
    done = find_python(project, PATH=str(tmp_path))
    first = done.stderr.splitlines()[0]
    assert done.returncode == 1
    assert "no Python 3.11, 3.12 or 3.13 with venv" in first
    assert "apt-get install python3 python3-venv" in first


def test_python_that_does_not_run_is_passed_over(project: Path, tmp_path: Path) -> None:
    real = os.path.realpath(sys._base_executable)
    fake_python(tmp_path / "shims", "python3", "echo 'command not found' >&2; exit 127")
    fake_python(tmp_path / "good", "python3", f'exec "{real}" "$@"')
    done = find_python(project, PATH=f"{tmp_path}/shims:{tmp_path}/good")
    assert done.returncode == 0, done.stderr
    assert os.path.realpath(done.stdout.strip()) == real


def test_virtual_environment_is_passed_over(project: Path) -> None:
    done = find_python(project, PATH=str(project / ".venv/bin"))
    assert done.returncode == 1


def test_named_python_that_does_not_fit_is_refused(project: Path) -> None:
    done = find_python(project, PYTHON="/bin/false", PATH=os.environ["PATH"])
    assert done.returncode == 1
    assert done.stderr.startswith("setup: PYTHON=/bin/false is no Python 3.11, 3.12 or 3.13")
