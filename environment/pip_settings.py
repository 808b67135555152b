"""The user's pip settings under uv's names: uv does not read pip's configuration."""

import ast
import os
from pathlib import Path

from command import run

# The later wins, as with pip.
SECTIONS = ("global", "install", ":env:")
NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}


def for_uv(tools: Path) -> dict[str, str]:
    """Environment variables for uv; one that the user has set already is left alone."""
    listed = run(tools / "bin/python", "-m", "pip", "--disable-pip-version-check", "config", "list")
    settings = translated(listed)
    return {name: value for name, value in settings.items() if name not in os.environ}


def translated(listed: str) -> dict[str, str]:
    """What `pip config list` printed, for uv."""
    found: dict[tuple[str, str], str] = {}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        section, _, option = key.rpartition(".")
        if section in SECTIONS and option in NAMES:
            found[section, option] = ast.literal_eval(value)
    merged = {}
    for section in SECTIONS:
        merged |= {option: value for (where, option), value in found.items() if where == section}
    settings = {NAMES[option]: _joined(option, value) for option, value in merged.items()}
    if "UV_INDEX" in settings:
        # pip takes the best version of all indexes, and the pins were made for that.
        settings["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return {name: value for name, value in settings.items() if value}


def _joined(option: str, value: str) -> str:
    """uv separates folders of wheels by commas; pip passes over one that does not exist."""
    if option != "find-links":
        return " ".join(value.split())
    return ",".join(place for place in value.split() if "://" in place or Path(place).is_dir())
