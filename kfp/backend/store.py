"""An object store in a folder: objects under their URIs, copied to nodes and back, files only."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tfx_updaters.kfp.mounts import FOLDERS


@dataclass(frozen=True)
class Store:
    """What KFP's launcher does with a bucket (backend/src/v2/objectstore/object_store.go).

    Attributes:
        folder: where the objects are, as `minio/bucket/key`.
    """

    folder: Path

    def download(self, uri: str, mount: Path) -> None:
        """Copies an object, or all under it, below a node's `mount`; an unknown one is none.

        Raises:
            ValueError: the URI is in no store that KFP knows.
        """
        _copy(under(self.folder, uri), under(mount, uri))

    def upload(self, uri: str, mount: Path) -> None:
        """Copies what a node left below its `mount`; a folder without files leaves nothing."""
        _copy(under(mount, uri), under(self.folder, uri))


def under(folder: Path, uri: str) -> Path:
    """Where a URI's object is below `folder`.

    Raises:
        ValueError: the URI is in no store that KFP knows.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme not in FOLDERS:
        raise ValueError(f"'{uri}' is in none of {', '.join(f'{known}://' for known in FOLDERS)}")
    return folder / FOLDERS[scheme] / rest


def _copy(source: Path, target: Path) -> None:
    files = [source] if source.is_file() else [p for p in source.rglob("*") if p.is_file()]
    for file in files:
        copy = target / file.relative_to(source) if file != source else target
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
