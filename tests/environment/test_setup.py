"""Set-up: stages and their repair, and the first line where it cannot go on."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import apt
import command
import compiler
import install
import packages
import pytest
import runtime
from stages import Stage, bring_up, digest


def written(folder: Path, log: list[str], name: str) -> Callable[[], None]:
    def make() -> None:
        assert not folder.exists(), "a stage must start without its old folder"
        folder.mkdir()
        log.append(name)

    return make


@pytest.fixture
def two(tmp_path: Path) -> Callable[..., list[str]]:
    """Brings up two small stages; returns the names of those that were made."""

    def up(first: str = "a", second: str = "b") -> list[str]:
        log: list[str] = []
        made_from = {"first": first, "second": second}
        stages = [
            Stage(name, tmp_path / name, digest(value), written(tmp_path / name, log, name))
            for name, value in made_from.items()
        ]
        assert bring_up(stages, tmp_path) == log
        return log

    return up


def test_nothing_is_made_twice(
    two: Callable[..., list[str]], capsys: pytest.CaptureFixture
) -> None:
    assert two() == ["first", "second"]
    capsys.readouterr()
    assert two() == []
    assert capsys.readouterr().out == ""


def test_what_changed_and_all_after_it_is_made_anew(two: Callable[..., list[str]]) -> None:
    two()
    assert two(second="changed") == ["second"]
    assert two(first="changed", second="changed") == ["first", "second"]


def test_stage_without_stamp_or_folder_is_repaired(
    two: Callable[..., list[str]], tmp_path: Path
) -> None:
    two()
    (tmp_path / "second.stamp").unlink()
    assert two() == ["second"]
    (tmp_path / "first").rmdir()
    assert two() == ["first", "second"]


def test_stage_that_fails_has_no_stamp(tmp_path: Path) -> None:
    def fail() -> None:
        raise command.SetupError("no")

    stage = Stage("broken", tmp_path / "broken", "x", fail)
    (tmp_path / "broken.stamp").write_text("older")
    with pytest.raises(command.SetupError):
        bring_up([stage], tmp_path)
    assert not (tmp_path / "broken.stamp").exists()


def copied(project: Path, to: Path) -> Path:
    """The files that set-up depends on, in another folder."""
    for name in ("pyproject.toml", "setup.py", "optimizers/__init__.py", "kfp/py.typed"):
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        (to / name).write_text((project / name).read_text() if (project / name).exists() else "")
    return to


def test_new_file_renews_the_install_only(project: Path, tmp_path: Path) -> None:
    before = {stage.name: stage.made_from for stage in install.stages(copied(project, tmp_path))}
    (tmp_path / "optimizers/another.py").touch()
    after = {stage.name: stage.made_from for stage in install.stages(tmp_path)}
    assert {name for name in before if before[name] != after[name]} == {"project"}


def test_new_dependency_renews_the_packages(project: Path, tmp_path: Path) -> None:
    before = {stage.name: stage.made_from for stage in install.stages(copied(project, tmp_path))}
    pyproject = tmp_path / "pyproject.toml"
    changed = pyproject.read_text().replace("dependencies = [", 'dependencies = [\n  "attrs",', 1)
    pyproject.write_text(changed)
    after = {stage.name: stage.made_from for stage in install.stages(tmp_path)}
    assert {name for name in before if before[name] != after[name]} == {"packages", "project"}


def test_make_setup_is_quick_when_nothing_changed(project: Path) -> None:
    # As a user's make, also inside `make test`: a make that is called by another says so.
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    how = {"cwd": project, "env": own, "check": True, "capture_output": True}
    subprocess.run(["make", "setup"], **how)
    began = time.monotonic()
    done = subprocess.run(["make", "setup"], **how)
    assert time.monotonic() - began < 2
    assert done.stdout + done.stderr == b""


def test_settings_that_point_elsewhere_do_not_reach_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*install.ELSEWHERE, "PIP_USER", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, "1")
    install.settle()
    assert not set(install.ELSEWHERE) & set(os.environ)
    assert (os.environ["PIP_USER"], os.environ["PIP_INDEX_URL"]) == ("0", "1")


def old_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, codename: str) -> None:
    (tmp_path / "os-release").write_text(f"ID=x\nVERSION_CODENAME={codename}\n")
    monkeypatch.setattr(runtime.platform, "libc_ver", lambda: ("glibc", "2.31"))
    monkeypatch.setattr(apt, "OS_RELEASE", tmp_path / "os-release")
    monkeypatch.setattr(apt.shutil, "which", lambda name: f"/usr/bin/{name}")


def first_line(error: pytest.ExceptionInfo[command.SetupError]) -> str:
    return str(error.value).splitlines()[0]


def test_old_system_that_is_known_can_be_helped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old_system(monkeypatch, tmp_path, "bookworm")
    assert runtime.is_needed()
    runtime.check()


def test_old_system_without_apt_get_names_the_ways_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old_system(monkeypatch, tmp_path, "bookworm")
    monkeypatch.setattr(apt.shutil, "which", lambda name: None)
    with pytest.raises(command.SetupError) as error:
        runtime.check()
    for part in ("need glibc 2.38, the system's is 2.31", "no apt-get", "Debian 13, Ubuntu 24.04"):
        assert part in first_line(error)


def test_old_system_of_an_unknown_release_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old_system(monkeypatch, tmp_path, "potato")
    with pytest.raises(command.SetupError, match="no newer release is known here for 'potato'"):
        runtime.check()


def test_other_architecture_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime.platform, "machine", lambda: "aarch64")
    with pytest.raises(command.SetupError) as error:
        runtime.check()
    assert "architecture, aarch64" in first_line(error)
    assert "x86-64 machine" in first_line(error)


def test_index_that_cannot_be_reached_is_named_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, project: Path
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").write_text("#!/bin/sh\necho 'Retrying (Retry(total=0))'; exit 1\n")
    (tmp_path / "bin/python").chmod(0o755)
    with pytest.raises(command.SetupError) as error:
        packages.add_tools(tmp_path, install.CONSTRAINTS, "uv")
    assert "uv: the package index cannot be used" in first_line(error)
    assert str(error.value).splitlines()[1].startswith("Retrying")


def test_missing_headers_without_apt_get_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(compiler.sysconfig, "get_path", lambda name: str(tmp_path / name))
    monkeypatch.setattr(apt.shutil, "which", lambda name: None)
    with pytest.raises(command.SetupError) as error:
        compiler.check()
    assert "headers (Python.h) are missing; install them" in first_line(error)
    assert "no apt-get" in first_line(error)


def test_headers_of_the_system_are_used_where_it_has_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "include").mkdir()
    (tmp_path / "include/Python.h").touch()
    monkeypatch.setattr(compiler.sysconfig, "get_path", lambda name: str(tmp_path / name))
    monkeypatch.setattr(apt.shutil, "which", lambda name: "/c++" if name == "c++" else None)
    compiler.check()
    assert compiler.provide(tmp_path / "compiler", tmp_path, install.CONSTRAINTS) == {}


def test_second_set_up_waits_for_the_first(project: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, 'environment'); import install\n"
        "with open(sys.argv[1], 'w') as lock: install.hold(lock); print('held', flush=True);"
        " sys.stdin.read()"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "lock")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": project}
    first = subprocess.Popen(words, **pipes)
    assert first.stdout.readline() == "held\n"
    second = subprocess.Popen(words, **pipes)
    assert "another set-up of this folder is running" in second.stdout.readline()
    first.communicate()
    assert second.communicate()[0] == "held\n"
