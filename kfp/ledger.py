"""The record of blessed models: a folder beside a pipeline's runs, with a small file for each."""

import hashlib
import json
import os
import time
from dataclasses import dataclass

from pyarrow import fs

from tfx_updaters.kfp.errors import LedgerError

FOLDER = "blessed-models"
# Where KFP's launcher keeps what belongs to a store (component/launcher_v2.go, LocalPathForURI).
_MOUNTS = {"minio": "minio", "s3": "s3", "gcs": "gs"}


@dataclass(frozen=True)
class Blessed:
    """A model that passed its evaluation.

    Attributes:
        model: its address.
        blessing: that of the blessing.
        run: the run that it was made in.
    """

    model: str
    blessing: str
    run: str


@dataclass(frozen=True)
class Ledger:
    """The blessed models of one pipeline.

    Nothing in the folder is ever changed: an entry is a file of its own, named after the time and
    its model, so that runs that finish at once write different files.

    Attributes:
        uri: the folder's address: `s3://`, `minio://`, `gs://`, or a path. Credentials are the
            usual variables (`AWS_ACCESS_KEY_ID`, ...), and `AWS_ENDPOINT_URL` that of `minio://`.
    """

    uri: str

    @classmethod
    def beside(cls, artifact: str, run: str) -> "Ledger":
        """That of the pipeline whose run made an artifact.

        KFP puts what a run makes under `<pipeline root>/<pipeline>/<run>/`;
        the ledger is beside the runs.

        Raises:
            LedgerError: the artifact's address is not of this run.
        """
        uri = address(artifact)
        before, found, _ = uri.partition(f"/{run}/")
        if not run or not found:
            raise LedgerError(f"received {uri} in run '{run}', whose name is not in it")
        return cls(f"{before}/{FOLDER}")

    def append(self, entry: Blessed) -> None:
        """Adds a model; one that is in it already, as its blessing came from a cache, stays."""
        store, folder = opened(self.uri)
        mark = hashlib.sha256(entry.model.encode()).hexdigest()[:16]
        if any(name.endswith(f"-{mark}.json") for name in self._names()):
            return
        store.create_dir(folder, recursive=True)
        with store.open_output_stream(f"{folder}/{time.time_ns():020d}-{mark}.json") as stream:
            stream.write(json.dumps(entry.__dict__, sort_keys=True).encode())

    def latest(self) -> Blessed | None:
        """The model that was added last; none if there is none yet.

        Raises:
            LedgerError: the entry cannot be read, or its model is gone.
        """
        names = self._names()
        if not names:
            return None
        store, folder = opened(self.uri)
        with store.open_input_stream(f"{folder}/{names[-1]}") as stream:
            text = stream.read()
        try:
            entry = Blessed(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise LedgerError(
                f"{self.uri}/{names[-1]} is no entry of a ledger: {text[:80]!r}; remove it to "
                "compare with the model before it"
            ) from error
        models, path = opened(entry.model)
        if models.get_file_info(path).type == fs.FileType.NotFound:
            raise LedgerError(
                f"the last blessed model {entry.model} is gone; restore it, or remove "
                f"{self.uri}/{names[-1]} to compare with the model before it"
            )
        return entry

    def _names(self) -> list[str]:
        store, folder = opened(self.uri)
        files = store.get_file_info(fs.FileSelector(folder, allow_not_found=True))
        return sorted(file.base_name for file in files if file.base_name.endswith(".json"))


def address(path: str) -> str:
    """The address in a store of what KFP's launcher put at a path of the container.

    The variable `KFP_MOUNT_ROOT` names the folder that the mounts are in; none is `/`.
    """
    root = os.environ.get("KFP_MOUNT_ROOT", "").rstrip("/")
    for mount, scheme in _MOUNTS.items():
        if path.startswith(f"{root}/{mount}/"):
            return f"{scheme}://{path.removeprefix(f'{root}/{mount}/')}"
    return path


def opened(uri: str) -> tuple[fs.FileSystem, str]:
    """The file system of an address, and the path in it.

    The variable `KFP_STORE_ROOT` names a folder that stands for the stores, on a machine that has
    none: `minio://bucket/x` is in `minio/bucket/x` there.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return fs.FileSystem.from_uri(os.path.abspath(uri))
    if root := os.environ.get("KFP_STORE_ROOT"):
        folders = {scheme: mount for mount, scheme in _MOUNTS.items()}
        return fs.FileSystem.from_uri(os.path.abspath(f"{root}/{folders[scheme]}/{rest}"))
    return fs.FileSystem.from_uri(f"s3://{rest}" if scheme == "minio" else uri)
