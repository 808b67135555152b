"""Fashion-MNIST from the Debian package of that name, as arrays and as TFX's Examples."""

import gzip
import sys
from pathlib import Path

import numpy as np

from tfx_updaters.components import testing

ENVIRONMENT = Path(__file__).resolve().parents[2] / "environment"
PACKAGE, INSIDE = "dataset-fashion-mnist", "usr/share/datasets/fashion-mnist"
FILES = {"train": ("train", 60_000), "eval": ("t10k", 10_000)}


def unpacked(folder: Path) -> Path:
    """The package's files, downloaded once into the folder."""
    if not (folder / INSIDE).is_dir():
        sys.path.insert(0, str(ENVIRONMENT))
        import apt  # pyright: ignore[reportMissingImports]

        apt.unpack([PACKAGE], folder, folder / "apt", newer=False)
    return folder / INSIDE


def arrays(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Images, count x 28 x 28 x 1 float32 in 0..1, and labels, by split."""
    found = {}
    for split, (name, count) in FILES.items():
        images = _values(folder / f"{name}-images-idx3-ubyte.gz", 16)
        labels = _values(folder / f"{name}-labels-idx1-ubyte.gz", 8)
        scaled = images.reshape(count, 28, 28, 1).astype("float32") / 255
        found[split] = scaled, labels.astype("int64")
    return found


def _values(path: Path, header: int) -> np.ndarray:
    with gzip.open(path) as file:
        return np.frombuffer(file.read(), "uint8", offset=header)


def artifacts(folder: Path, data: dict) -> tuple:
    """The Examples and Schema artifacts: a float feature `image` and an int `label`."""
    rows = {
        split: ({"image": image, "label": label} for image, label in zip(*pair, strict=True))
        for split, pair in data.items()
    }
    examples = testing.write_examples(folder / "examples", rows)
    return examples, testing.write_schema(
        folder / "schema", {"image": ("float", [28, 28, 1]), "label": ("int", [1])}
    )
