"""A few rows of what the strangers' pipelines read: made up, but for scikit-learn's digits."""

from pathlib import Path

import numpy as np


def write_penguins(folder: Path) -> None:
    """90 rows; each species has body measures of its own."""
    rng = np.random.default_rng(0)
    centres = np.array([[39, 18, 190, 3700], [49, 15, 217, 5100], [48, 19, 196, 3700]])
    lines = ["species,culmen_length,culmen_depth,flipper_length,body_mass"]
    for number in range(90):
        measures = centres[number % 3] * rng.normal(1, 0.02, 4)
        lines.append(f"{number % 3}," + ",".join(f"{value:.1f}" for value in measures))
    (folder / "penguins.csv").write_text("\n".join(lines) + "\n")


def write_taxi(folder: Path) -> None:
    """120 trips, some without a company or a fare; cards tip."""
    rng = np.random.default_rng(0)
    lines = ["trip_miles,fare,trip_start_hour,payment_type,company,big_tipper"]
    for number in range(120):
        miles, card = rng.uniform(0.5, 20), number % 2
        fare = "" if number % 10 == 0 else f"{3 + 2 * miles:.2f}"
        company = "" if number % 7 == 0 else f"Company {number % 3}"
        pay = "Credit Card" if card else "Cash"
        lines.append(f"{miles:.2f},{fare},{rng.integers(24)},{pay},{company},{card}")
    (folder / "trips.csv").write_text("\n".join(lines) + "\n")


def write_digits(folder: Path) -> None:
    """300 of scikit-learn's digits as TFRecords, unsplit."""
    import tensorflow as tf
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    with tf.io.TFRecordWriter(str(folder / "digits.tfrecord")) as writer:
        for image, label in zip(images[:300], labels[:300], strict=True):
            feature = {
                "image_floats": tf.train.Feature(float_list=tf.train.FloatList(value=image)),
                "image_class": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
            }
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write(example.SerializeToString())
