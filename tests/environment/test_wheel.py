"""The wheel in an environment of its own, away from the repository."""

import os
import site
import subprocess
import venv
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement


@pytest.fixture(scope="module")
def newcomer(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that has the wheel, and TFX with the other packages of this one.

    pip finds every requirement of the wheel fulfilled by what is there: it has no index to ask.
    """
    folder = tmp_path_factory.mktemp("newcomer")
    venv.create(folder / "env", symlinks=True, with_pip=True)
    python = folder / "env/bin/python"
    install = (python, "-m", "pip", "install", "-q", "--no-index")
    # First alone: pip would take the editable install among the lent packages for it.
    subprocess.run((*install, "--no-deps", wheel), check=True)
    lend_packages(python)
    subprocess.run((*install, wheel), check=True)
    return folder


def sites(python: Path) -> list[Path]:
    code = "import site; print(*site.getsitepackages(), sep='\\n')"
    printed = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    return [Path(line) for line in printed.stdout.splitlines()]


def lend_packages(python: Path) -> None:
    """Puts this environment's packages on the other's path; its .pth files are not read there."""
    (sites(python)[0] / "lent.pth").write_text("\n".join(site.getsitepackages()) + "\n")


def run_there(
    folder: Path, *words: str | Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | variables
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)


def test_wheel_is_what_is_imported(newcomer: Path) -> None:
    code = "import tfx_updaters.optimizers as o; print(o.__file__)"
    done = run_there(newcomer, newcomer / "env/bin/python", "-c", code)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(newcomer / "env")


def test_command_starts_in_another_folder(newcomer: Path) -> None:
    done = run_there(newcomer, newcomer / "env/bin/tfx-updaters", "--help")
    assert done.returncode == 0, done.stderr
    assert "run" in done.stdout


def environment_of(folder: Path, wheel: Path, *names: str) -> Path:
    """An environment with these distributions, what they require, and the wheel; its Python."""
    venv.create(folder / "env", symlinks=True, with_pip=True)
    python = folder / "env/bin/python"
    packages = sites(python)[0]
    for distribution in required(*names):
        for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            if not (packages / top).exists():
                (packages / top).symlink_to(distribution.locate_file(top))
    install = (python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel)
    subprocess.run(install, check=True)
    return python


def required(*names: str) -> list[metadata.Distribution]:
    """Distributions and all that they require, directly or not, without extras."""
    found: dict[str, metadata.Distribution] = {}
    wanted = list(names)
    while wanted:
        if (name := wanted.pop()) not in found:
            found[name] = metadata.distribution(name)
            requirements = map(Requirement, found[name].requires or ())
            wanted += [r.name for r in requirements if not r.marker or r.marker.evaluate()]
    return list(found.values())


ABSENT = "import importlib.util as u; assert not any(map(u.find_spec, {}))\n"


def test_optimizers_import_with_nothing_but_keras(wheel: Path, tmp_path: Path) -> None:
    """Not even a backend: names, values and JSON are checked without one."""
    python = environment_of(tmp_path, wheel, "keras")
    code = ABSENT.format(("tensorflow", "jax", "torch", "tfx", "click")) + (
        "import tfx_updaters.optimizers as o\n"
        "config = o.get('magnitude_clip', max_gradient_value=0.5)\n"
        "print(o.from_json(config.to_json()) == config)"
    )
    done = run_there(tmp_path, python, "-c", code)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def test_optimizers_work_with_keras_and_its_backend_alone(wheel: Path, tmp_path: Path) -> None:
    python = environment_of(tmp_path, wheel, "keras", "tensorflow")
    code = ABSENT.format(("tfx", "apache_beam", "ml_metadata", "kfp", "tfx_bsl", "click")) + (
        "import keras, tfx_updaters.optimizers as o\n"
        "chain = o.get('article').optimizer()\n"
        "saved = keras.optimizers.serialize(chain)\n"
        "print(keras.optimizers.deserialize(saved).get_config() == chain.get_config())"
    )
    done = run_there(tmp_path, python, "-c", code, KERAS_HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
