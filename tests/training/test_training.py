"""Our own training: reproducible, right in every mode, and exported for everyone."""

import json
import shutil
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import tensorflow as tf
import trainings
from sklearn.datasets import load_digits
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tfx_updaters.components import testing

BASE = {"checkpoint_minutes": None}


def metrics(node):
    return json.loads((node / "model_run" / "1" / "metrics.json").read_text())


def train(digits, node, steps=30, **config):
    assert trainings.train(digits, node, {"training": BASE, **config}, steps) == 0
    return trainings.weights(node)


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_equal_seeds_give_equal_weights_and_another_seed_others(digits, tmp_path):
    first = train(digits, tmp_path / "1")
    assert equal(first, train(digits, tmp_path / "2"))
    assert not equal(first, train(digits, tmp_path / "3", training={**BASE, "seed": 1}))


def test_the_order_in_which_examples_were_written_changes_nothing(digits, tmp_path):
    """Several of Beam's workers write them in several files, in whatever order they finish."""
    shutil.copytree(digits, tmp_path / "data")
    for path in list(tmp_path.glob("data/examples/*/*.gz")):
        records = [r.numpy() for r in tf.data.TFRecordDataset(str(path), "GZIP")]
        path.unlink()
        for number, part in enumerate((records[150::-1], records[:150:-1])):
            name = path.with_name(f"data_tfrecord-0000{number}-of-00002.gz")
            with tf.io.TFRecordWriter(str(name), "GZIP") as writer:
                for record in part:
                    writer.write(record)
    there = train(tmp_path / "data", tmp_path / "there")
    assert equal(train(digits, tmp_path / "here"), there)
    # Those that are not in memory come as they were written.
    assert not equal(there, train(digits, tmp_path / "streamed", training={**BASE, "cache_gb": 0}))


def test_it_learns_digits(digits, tmp_path):
    train(digits, tmp_path, steps=150)
    reached = metrics(tmp_path)
    assert reached["train"]["accuracy"] > 0.9 and reached["eval"]["accuracy"] > 0.7, reached


def test_epochs_are_an_alternative_to_steps(digits, tmp_path):
    steps = train(digits, tmp_path / "steps", steps=20)
    epochs = train(digits, tmp_path / "epochs", steps=None, training={**BASE, "epochs": 2})
    assert equal(steps, epochs)


def test_micro_batches_give_the_update_of_the_whole_batch(digits, tmp_path):
    """Without batch normalization and dropout, which see the micro-batch."""
    plain = {"model_args": {"shape": [8, 8, 1], "classes": 10}}
    whole = train(digits, tmp_path / "whole", **plain)
    parts = train(digits, tmp_path / "parts", **plain, training={**BASE, "accumulate": 4})
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_learns_too(precision, digits, tmp_path):
    train(digits, tmp_path, steps=150, training={**BASE, "precision": precision})
    assert metrics(tmp_path)["train"]["accuracy"] > 0.9


def test_xla_learns_too(digits, tmp_path):
    train(digits, tmp_path, steps=150, training={**BASE, "jit_compile": True})
    assert metrics(tmp_path)["train"]["accuracy"] > 0.9


def test_examples_that_do_not_fit_in_memory_are_read_again(digits, tmp_path):
    train(digits, tmp_path, steps=150, training={**BASE, "cache_gb": 0})
    assert metrics(tmp_path)["train"]["accuracy"] > 0.95


def test_a_class_without_weight_is_not_learnt(digits, tmp_path):
    train(digits, tmp_path, steps=150, training={**BASE, "class_weights": {"3": 0.0}})
    images, labels = load_digits(return_X_y=True)
    model = trainings.model(tmp_path)
    guessed = model.predict((images / 16).reshape(-1, 8, 8, 1), verbose=0).argmax(1)
    assert (guessed[labels == 3] == 3).mean() < 0.1 < 0.8 < (guessed == labels)[labels != 3].mean()


def test_early_stopping_puts_the_best_weights_back(digits, tmp_path):
    early = {"monitor": "val_loss", "patience": 1}
    config = {"updater": {"updater": "sgd", "learning_rate": 5.0}}
    train(digits, tmp_path, 400, **config, training={**BASE, "early_stopping": early})
    events = list((tmp_path / "model_run" / "1" / "validation").iterdir())
    accumulator = EventAccumulator(str(events[0]), size_guidance={"tensors": 0})
    accumulator.Reload()
    losses = [float(tf.make_ndarray(e.tensor_proto)) for e in accumulator.Tensors("epoch_loss")]
    assert len(losses) < 40
    assert metrics(tmp_path)["eval"]["loss"] == pytest.approx(min(losses), rel=1e-5)


def test_a_base_model_is_where_training_starts(digits, tmp_path):
    plain = {"model_args": {"shape": [8, 8, 1], "classes": 10}}
    trained = train(digits, tmp_path / "base", steps=50, **plain)
    base = str(tmp_path / "base" / "model" / "1")
    frozen = {"updater": {"updater": "sgd", "learning_rate": 1e-12}}
    started = train(digits, tmp_path / "next", steps=1, base_model=base, **frozen, **plain)
    for one, other in zip(trained, started, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_what_is_exported_loads_and_agrees_without_this_package(digits, tmp_path):
    train(digits, tmp_path)
    images = (load_digits().images[:5] / 16).astype("float32")
    serialized = [testing.example({"image": image}) for image in images]
    np.savez(
        tmp_path / "in.npz", images=images[..., None], serialized=[s.hex() for s in serialized]
    )
    code = f"""
        import sys
        class Missing:
            def find_spec(self, name, path=None, target=None):
                if name.split(".")[0] in ("tfx_updaters", "tfx", "tensorflow_transform"):
                    raise ImportError(name)
        sys.meta_path.insert(0, Missing())
        import keras, numpy as np, tensorflow as tf
        folder = {str(tmp_path)!r}
        given = np.load(folder + "/in.npz")
        loaded = tf.saved_model.load(folder + "/model/1/Format-Serving")
        one = loaded.signatures["serving_default"](
            tf.constant([bytes.fromhex(text) for text in given["serialized"]]))
        two = loaded.signatures["serving_raw"](image=tf.constant(given["images"]))
        model = keras.models.load_model(folder + "/model/1/Format-Keras/model.keras")
        three = model(given["images"])
        np.testing.assert_array_equal(one["outputs"], two["outputs"])
        np.testing.assert_allclose(one["outputs"], three, atol=1e-6)
        names = [name for name, _ in tf.train.list_variables(
            folder + "/model/1/Format-Serving/variables/variables")]
        assert not [name for name in names if "optimizer" in name], names
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_what_a_tuner_found_goes_to_the_updater_and_the_model(digits, tmp_path):
    model = {"model_fn": "models.tunable", "model_args": {"units": 3}}
    plain = {**model, "updater": {"updater": "momentum", "momentum": 0.5, "learning_rate": 0.1}}
    by_hand = train(digits, tmp_path / "1", **{**plain, "model_args": {"units": 5}})
    values = {"units": 5, "momentum": 0.5, "learning_rate": 0.1}
    found = {"space": [], "values": values}
    assert equal(by_hand, train(digits, tmp_path / "2", **model, hyperparameters=found))


def test_a_tuned_rate_reaches_an_optimizer_of_keras(digits, tmp_path):
    adam = {"module": "keras.optimizers", "class_name": "Adam", "registered_name": None}
    model = {"model_fn": "models.tunable", "model_args": {"units": 5}}
    by_hand = {**adam, "config": {"learning_rate": 0.25}}
    by_hand = train(digits, tmp_path / "1", **model, updater=by_hand)
    found = {"space": [], "values": {"learning_rate": 0.25}}
    chosen = {**adam, "config": {"learning_rate": 0.001}}
    assert equal(
        by_hand, train(digits, tmp_path / "2", **model, updater=chosen, hyperparameters=found)
    )
