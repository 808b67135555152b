"""Data in an object store: looked at, and copied to this machine once."""

import hashlib
import re
import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples.whole_folder import appearing

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo

SCHEMES = ("s3", "gs")
AT_ONCE = 1 << 20


def is_address(text: str) -> bool:
    """Whether it is a URL; what begins so is no folder."""
    return "://" in text


def check(address: str) -> None:
    """Looks for files there.

    Raises:
        DataError: the address is none of S3 or Google Cloud Storage, the store does not answer or
            refuses, or nothing is there.
    """
    _files(address)


def copy(address: str, into: Path, name: str) -> Path:
    """Copies everything under an address, unless names, sizes and times are those of a copy.

    The copy appears whole or not at all. Credentials are found where the store's own tools look:
    `AWS_ACCESS_KEY_ID` and the like, `~/.aws`, `GOOGLE_APPLICATION_CREDENTIALS`; another server
    than Amazon's is named by `AWS_ENDPOINT_URL`, or in the address:
    `s3://bucket/folder?endpoint_override=localhost:9000&scheme=http`.

    Args:
        address: `s3://bucket/folder` or `gs://bucket/folder`.
        into: the folder that the copy is to be in.
        name: what its name begins with.

    Returns:
        the copy.

    Raises:
        DataError: as `check`; there is no room for it, or the store fails meanwhile.
    """
    store, base, files = _files(address)
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.path}\0{file.size}\0{file.mtime_ns}\n".encode())
    target = into / f"{name}-{digest.hexdigest()[:12]}"
    if target.is_dir():
        return target
    into.mkdir(parents=True, exist_ok=True)
    needed, free = sum(file.size for file in files), shutil.disk_usage(into).free
    if needed > free:
        raise DataError(
            f"data {address} has {needed / 1e9:,.1f} GB; {into} has room for {free / 1e9:,.1f} GB"
        )
    with appearing(target) as partial:
        for file in files:
            place = partial / _inside(file.path, base, address)
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                with (
                    store.open_input_stream(file.path, compression=None) as source,
                    place.open("wb") as copied,
                ):
                    shutil.copyfileobj(source, copied, AT_ONCE)
            except OSError as error:
                raise DataError(f"data {address}: {file.path} was not copied: {error}") from error
    return target


def _files(address: str) -> tuple[Any, str, list["FileInfo"]]:
    """The store, the folder in it, and the files there in the order of their names."""
    from pyarrow import ArrowInvalid, fs

    if not re.match(f"({'|'.join(SCHEMES)})://[^/?]", address):
        allowed = " or ".join(f"{scheme}://BUCKET/FOLDER" for scheme in SCHEMES)
        raise DataError(f"data {address}: a folder, {allowed} is needed")
    if "@" in address.partition("://")[2].partition("/")[0]:
        raise DataError("data: an address with a key in it ends up in logs: leave the key out")
    try:
        store, base = fs.FileSystem.from_uri(_quoted(address))
        found = store.get_file_info(fs.FileSelector(base, recursive=True))
    except FileNotFoundError as error:
        raise DataError(f"data {address}: there is nothing") from error
    except (OSError, ArrowInvalid) as error:
        raise DataError(f"data {address} cannot be listed: {error}") from error
    files = sorted((f for f in found if f.type == fs.FileType.File), key=lambda file: file.path)
    if not files:
        raise DataError(f"data {address}: there are no files")
    return store, base, files


def _quoted(address: str) -> str:
    """As a URL has it; people write names as they are."""
    path, separator, options = address.partition("?")
    return quote(path, safe=":/%") + separator + options


def _inside(path: str, base: str, address: str) -> PurePosixPath:
    """Where a file is under the folder; a store may have names that lead out of it."""
    inside = PurePosixPath(path).relative_to(base)
    if ".." in inside.parts:
        raise DataError(f"data {address}: {path} leads out of the folder")
    return inside
