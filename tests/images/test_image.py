"""What is in the image, what is not, and how a node starts in it."""

import subprocess
from pathlib import Path

from looking import ENTRYPOINT, MARK, PACKAGES, PROJECT, inside, on_read_only_root, output
from packaging.utils import canonicalize_name


def test_what_is_installed_is_what_is_pinned(container: tuple[str, Path]) -> None:
    frozen = inside(container, "pip", "list", "--format", "freeze").split()
    pins = (PROJECT / "environment/constraints.txt").read_text().splitlines()
    installed = {named(line) for line in frozen}
    assert {"tensorflow==2.21.0", "tfx==1.21.0"} <= installed
    assert installed - {named(pin) for pin in pins} == {"tfx-updaters==0.1.0"}


def named(pin: str) -> str:
    """A line of a list of packages without its marker, the name in its one spelling."""
    name, _, version = pin.partition(" ;")[0].partition("==")
    return f"{canonicalize_name(name)}=={version.strip()}"


def test_a_nodes_modules_are_compiled(container: tuple[str, Path]) -> None:
    _, root = container
    for package in ("tensorflow", "tfx", "apache_beam", "tfx_updaters", "keras"):
        folder = root / PACKAGES / package
        sources = [path for path in folder.rglob("*.py") if "testdata" not in path.parts]
        assert sources
        for path in sources:
            compiled = path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc"
            assert compiled.exists(), path
    assert list((root / "opt/own/code/__pycache__").glob("notes.*.pyc"))


def test_nothing_of_this_machine_is_in_it(image: str, container: tuple[str, Path]) -> None:
    _, root = container
    recorded = output("buildah", "inspect", "--type", "image", image)
    assert MARK not in recorded
    for folder in ("etc", "run", "root", "tmp", "var/tmp", "opt/own"):
        found = subprocess.run(
            ["grep", "-rIl", "-e", MARK, "-e", str(PROJECT), root / folder], capture_output=True
        )
        assert found.stdout == b""
    assert not [path for path in (root / "run/secrets").rglob("*") if path.stat().st_size]
    assert not list(root.glob("root/.cache")) + list(root.glob("tmp/*"))


def test_its_settings(container: tuple[str, Path]) -> None:
    lines = inside(container, "env").splitlines()
    variables = dict(line.split("=", 1) for line in lines)
    assert "TF_USE_LEGACY_KERAS" not in variables
    assert not [name for name in variables if name.startswith("PIP_")]
    assert {variables[name] for name in ("HOME", "TMPDIR")} == {"/tmp"}
    assert inside(container, "id", "-u") == "1000\n"


def test_a_node_starts_on_a_read_only_root(container: tuple[str, Path]) -> None:
    """With `/tmp` as the only folder that can be written to, and as the image's user."""
    assert "--executor_class_path" in on_read_only_root(container, *ENTRYPOINT)
