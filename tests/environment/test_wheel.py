"""The wheel in an environment of its own, away from the repository."""

import os
import site
import subprocess
import venv
from pathlib import Path

import pytest

BLOCKED = ("tfx", "apache_beam", "tensorflow_model_analysis", "ml_metadata", "kfp", "tfx_bsl")


@pytest.fixture(scope="module")
def newcomer(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and the packages of this one, without its editable install."""
    folder = tmp_path_factory.mktemp("newcomer")
    venv.create(folder / "env", symlinks=True, with_pip=True)
    python = folder / "env/bin/python"
    install = (python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel)
    subprocess.run(install, check=True)
    lend_packages(python)
    return folder


def sites(python: Path) -> list[Path]:
    code = "import site; print(*site.getsitepackages(), sep='\\n')"
    printed = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    return [Path(line) for line in printed.stdout.splitlines()]


def lend_packages(python: Path) -> None:
    """Puts this environment's packages on the other's path; its .pth files are not read there."""
    (sites(python)[0] / "lent.pth").write_text("\n".join(site.getsitepackages()) + "\n")


def run_there(newcomer: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(words, cwd=newcomer, env=environment, capture_output=True, text=True)


def test_wheel_is_what_is_imported(newcomer: Path) -> None:
    code = "import tfx_updaters.optimizers as o; print(o.__file__)"
    done = run_there(newcomer, newcomer / "env/bin/python", "-c", code)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(newcomer / "env")


def test_command_starts_in_another_folder(newcomer: Path) -> None:
    done = run_there(newcomer, newcomer / "env/bin/tfx-updaters", "--help")
    assert done.returncode == 0, done.stderr
    assert "run" in done.stdout


def test_optimizers_need_keras_only(newcomer: Path) -> None:
    blocks = f"import sys; sys.modules.update(dict.fromkeys({BLOCKED!r}))"
    code = f"{blocks}; import tfx_updaters.optimizers as o; print(len(o.__all__))"
    done = run_there(newcomer, newcomer / "env/bin/python", "-c", code)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
