"""Maven: the system's, or else Debian's packages of it, unpacked into a folder."""

import os
import shutil
from pathlib import Path

import apt
from command import SetupError

NO_MAVEN = (
    "Beam's job servers are fetched with Maven, and there is no 'mvn' on the PATH: install Maven, "
    "and call make again ({})"
)
# Of what the package needs: Java itself is another's.
LIBRARIES = r"lib.*-java"


def program(work: Path) -> Path:
    """The program; what it takes to run lies in `work`, if the system has none.

    Raises:
        SetupError: the system has none, and its packages cannot be fetched.
    """
    if found := shutil.which("mvn"):
        return Path(found)
    if reason := apt.lacks(newer=False):
        raise SetupError(NO_MAVEN.format(reason))
    root = work / "maven"
    apt.unpack(["maven"], root, work / "apt", newer=False, needed=LIBRARIES)
    _relink(root)
    return root / "usr/share/maven/bin/mvn"


def _relink(root: Path) -> None:
    """Links from the top of the system to a place in the folder, as the packages expect it."""
    for path in root.rglob("*"):
        if path.is_symlink() and os.path.isabs(target := os.readlink(path)):
            path.unlink()
            path.symlink_to(root / target.lstrip("/"))
