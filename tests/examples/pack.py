"""Writes tests/examples/packed.zip: data sets as the libraries themselves write them.

Run it where both are installed; they are not needed to read the result:
`pip install datasets tensorflow-datasets tensorflow`, then `python tests/examples/pack.py`.
"""

import tempfile
import zipfile
from pathlib import Path

import datasets
import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

NAMES = ["night", "day ä", "dusk/dawn"]


def images(count: int, seed: int) -> tuple[list[Image.Image], list[int]]:
    """Classes are told apart by how bright they are."""
    random, labels = np.random.default_rng(seed), [number % 3 for number in range(count)]
    pixels = [(60 * label + random.integers(0, 60, (10, 12))).astype("uint8") for label in labels]
    return [Image.fromarray(each) for each in pixels], labels


def hugging_face(count: int, seed: int, label: object) -> datasets.Dataset:
    """With a feature that is neither an image nor a label."""
    found, labels = images(count, seed)
    notes = [f"note {number}" for number in range(count)]
    kinds = {"image": datasets.Image(), "label": label, "note": datasets.Value("string")}
    rows = {"image": found, "label": labels, "note": notes}
    return datasets.Dataset.from_dict(rows, datasets.Features(kinds))


class Skies(tfds.core.GeneratorBasedBuilder):
    """A builder as users write them."""

    VERSION = tfds.core.Version("1.0.0")
    pkg_dir_path = Path(__file__).parent

    def _info(self) -> tfds.core.DatasetInfo:
        shape = (None, None, 1)
        features = {
            "label": tfds.features.ClassLabel(names=NAMES),
            "image": tfds.features.Image(shape=shape),
        }
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager: object) -> dict:
        splits = {"train": (24, 0), "test": (9, 1), "extra": (3, 2)}
        return {name: self._generate_examples(*what) for name, what in splits.items()}

    def _generate_examples(self, count: int, seed: int):
        for number, (image, label) in enumerate(zip(*images(count, seed), strict=True)):
            yield number, {"image": np.asarray(image)[..., None], "label": NAMES[label]}


def main() -> None:
    """Writes the archive."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        label = datasets.ClassLabel(names=NAMES)
        splits = {"train": hugging_face(24, 0, label), "test": hugging_face(9, 1, label)}
        datasets.DatasetDict(splits).save_to_disk(folder / "splits")
        splits["train"].save_to_disk(folder / "single")
        hugging_face(6, 0, datasets.Value("int64")).save_to_disk(folder / "unlabelled")
        Skies(data_dir=folder / "tfds").download_and_prepare()
        with zipfile.ZipFile(
            Path(__file__).with_name("packed.zip"), "w", zipfile.ZIP_DEFLATED
        ) as archive:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(folder))


if __name__ == "__main__":
    main()
