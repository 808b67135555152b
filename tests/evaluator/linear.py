"""SavedModels that weigh pixels, so that NumPy can tell what they predict of any image."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from tfx.types import standard_artifacts

SIDE = 8


def model(folder: Path, weights: np.ndarray, encoded: bool = False, fails_up_to: float = -1.0):
    """A Model artifact that predicts `predictions(images, weights)`.

    Args:
        folder: where it is written.
        weights: of the SIDE x SIDE pixels.
        encoded: the images are bytes, and 0..255; `raw` takes numbers all the same.
        fails_up_to: where no pixel is brighter, it predicts NaN.
    """
    module = tf.Module()
    kept = tf.constant(weights.ravel(), tf.float32)

    def of(images):
        flat = tf.reshape(images, [-1, SIDE * SIDE])
        score = tf.linalg.matvec(flat, kept)
        found = tf.stack([1 - tf.sigmoid(score), tf.sigmoid(score)], axis=1)
        bad = tf.reduce_max(flat, axis=1, keepdims=True) <= fails_up_to
        return {"outputs": tf.where(bad, np.nan, found)}

    def decoded(image):
        return tf.cast(tf.io.decode_png(image, channels=1), tf.float32) / 255

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(examples):
        size = [] if encoded else [SIDE * SIDE]
        kind = tf.string if encoded else tf.float32
        parsed = tf.io.parse_example(examples, {"image": tf.io.FixedLenFeature(size, kind)})
        images = parsed["image"]
        if encoded:
            shape = tf.TensorSpec([SIDE, SIDE, 1], tf.float32)
            images = tf.map_fn(decoded, images, fn_output_signature=shape)
        return of(images)

    @tf.function(input_signature=[tf.TensorSpec([None, SIDE * SIDE], tf.float32, name="image")])
    def raw(image):
        return of(image)

    module.serve, module.raw = serve, raw
    tf.saved_model.save(
        module, str(folder / "Format-Serving"), signatures={"serving_default": serve, "raw": raw}
    )
    artifact = standard_artifacts.Model()
    artifact.uri = str(folder)
    return artifact


def predictions(images: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Probabilities of two classes: images x 2."""
    score = images.reshape(len(images), -1).astype(float) @ weights.ravel()
    share = 1 / (1 + np.exp(-score))
    return np.stack([1 - share, share], axis=1)


def examples(count: int, seed: int) -> list[Mapping[str, object]]:
    """Images, and whether the left half of each is the brighter one."""
    rng = np.random.default_rng(seed)
    images = rng.random((count, SIDE, SIDE), np.float32)
    labels = images[..., : SIDE // 2].sum(axis=(1, 2)) > images[..., SIDE // 2 :].sum(axis=(1, 2))
    return [
        {"image": image, "label": int(label), "group": b"ab"[number % 2 : number % 2 + 1]}
        for number, (image, label) in enumerate(zip(images, labels, strict=True))
    ]
