"""A pipeline by the name of the function that makes it, in a module or in a file."""

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tfx_updaters.components.causes import cause
from tfx_updaters.kfp.errors import LoadError, nearest

if TYPE_CHECKING:
    from tfx.orchestration.pipeline import Pipeline


@dataclass(frozen=True)
class Function:
    """A function that makes a pipeline.

    Attributes:
        place: a module that can be imported, also from the current folder; or a file. Modules
            beside the file can be imported. What it defines for nodes has to be in the image, as a
            module of the file's name.
        name: of the function, which takes no arguments.
    """

    place: str
    name: str

    @classmethod
    def of(cls, text: str) -> "Function":
        """From `MODULE:FUNCTION` or `FILE.py:FUNCTION`. Nothing is imported yet.

        Raises:
            LoadError: it is neither, or there is no such file.
        """
        place, colon, name = text.rpartition(":")
        if not colon or not place or not name:
            raise LoadError(f"received '{text}'; MODULE:FUNCTION or FILE.py:FUNCTION is needed")
        if place.endswith(".py") and not Path(place).is_file():
            raise LoadError(f"there is no file {place}")
        return cls(place, name)

    def pipeline(self) -> "Pipeline":
        """What it makes.

        Raises:
            LoadError: there is no such module or function, it fails, or makes no pipeline.
        """
        from tfx.orchestration.pipeline import Pipeline

        make = _function(_module(self.place), self.place, self.name)
        try:
            made = make()
        except Exception as error:
            raise LoadError(f"{self.place}:{self.name} failed: {cause(error)}") from error
        if not isinstance(made, Pipeline):
            kind = type(made).__name__
            raise LoadError(f"{self.place}:{self.name} gave a {kind}; a tfx Pipeline is needed")
        return made


def _module(place: str) -> ModuleType:
    is_file = place.endswith(".py")
    folder = Path(place).resolve().parent if is_file else Path.cwd()
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        return _from_file(Path(place)) if is_file else importlib.import_module(place)
    except LoadError:
        raise
    except ModuleNotFoundError as error:
        if error.name and (place == error.name or place.startswith(f"{error.name}.")):
            raise LoadError(
                f"there is no module '{place}' in {folder} or among what is installed"
            ) from error
        raise LoadError(f"{place} cannot be imported: {error}") from error
    except (Exception, SystemExit) as error:
        raise LoadError(f"{place} cannot be imported: {cause(error)}") from error


def _from_file(path: Path) -> ModuleType:
    """The file as a module of its name, as which a container imports it too."""
    known = sys.modules.get(path.stem)
    if known is not None:
        if Path(getattr(known, "__file__", None) or "").resolve() == path.resolve():
            return known
        raise LoadError(f"{path}: a module '{path.stem}' is there already; give it another name")
    spec: Any = importlib.util.spec_from_file_location(path.stem, path.resolve())
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[path.stem]
        raise
    return module


def _function(module: ModuleType, place: str, name: str) -> Callable[[], Any]:
    found = getattr(module, name, None)
    if not callable(found):
        functions = [
            each for each, value in vars(module).items()
            if inspect.isfunction(value) and not each.startswith("_")
        ]  # fmt: skip
        known = nearest(name, functions) if functions else "there is none"
        raise LoadError(f"{place} has no function '{name}'; {known}")
    needed = [
        each.name for each in inspect.signature(found).parameters.values()
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]  # fmt: skip
    if needed:
        raise LoadError(
            f"{place}:{name} takes {', '.join(needed)}; a function without arguments is needed, "
            "such as one that calls it"
        )
    return found
