"""Data sets that come with an installed package: by name, without a download."""

import shutil
import tempfile
from pathlib import Path

DIGITS_SEED = 20250130
DIGITS_EVAL_SHARE = 0.2


def write_digits(folder: Path) -> Path:
    """Writes scikit-learn's digits once, as TFRecords of `tf.train.Example`.

    1,797 grey images of 8 x 8 pixels with values 0..16, as the float feature `image` (64 values)
    and the int64 feature `label` (0..9); one example in five goes to `eval`. The folder appears
    whole or not at all, and is left as it is where it exists, so that TFX's cache sees no change.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI (1998).
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder.parent))
    try:
        _write_splits(partial)
        partial.chmod(0o755)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _write_splits(folder: Path) -> None:
    import numpy as np
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(DIGITS_SEED).permutation(len(labels))
    held_out = round(len(order) * DIGITS_EVAL_SHARE)
    for split, rows in (("eval", order[:held_out]), ("train", order[held_out:])):
        _write_records(folder / f"{split}.tfrecord.gz", images[rows], labels[rows])


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
