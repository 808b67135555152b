"""The import layout: one namespace, no folder that shadows the Kubeflow SDK, floors in order."""

import ast
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

FLOORS = ("optimizers", "components", "kfp", "pipelines")
PIPELINE = {"tfx", "apache_beam", "kfp", "ml_metadata", "tfx_bsl", "tensorflow_model_analysis"}


def modules_imported(path: Path) -> set[str]:
    """The dotted names that a file imports, relative ones made absolute, at any depth."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: import tfx_updaters.* by its full name"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def floors_imported(path: Path) -> set[str]:
    names = (name.split(".") for name in modules_imported(path))
    return {parts[1] for parts in names if parts[0] == "tfx_updaters" and len(parts) > 1}


def test_no_folder_is_a_package_that_shadows_another(project: Path) -> None:
    shadows = [name for name in ("__init__.py", "kfp/__init__.py") if (project / name).exists()]
    assert shadows == []


def test_wheel_brings_one_top_level_name(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "tfx_updaters",
        "tfx_updaters-0.1.0.dist-info",
    }
    assert {name.split("/")[1] for name in names if name.startswith("tfx_updaters/")} <= set(FLOORS)


def test_wheel_has_every_file_of_every_floor(wheel: Path, project: Path) -> None:
    files = (path for floor in FLOORS for path in (project / floor).rglob("*") if path.is_file())
    wanted = {str(path.relative_to(project)) for path in files if path.suffix != ".pyc"}
    names = zipfile.ZipFile(wheel).namelist()
    packed = {name.removeprefix("tfx_updaters/") for name in names if "dist-info" not in name}
    assert packed == wanted


def test_import_kfp_at_the_root_is_the_sdk(project: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    code = "import kfp, kfp.dsl; print(kfp.__file__); print(kfp.dsl.component.__module__)"
    printed = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project, env=environment, check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    assert Path(printed[0]).parent.parent.name == "site-packages"
    assert printed[1].startswith("kfp.dsl")


def test_install_is_a_strict_editable_one(project: Path) -> None:
    import tfx_updaters

    (installed,) = tfx_updaters.__path__
    assert Path(installed).is_relative_to(project / "build")
    module = Path(installed) / "optimizers/__init__.py"
    assert module.resolve() == project / "optimizers/__init__.py"


@pytest.mark.parametrize("floor", FLOORS)
def test_floor_imports_only_from_those_to_its_left(project: Path, floor: str) -> None:
    allowed = set(FLOORS[: FLOORS.index(floor) + 1])
    offenders = {
        f"{path.relative_to(project)} imports {above}"
        for path in (project / floor).rglob("*.py")
        for above in floors_imported(path) - allowed
    }
    assert offenders == set()


def test_optimizers_import_keras_and_no_pipeline(project: Path) -> None:
    files = list((project / "optimizers").rglob("*.py"))
    heads = {name.split(".")[0] for path in files for name in modules_imported(path)}
    assert "keras" in heads
    assert heads & PIPELINE == set()


def test_optimizers_import_without_tensorflow(project: Path) -> None:
    """Functions for one backend may import it; a module may not, as Keras chooses the backend."""
    trees = [ast.parse(path.read_text()) for path in (project / "optimizers").rglob("*.py")]
    statements = [ast.unparse(node) for tree in trees for node in tree.body]
    heads = re.findall(r"^(?:import|from) (\w+)", "\n".join(statements), re.MULTILINE)
    assert "keras" in heads
    assert not {"tensorflow", "torch", "jax"} & set(heads)
