"""Stages of a set-up: each is made once, and again when what it was made from has changed."""

import hashlib
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Stage:
    """A step that fills one folder.

    Attributes:
        name: What the user reads, and the name of the stamp.
        folder: What it fills; removed before the step.
        made_from: Digest of everything the result depends on.
        make: Fills the folder.
    """

    name: str
    folder: Path
    made_from: str
    make: Callable[[], None]


def digest(*parts: object) -> str:
    """SHA-256 of the parts: the content of a path, the text of anything else."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(part.read_bytes() if isinstance(part, Path) else str(part).encode())
        sha.update(b"\0")
    return sha.hexdigest()


def bring_up(stages: Iterable[Stage], stamps: Path) -> list[str]:
    """Makes the first stage without a valid stamp and every one after it; returns their names.

    A stamp is written last and removed first, so that a stage that was killed has none.
    """
    made: list[str] = []
    for stage in stages:
        stamp = stamps / f"{stage.name}.stamp"
        if not made and _is_there(stage, stamp):
            continue
        stamp.unlink(missing_ok=True)
        shutil.rmtree(stage.folder, ignore_errors=True)
        _announce(f"setup: {stage.name} ...")
        began = time.monotonic()
        try:
            stage.make()
        finally:
            _announce("")
        stamp.write_text(stage.made_from)
        print(f"setup: {stage.name} {time.monotonic() - began:.0f} s", flush=True)
        made.append(stage.name)
    return made


def _is_there(stage: Stage, stamp: Path) -> bool:
    return stamp.exists() and stamp.read_text() == stage.made_from and stage.folder.is_dir()


def _announce(text: str) -> None:
    """What goes on, for someone who watches; gone once it is over, so that an error comes first."""
    if sys.stdout.isatty():
        print(f"\r\033[K{text}", end="", flush=True)
