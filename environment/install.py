"""Sets up `.venv` beside the Makefile: at once when nothing changed, from nothing when it must."""

import fcntl
import os
import sys
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

import command
import compiler
import packages
import runtime
from command import SetupError
from stages import Stage, bring_up, digest

PROJECT = Path(__file__).resolve().parent.parent
CONSTRAINTS = PROJECT / "environment/constraints.txt"
ROOMS = ("optimizers", "components", "kfp", "pipelines")
ELSEWHERE = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONHOME", "PYTHONPATH")


def stages(project: Path) -> list[Stage]:
    """What a set-up consists of, in order."""
    setup, venv = project / ".setup", project / ".venv"
    base = setup / "python"
    system = [sys.version, os.path.realpath(sys.executable), str(project), runtime.glibc()]
    base_from = digest(*system, CONSTRAINTS, *_scripts())
    packages_from = digest(base_from, *_dependencies(project))
    layout = (project / "pyproject.toml", project / "setup.py")
    own_from = digest(packages_from, *layout, *_files(project))
    return [
        Stage("python", base, base_from, lambda: _make_python(base)),
        Stage("packages", venv, packages_from, lambda: _make_packages(project, base, venv)),
        Stage("project", project / "build", own_from, lambda: packages.install_own(project, venv)),
    ]


def _make_python(base: Path) -> None:
    """The tools and the interpreter: whatever a system may turn out not to have comes first."""
    compiler.check()
    base.mkdir()
    packages.make_tools(base / "tools", CONSTRAINTS)
    if runtime.is_needed():
        runtime.make(base / "runtime", base / "tools")


def _make_packages(project: Path, base: Path, venv: Path) -> None:
    command.run(runtime.interpreter(base / "runtime"), "-m", "venv", venv)
    build = compiler.provide(base / "compiler", base / "tools", CONSTRAINTS)
    packages.install(project, venv, base / "tools", CONSTRAINTS, build)


def _scripts() -> list[Path]:
    return sorted(Path(__file__).parent.glob("*.py"))


def _dependencies(project: Path) -> list[object]:
    metadata = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    return [metadata["dependencies"], metadata["optional-dependencies"]]


def _files(project: Path) -> list[str]:
    """Names only: the editable install links each file, so that content needs no new install."""
    found = (path for room in ROOMS for path in (project / room).rglob("*.*"))
    return sorted(str(path) for path in found if path.suffix != ".pyc")


def hold(lock: IO[str]) -> None:
    """Waits until no other set-up of this folder runs, saying so."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("setup: another set-up of this folder is running; waiting for it", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)
    command.HELD.append(lock.fileno())


def settle() -> None:
    """Drops the settings by which pip or Python would leave the environments made here."""
    for name in ELSEWHERE:
        os.environ.pop(name, None)
    os.environ["PIP_USER"] = "0"


def command_for(stages: Callable[[Path], Iterable[Stage]]) -> None:
    """Brings stages of this project up to date, as a command: an error is its last line."""
    settle()
    setup = PROJECT / ".setup"
    try:
        runtime.check()
        setup.mkdir(exist_ok=True)
        with (setup / "lock").open("w") as lock:
            hold(lock)
            bring_up(stages(PROJECT), setup)
    except SetupError as error:
        sys.exit(f"setup: {error}")
    except KeyboardInterrupt:
        sys.exit("setup: stopped; the next call goes on from here")


if __name__ == "__main__":
    command_for(stages)
