"""Where Kubeflow Pipelines puts object stores into a node, and folders that it would lose.

The launcher copies a node's input artifacts to local folders before it starts the command, and
copies the output artifacts back after it (KFP: backend/src/v2/component/launcher_v2.go,
`LocalPathForURI`). It copies files: a folder without any does not arrive.
"""

import os
from pathlib import Path

# Where the copies are under and, in a run without a cluster, the folder that is the object store.
MOUNT_ROOT, STORE_ROOT = "KFP_MOUNT_ROOT", "KFP_STORE_ROOT"
FOLDERS = {"gs": "gcs", "s3": "s3", "minio": "minio"}
MARKER = ".empty-folder"


def path_of(uri: str) -> str:
    """The local copy of a URI: `minio://bucket/x` is in `/minio/bucket/x`; others stay.

    The environment variable `KFP_MOUNT_ROOT` names the folder that the copies are under; in
    Kubeflow's pods, where it is not set, they are under `/`.
    """
    return _under(os.environ.get(MOUNT_ROOT, ""), uri) or uri


def uri_of(path: str) -> str:
    """The URI of a local copy, the inverse of `path_of`; other paths stay."""
    root = os.environ.get(MOUNT_ROOT, "").rstrip("/")
    for scheme, folder in FOLDERS.items():
        if path.startswith(f"{root}/{folder}/"):
            return f"{scheme}://{path.removeprefix(f'{root}/{folder}/')}"
    return path


def object_of(uri: str) -> str | None:
    """The file that is a URI's object in a run without a cluster; None in Kubeflow's pods.

    The environment variable `KFP_STORE_ROOT` names the folder that stands for the object store.
    """
    root = os.environ.get(STORE_ROOT)
    return _under(root, uri) if root else None


def _under(root: str, uri: str) -> str | None:
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme not in FOLDERS:
        return None
    return f"{root.rstrip('/')}/{FOLDERS[scheme]}/{rest}"


def mark_empty(folder: str) -> None:
    """Puts a marker file into every folder at or below `folder` that has nothing in it."""
    for path, folders, files in os.walk(folder):
        if not folders and not files:
            Path(path, MARKER).touch()


def unmark_empty(folder: str) -> None:
    """Removes the markers again: a reader takes every file of a split for its data."""
    for path, _, files in os.walk(folder):
        if MARKER in files:
            Path(path, MARKER).unlink()
