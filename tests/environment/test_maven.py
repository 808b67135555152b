"""Maven: the system's, Debian's in a folder, or a word on how to get it."""

import os
from pathlib import Path

import java
import maven
import pytest
from command import SetupError, run

PROJECT = Path(__file__).resolve().parents[2]


def test_maven_is_that_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "mvn"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert maven.program(tmp_path / "work") == own


def test_without_maven_and_apt_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match=r"no 'mvn' .* install Maven, .*has no apt-get"):
        maven.program(tmp_path / "work")


def test_maven_of_a_system_without_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for path in Path("/usr/bin").iterdir():
        if path.name != "mvn":
            (programs / path.name).symlink_to(path)
    monkeypatch.setenv("PATH", str(programs))
    work = tmp_path / "work"
    program = maven.program(work)
    assert program.is_relative_to(work)
    environment = {**os.environ, **java.environment(PROJECT / ".setup/python/tools", work)}
    assert "Apache Maven 3" in run(program, "--version", env=environment)
