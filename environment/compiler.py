"""A C++ compiler and Python's headers for pyfarmhash, the one dependency without a wheel."""

import os
import shutil
import sysconfig
from pathlib import Path

import apt
import packages
from command import SetupError, run

COMPILERS = ("c++", "g++", "clang++")


def provide(folder: Path, tools: Path, venv: Path, constraints: Path) -> dict[str, str]:
    """Environment variables with which an extension can be built.

    The system's compiler and headers where it has them; else a compiler from the package index,
    and the headers of this release's own packages, unpacked into `folder`.

    Raises:
        SetupError: no headers, and no way to fetch them.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    environment = {} if any(map(shutil.which, COMPILERS)) else _zig(folder, tools, constraints)
    query = "import sysconfig; print(sysconfig.get_path('include'))"
    include = Path(run(venv / "bin/python", "-c", query).strip())
    if not (include / "Python.h").exists():
        environment["CPATH"] = _headers(folder, sysconfig.get_python_version())
    return environment


def _zig(folder: Path, tools: Path, constraints: Path) -> dict[str, str]:
    """Clang from the package `ziglang`, called through a script that looks like a compiler."""
    packages.add_tools(tools, constraints, "ziglang")
    wrapper = folder / "c++"
    wrapper.write_text(f'#!/bin/sh\nexec "{tools}/bin/python" -m ziglang c++ "$@"\n')
    wrapper.chmod(0o755)
    caches = ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR")
    names = {"CC": f"{wrapper}", "CXX": f"{wrapper}", "LDSHARED": f"{wrapper} -shared"}
    return names | dict.fromkeys(caches, str(folder / "cache"))


def _headers(folder: Path, version: str) -> str:
    try:
        apt.unpack([f"libpython{version}-dev"], folder, folder / "apt", newer=False)
    except SetupError as error:
        raise SetupError(
            f"Python {version}'s headers (Python.h) are missing; install them (Debian, Ubuntu: "
            f"apt-get install libpython{version}-dev; Fedora: dnf install python3-devel)\n{error}"
        ) from error
    include = folder / "usr/include"
    return os.pathsep.join(str(part) for part in (include / f"python{version}", include))
