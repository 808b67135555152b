"""Sets up `.setup/backends`: Keras on JAX and torch, with optax, and `optimizers` alone of ours.

TensorFlow and TFX are not in it: what runs there needs Keras and one backend, no more.
"""

import os
import sysconfig
from pathlib import Path

import command
import install
import packages
import pip_settings
import runtime
from stages import Stage, digest

CONSTRAINTS = install.PROJECT / "environment/backends-constraints.txt"
GROUP = "backends"


def stage(project: Path) -> Stage:
    """The environment, which is made from the tools and the interpreter of the set-up."""
    folder = project / ".setup/backends"
    base = install.stages(project)[0].made_from
    made_from = digest(base, CONSTRAINTS, *packages.group(project, GROUP))
    return Stage("backends", folder, made_from, lambda: _make(project, folder))


def _make(project: Path, folder: Path) -> None:
    base = project / ".setup/python"
    command.run(runtime.interpreter(base / "runtime"), "-m", "venv", "--without-pip", folder)
    uv = (base / "tools/bin/uv", "pip", "install", "-q", "--python", folder / "bin/python")
    what = ("-c", CONSTRAINTS, *packages.group(project, GROUP))
    environment = {**os.environ, **pip_settings.for_uv(base / "tools")}
    command.run(*uv, *what, env=environment, missing=f"packages: {packages.NO_INDEX}")
    _link_own(project, folder)


def _link_own(project: Path, folder: Path) -> None:
    """`tfx_updaters.optimizers` is the folder itself: a change needs no new install."""
    places = {"base": str(folder), "platbase": str(folder)}
    namespace = Path(sysconfig.get_path("purelib", "venv", places)) / "tfx_updaters"
    namespace.mkdir()
    (namespace / "optimizers").symlink_to(project / "optimizers", target_is_directory=True)


if __name__ == "__main__":
    install.command_for(lambda project: [stage(project)])
