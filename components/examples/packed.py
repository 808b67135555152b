"""Images that another library has packed: folders of Hugging Face `datasets` and of TFDS.

Such a folder is unpacked into one of images, with folders for the splits and the classes, and is
then what any folder of images is. Neither library is needed: the formats are Arrow's and TFRecord.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples.image_layout import SPLITS, SUFFIXES
from tfx_updaters.components.examples.whole_folder import appearing

HUGGING_FACE, TFDS = "Hugging Face data set", "TensorFlow data set"
# What `save_to_disk` writes for several splits and for one; what TFDS writes.
SEVERAL, ONE, FEATURES, INFO = (
    "dataset_dict.json",
    "state.json",
    "features.json",
    "dataset_info.json",
)


# An image: the folder of its class, its bytes, the name of its file.
Images = Callable[[], Iterator[tuple[str, bytes, str]]]


def looks_like(folder: Path) -> str:
    """Who wrote a folder; empty if it is no such one."""
    if (folder / SEVERAL).is_file() or ((folder / ONE).is_file() and (folder / INFO).is_file()):
        return HUGGING_FACE
    return TFDS if (folder / FEATURES).is_file() and (folder / INFO).is_file() else ""


def find(folder: Path) -> Mapping[str, Images]:
    """Reads what a folder says of itself.

    Returns:
        the images of each split by its name; of one alone, which content splits, by none.

    Raises:
        DataError: it is damaged, or its examples are no images with one class each.
    """
    kind = looks_like(folder)
    try:
        if kind == TFDS:
            return _chosen(_tensorflow(folder), folder)
        if (folder / SEVERAL).is_file():
            names = json.loads((folder / SEVERAL).read_text(encoding="utf-8"))["splits"]
            found = {name: _hugging_face(folder / name) for name in names}
            return _chosen(found, folder)
        return {"": _hugging_face(folder)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"data {folder} is a damaged {kind}: {error!r}") from error


def unpack(folder: Path, into: Path, name: str) -> Path:
    """Writes the images as files, `train/cat/0000001.png`, unless that was done before.

    Without splits, `cat/0000001.png`. The new folder appears whole or not at all.

    Args:
        folder: that `looks_like` one.
        into: the folder that the new one is to be in.
        name: what its name begins with.

    Raises:
        DataError: as `find`, or an example cannot be read.
    """
    found, digest = find(folder), hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        status = path.stat()
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    target = into / f"{name}-{digest.hexdigest()[:12]}"
    if not target.is_dir():
        with appearing(target) as partial:
            for split, images in found.items():
                _write(images(), partial / split)
    return target


def _write(images: Iterator[tuple[str, bytes, str]], folder: Path) -> None:
    for number, (label, data, name) in enumerate(images):
        suffix = PurePosixPath(name).suffix.lower()
        place = folder / label
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"{number:07}{suffix if suffix in SUFFIXES else SUFFIXES[0]}"
        path.write_bytes(data)


def _chosen(found: Mapping[str, Images], folder: Path) -> Mapping[str, Images]:
    """With the splits that are to train or judge with; a single one is split by content."""
    kept = {name: each for name, each in found.items() if name.lower() in SPLITS}
    if not kept:
        raise DataError(
            f"data {folder}: the splits are {', '.join(found) or 'none'}; {', '.join(SPLITS)} are "
            "allowed"
        )
    return {"": next(iter(kept.values()))} if len(kept) == 1 else kept


def _hugging_face(folder: Path) -> Images:
    """What `Dataset.save_to_disk` wrote: streams of Arrow record batches."""
    state = json.loads((folder / ONE).read_text(encoding="utf-8"))
    info = json.loads((folder / INFO).read_text(encoding="utf-8"))
    paths = [folder / each["filename"] for each in state["_data_files"]]
    kinds = {name: each.get("_type", "a list") for name, each in info["features"].items()}
    image = _only(folder, kinds, "Image", "an image")
    label = _only(folder, kinds, "ClassLabel", "a class label (`class_encode_column` makes one)")
    names = _folders(folder, info["features"][label]["names"])
    taken = [image, label]

    def images() -> Iterator[tuple[str, bytes, str]]:
        import pyarrow as pa

        for path in paths:
            try:
                with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as stream:
                    rows = (row for batch in stream for row in batch.select(taken).to_pylist())
                    for number, row in enumerate(rows):
                        where = f"{path}, example {number}"
                        data = _bytes(row[image], where)
                        yield _name(names, row[label], where), data, row[image]["path"] or ""
            except (pa.ArrowInvalid, OSError, KeyError) as error:
                raise DataError(f"data {path} is damaged: {error}") from error

    return images


def _bytes(image: Mapping[str, Any] | None, where: str) -> bytes:
    """An image is kept as its bytes, or as the path of its file."""
    if image and image["bytes"]:
        return image["bytes"]
    try:
        return Path((image or {})["path"]).read_bytes()
    except (OSError, KeyError, TypeError) as error:
        raise DataError(f"data {where}: there is no image ({error})") from error


def _tensorflow(folder: Path) -> dict[str, Images]:
    """What TFDS wrote: TFRecords of `tf.train.Example`."""
    info = json.loads((folder / INFO).read_text(encoding="utf-8"))
    if info.get("fileFormat", "tfrecord") != "tfrecord":
        raise DataError(f"data {folder} is written as {info['fileFormat']}; tfrecord is read")
    tree = json.loads((folder / FEATURES).read_text(encoding="utf-8"))
    features = tree["featuresDict"]["features"]
    kinds = {name: each["pythonClassName"].rpartition(".")[2] for name, each in features.items()}
    image = _only(folder, kinds, "Image", "an image")
    label = _only(folder, kinds, "ClassLabel", "a class label")
    listed = folder / f"{label}.labels.txt"
    count = int(features[label]["classLabel"]["numClasses"])
    names = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else None
    names = names or [f"{number:0{len(str(count - 1))}}" for number in range(count)]
    paths = {
        each["name"]: sorted(folder.glob(f"*-{each['name']}.tfrecord-*")) for each in info["splits"]
    }
    folders = _folders(folder, names)
    return {split: _reader(paths[split], image, label, folders) for split in paths}


def _reader(paths: Sequence[Path], image: str, label: str, names: Sequence[str]) -> Images:
    def images() -> Iterator[tuple[str, bytes, str]]:
        import tensorflow as tf

        for path in paths:
            try:
                for number, record in enumerate(tf.data.TFRecordDataset(str(path))):
                    features = tf.train.Example.FromString(record.numpy()).features.feature
                    at = features[label].int64_list.value[0]
                    data = features[image].bytes_list.value[0]
                    yield _name(names, at, f"{path}, example {number}"), data, ""
            except (tf.errors.OpError, IndexError) as error:
                raise DataError(f"data {path} is damaged: {error}") from error

    return images


def _only(folder: Path, kinds: Mapping[str, str], wanted: str, what: str) -> str:
    found = [name for name, kind in kinds.items() if kind == wanted]
    if len(found) != 1:
        listed = ", ".join(f"{name} ({kind})" for name, kind in kinds.items())
        raise DataError(
            f"data {folder}: the features are {listed}; {what}, and only one, is needed"
        )
    return found[0]


def _name(names: Sequence[str], at: int | None, where: str) -> str:
    if at is None or not 0 <= at < len(names):
        raise DataError(f"data {where}: its label is {at}; there are {len(names)} classes")
    return names[at]


def _folders(folder: Path, names: Sequence[str]) -> list[str]:
    """The names of classes as those of folders, none of which is hidden."""
    plain = [name.replace("/", "-").strip() for name in names]
    made = [f"class {name}" if name[:1] in ("", ".") else name for name in plain]
    if len(set(made)) < len(made):
        raise DataError(f"data {folder}: classes have the same name: {', '.join(names)}")
    return made
