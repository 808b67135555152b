"""Maven: the system's, or one that is fetched whole or not at all."""

import hashlib
import zipfile
from pathlib import Path

import java
import pytest
from command import SetupError


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What Maven Central would send, for a system without Maven."""
    path = tmp_path / "sent.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(f"{java.MAVEN}/bin/mvn", "#!/bin/sh\n")
    monkeypatch.setattr(java, "MAVEN_URL", path.as_uri())
    monkeypatch.setattr(java, "MAVEN_SHA512", hashlib.sha512(path.read_bytes()).hexdigest())
    monkeypatch.setenv("PATH", str(tmp_path))
    return path


def test_maven_of_the_system_comes_first(archive: Path, tmp_path: Path) -> None:
    own = tmp_path / "mvn"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    assert java.maven(tmp_path / "work") == own
    assert not (tmp_path / "work").exists()


def test_maven_is_fetched_where_there_is_none(archive: Path, tmp_path: Path) -> None:
    program = java.maven(tmp_path / "my work")
    assert program.read_text() == "#!/bin/sh\n"
    assert program.stat().st_mode & 0o111


def test_another_file_than_the_pinned_one_is_not_unpacked(archive: Path, tmp_path: Path) -> None:
    archive.write_bytes(archive.read_bytes() + b"more")
    with pytest.raises(SetupError, match=r"another checksum.*install Maven"):
        java.maven(tmp_path / "work")
    assert not (tmp_path / "work").exists()


def test_no_network_names_the_way_out(archive: Path, tmp_path: Path) -> None:
    archive.unlink()
    with pytest.raises(SetupError, match=r"cannot be fetched.*install Maven, and call make again"):
        java.maven(tmp_path / "work")
