"""The user's pip settings for the time of a build: mounted as secrets, never in the image."""

import ast
import configparser
import os
import subprocess
import sys
from pathlib import Path

# Where packages come from, and how they are reached; the rest of a configuration is not for images.
SETTINGS = ("index-url", "extra-index-url", "find-links", "trusted-host", "proxy", "timeout")
SECTIONS = ("global", "install", ":env:")
# Where the Dockerfile's builds find the second of the secrets.
CERTIFICATES = "/run/secrets/certificates"
VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


def secrets(folder: Path) -> dict[str, Path]:
    """Files by the ids under which they are mounted: `pip`, its configuration, `certificates`.

    They are what `pip config list` says: from pip's files and the variables `PIP_...`, the later
    of which win. Folders of this machine in `find-links` are left out. The files are for their
    owner alone.
    """
    found = _merged(_listed())
    certificates = [found.get("cert", ""), *(os.environ.get(name, "") for name in VARIABLES)]
    settings = {name: found[name] for name in SETTINGS if name in found}
    settings["find-links"] = "\n".join(_links(settings.get("find-links", "")))
    files = {}
    bundle = next((path for path in certificates if path and Path(path).is_file()), None)
    if bundle:
        settings["cert"] = CERTIFICATES
        files["certificates"] = _write(folder / "certificates", Path(bundle).read_text())
    parser = configparser.RawConfigParser()
    parser["global"] = {name: value for name, value in settings.items() if value}
    files["pip"] = folder / "pip"
    files["pip"].touch(mode=0o600)
    with files["pip"].open("w") as stream:
        parser.write(stream)
    return files


def _listed() -> str:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout


def _merged(listed: str) -> dict[str, str]:
    found: dict[tuple[str, str], str] = {}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        found[section, name.replace("default-timeout", "timeout")] = str(ast.literal_eval(value))
    merged = {}
    for section in SECTIONS:
        merged |= {name: value for (where, name), value in found.items() if where == section}
    return merged


def _links(value: str) -> list[str]:
    return [place for place in value.split() if "://" in place and not place.startswith("file:")]


def _write(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path
