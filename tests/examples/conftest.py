"""Folders of small images, made as a test needs them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from drawn import picture


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Writes images, each an own one, into a folder: `folder("a/1.png", "b/2.jpg")`."""

    def write(*paths: str, at: str = "images", channels: int = 3) -> Path:
        root = tmp_path / at
        for number, path in enumerate(paths):
            place = root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            picture(number, channels=channels).save(place)
        return root

    return write
