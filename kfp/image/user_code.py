"""The user's own code for an image: what a node can import, and what may not be called so."""

import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from tfx_updaters.kfp.errors import ConfigError

PACKAGE = "__init__.py"


def collect(paths: Iterable[Path]) -> dict[str, Path]:
    """Files and folders by their names on the image's Python path.

    A file and a package (a folder with an `__init__.py`) are there as they are called. Of any
    other folder it is what is in it, as for a script that is started there. What is hidden stays
    out: `.git`, `.env`, `.venv`.

    Raises:
        ConfigError: a path does not exist, holds nothing, or two give the same name.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if not path.exists():
            raise ConfigError(f"code: there is no {path}; give files, packages or folders of them")
        parts = [path] if path.is_file() or (path / PACKAGE).is_file() else sorted(path.iterdir())
        parts = [part for part in parts if _wanted(part.resolve().name)]
        if not parts:
            raise ConfigError(f"code: {path} holds nothing that could be imported")
        for part in parts:
            name = part.resolve().name
            if name in found:
                raise ConfigError(f"code: {part} and {found[name]} would both be '{name}'")
            found[name] = part
    return found


def refuse_shadows(names: Iterable[str], constraints: str) -> None:
    """Whether a name is that of a module that a node needs: the user's would be found first.

    Args:
        names: as `collect` gives them.
        constraints: the pins of what is installed in the image.

    Raises:
        ConfigError: one is.
    """
    pins = (line.partition("==")[0].lower() for line in constraints.splitlines())
    taken = {"tfx_updaters", *sys.stdlib_module_names, *(pin.replace("-", "_") for pin in pins)}
    for name in names:
        if name.removesuffix(".py") in taken:
            raise ConfigError(
                f"code: '{name}' would hide the module '{name.removesuffix('.py')}' that a node "
                "needs; call it otherwise"
            )


def copy(found: Mapping[str, Path], folder: Path) -> None:
    """Copies into `folder`, without what is hidden and without bytecode."""
    folder.mkdir()
    for name, path in found.items():
        if path.is_dir():
            shutil.copytree(path, folder / name, ignore=_unwanted)
        else:
            shutil.copy2(path, folder / name)


def _wanted(name: str) -> bool:
    return not name.startswith(".") and name != "__pycache__"


def _unwanted(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if not _wanted(name)}
