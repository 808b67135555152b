"""Encoded images, sensor windows and several inputs, from the records to the serving signature."""

import numpy as np
import pytest
import tensorflow as tf
import trainings

from tfx_updaters.components import testing

RANDOM = np.random.default_rng(1)
ONE = {"checkpoint_minutes": None, "batch_size": 8}


def write(folder, rows, features):
    testing.write_examples(folder / "examples", {"train": rows, "eval": rows[:16]})
    testing.write_schema(folder / "schema", {**features, "label": ("int", [1])})
    return folder


def pictures(height=12, width=10, count=64):
    """Class 1 is bright on the left, class 0 on the right; PNG and JPEG in turn."""
    rows = []
    for number in range(count):
        image = RANDOM.integers(0, 60, (height, width, 3), dtype="uint8")
        left = number % 2
        image[:, : width // 2] += np.uint8(150 * left)
        image[:, width // 2 :] += np.uint8(150 * (1 - left))
        encode = tf.io.encode_png if number % 4 < 2 else tf.io.encode_jpeg
        rows.append({"image": encode(image).numpy(), "label": left})
    return rows


def served(node, rows):
    loaded = tf.saved_model.load(str(node / "model" / "1" / "Format-Serving"))
    examples = [testing.example({k: v for k, v in r.items() if k != "label"}) for r in rows]
    outputs = loaded.signatures["serving_default"](tf.constant(examples))["outputs"].numpy()
    return (outputs.argmax(1) == [row["label"] for row in rows]).mean()


def image_model(shape, resize="none", **training):
    return {
        "model_fn": "tfx_updaters.components.trainer.cnn.image",
        "model_args": {"shape": shape, "classes": 2, "filters": [4], "norm": "group"},
        "training": {**ONE, "resize": resize, **training},
    }


@pytest.mark.parametrize("cache_gb", [4, 0])
def test_encoded_images_are_decoded_in_training_and_in_serving(cache_gb, tmp_path):
    rows = pictures()
    folder = write(tmp_path / "data", rows, {"image": ("bytes", [1])})
    config = image_model([12, 10, 3], cache_gb=cache_gb)
    assert trainings.train(folder, tmp_path / "node", config, 80) == 0
    assert served(tmp_path / "node", rows[:20]) == 1


@pytest.mark.parametrize("resize", ["stretch", "pad", "crop"])
def test_images_of_different_sizes_need_a_rule(resize, tmp_path):
    rows = pictures(count=32) + pictures(16, 16, count=32)
    folder = write(tmp_path / "data", rows, {"image": ("bytes", [1])})
    error = trainings.refusal(folder, tmp_path / "none", image_model([12, 10, 3]), 5)
    assert "'image': images of 2 sizes, among them [(12, 10), (16, 16)]; the model takes" in error
    assert "(12, 10); set resize to stretch, pad or crop" in error
    assert trainings.train(folder, tmp_path / "node", image_model([12, 10, 3], resize), 80) == 0
    assert served(tmp_path / "node", rows[:40]) > 0.9


def test_what_is_no_image_is_named(tmp_path):
    rows = [*pictures(count=5), {"image": b"no image", "label": 0}]
    folder = write(tmp_path / "data", rows, {"image": ("bytes", [1])})
    error = trainings.refusal(folder, tmp_path / "none", image_model([12, 10, 3]), 5)
    assert "the image of example 5 of these is no PNG, JPEG, BMP or GIF" in error


def test_windows_of_a_sensor(tmp_path):
    time = np.arange(40)
    rows = [
        {
            "window": np.sin(time * (0.2 + 0.5 * label) + RANDOM.random()).astype("float32"),
            "label": label,
        }
        for label in [0, 1] * 40
    ]
    folder = write(tmp_path / "data", rows, {"window": ("float", [40])})
    config = {
        "model_fn": "tfx_updaters.components.trainer.cnn.window",
        "model_args": {"shape": [40, 1], "classes": 2, "filters": [4, 8]},
        "training": ONE,
    }
    assert trainings.train(folder, tmp_path / "node", config, 80) == 0
    assert served(tmp_path / "node", rows[:20]) > 0.9


def test_several_inputs_by_name(tmp_path):
    rows = [
        {"image": RANDOM.random(6).astype("float32"), "weather": n % 10, "label": n % 10}
        for n in range(40)
    ]
    folder = write(tmp_path / "data", rows, {"image": ("float", [6]), "weather": ("int", [1])})
    config = {
        "model_fn": "models.two_features", "model_args": {"values": 6}, "training": ONE,
    }  # fmt: skip
    assert trainings.train(folder, tmp_path / "node", config, 10) == 0
    assert 0 <= served(tmp_path / "node", rows[:20]) <= 1
