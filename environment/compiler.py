"""A C++ compiler and Python's headers for pyfarmhash, the one dependency without a wheel."""

import os
import shutil
import sysconfig
from pathlib import Path

import apt
import packages
from command import SetupError

COMPILERS = ("c++", "g++", "clang++")


def check() -> None:
    """Finds out what cannot be had here before anything is made.

    Raises:
        SetupError: no headers, and no way to fetch them.
    """
    reason = "" if _has_headers() else apt.lacks(newer=False)
    if reason:
        raise SetupError(f"{_no_headers()}, as they cannot be fetched: {reason}")


def provide(folder: Path, tools: Path, constraints: Path) -> dict[str, str]:
    """Environment variables with which an extension can be built.

    The system's compiler and headers where it has them; else a compiler from the package index,
    and the headers of this release's own packages, unpacked into `folder`.

    Raises:
        SetupError: the headers cannot be downloaded, or the compiler cannot be installed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    environment = {} if any(map(shutil.which, COMPILERS)) else _zig(folder, tools, constraints)
    if not _has_headers():
        environment["CPATH"] = _headers(folder)
    return environment


def _has_headers() -> bool:
    return Path(sysconfig.get_path("include"), "Python.h").exists()


def _no_headers() -> str:
    version = sysconfig.get_python_version()
    return (
        f"Python {version}'s headers (Python.h) are missing; install them (Debian, Ubuntu: "
        f"apt-get install libpython{version}-dev; Fedora: dnf install python3-devel)"
    )


def _zig(folder: Path, tools: Path, constraints: Path) -> dict[str, str]:
    """Clang from the package `ziglang`, called through a script that looks like a compiler."""
    packages.add_tools(tools, constraints, "ziglang")
    wrapper = folder / "c++"
    wrapper.write_text(f'#!/bin/sh\nexec "{tools}/bin/python" -m ziglang c++ "$@"\n')
    wrapper.chmod(0o755)
    caches = dict.fromkeys(("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"), str(folder / "cache"))
    compilers = dict.fromkeys(("CC", "CXX"), str(wrapper))
    # Without these, setuptools links with options for the compiler that Python was built with.
    return caches | compilers | dict.fromkeys(("LDSHARED", "LDCXXSHARED"), f"{wrapper} -shared")


def _headers(folder: Path) -> str:
    version = sysconfig.get_python_version()
    try:
        apt.unpack([f"libpython{version}-dev"], folder, folder / "apt", newer=False)
    except SetupError as error:
        raise SetupError(f"{_no_headers()}\n{error}") from error
    include = folder / "usr/include"
    return os.pathsep.join(str(part) for part in (include / f"python{version}", include))
