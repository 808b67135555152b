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
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme not in FOLDERS:
        return uri
    return f"{os.environ.get(MOUNT_ROOT, '').rstrip('/')}/{FOLDERS[scheme]}/{rest}"


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
