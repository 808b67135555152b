"""Debian packages unpacked into a folder, through apt directories of our own."""

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import apt_sources
from command import SetupError, run

NEXT = {"bullseye": "trixie", "bookworm": "trixie", "focal": "noble", "jammy": "noble"}
SOURCES = Path("/etc/apt")
OS_RELEASE = Path("/etc/os-release")
# All that packages need, and what that needs, a name in a line of its own.
DEPENDS = (
    "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks",
    "--no-replaces", "--no-enhances",
)  # fmt: skip


def lacks(newer: bool) -> str:
    """What keeps packages of this release, or of a newer one, from being fetched; '' if nothing."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return "this system has no apt-get"
    if newer and release() not in NEXT:
        return f"no newer release is known here for '{release()}'"
    return ""


def release() -> str:
    """The system's code name, such as bookworm."""
    text = OS_RELEASE.read_text() if OS_RELEASE.exists() else ""
    found = re.search(r"^VERSION_CODENAME=(\S+)$", text, re.MULTILINE)
    return found.group(1) if found else ""


def unpack(
    names: Iterable[str], into: Path, work: Path, *, newer: bool, needed: str | None = None
) -> None:
    """Downloads packages of this release, or of a newer one, and unpacks them.

    Args:
        names: of the packages.
        into: the folder that takes the place of `/`.
        work: a folder for what apt-get keeps; it is emptied.
        newer: whether they are those of a newer release.
        needed: of what they need, the packages with names of this pattern are unpacked too.

    Raises:
        SetupError: they cannot be fetched here, or the download fails.
    """
    if reason := lacks(newer):
        raise SetupError(f"{', '.join(names)} cannot be fetched: {reason}")
    options = _private(work, release(), NEXT[release()] if newer else release())
    downloads = work / "downloads"
    fetch = 'cd "$0" && { apt-get -qq "$@" update || true; }'
    # One source of several may have no such release; what counts is whether the packages come.
    run("sh", "-c", fetch, downloads, *options)
    if needed:
        found = run("apt-cache", *options, *DEPENDS, *names)
        names = {*names, *re.findall(rf"^{needed}$", found, re.MULTILINE)}
    fetch = 'cd "$0" && exec apt-get -qq "$@"'
    run(
        *("sh", "-c", fetch, downloads, *options, "download", *sorted(names)),
        missing=f"{', '.join(names)} could not be downloaded with apt-get; check the network and "
        "the package sources of this system, and call make again",
    )
    for package in sorted(downloads.glob("*.deb")):
        run("dpkg-deb", "-x", package, into)


def _private(work: Path, own: str, wanted: str) -> list[str]:
    """apt-get's options for lists, cache and sources in `work`."""
    shutil.rmtree(work, ignore_errors=True)
    for folder in ("lists/partial", "cache/archives/partial", "sources", "downloads"):
        (work / folder).mkdir(parents=True)
    for source in (SOURCES / "sources.list", *sorted((SOURCES / "sources.list.d").glob("*"))):
        if source.suffix in apt_sources.FORMATS and source.is_file():
            text = apt_sources.FORMATS[source.suffix](source.read_text(), own, wanted)
            (work / "sources" / source.name).write_text(text)
    options = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": work / "sources",
        "Dir::State::Lists": work / "lists",
        "Dir::Cache": work / "cache",
    }
    if os.geteuid() == 0:
        options["APT::Sandbox::User"] = "root"
    return [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
