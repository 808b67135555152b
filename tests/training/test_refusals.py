"""What our training refuses before its first step, each with what was found and what is needed."""

import re

import numpy as np
import pytest
import trainings

from tfx_updaters.components import testing

ONE = {"training": {"checkpoint_minutes": None}}


def with_model(name, **arguments):
    return {"model_fn": name, "model_args": arguments, **ONE}


MODELS = {
    "not importable": (
        with_model("models.missing"), r"ModelError: model_fn models.missing does not import: "
    ),
    "no dotted name": (with_model("missing"), r"'package.module.function' is needed"),
    "returns no model": (with_model("models.no_model"), r"returned 'a model'; a keras.Model is"),
    "wrong arguments": (
        with_model("models.no_model", units=3), r"with \{'units': 3\}: .*unexpected keyword"
    ),
    "no inputs": (with_model("models.subclassed"), r"has no inputs of its own; build it with"),
    "an input that is no feature": (
        with_model("models.two_features", first="imagee", second="label"),
        r"no feature 'imagee'; did you mean 'image'\? the model takes imagee \(64,\), .*; "
        r"the schema has image \(float \(64,\)\), label \(int \(1,\)\)",
    ),
    "another size": (
        with_model("models.two_features", second="label", values=65),
        r"feature 'image' has 64 values, its input 65",
    ),
    "no such label": (
        {"training": {"label": "lable"}}, r"no feature 'lable'; did you mean 'label'\?"
    ),
    "too few classes": (
        with_model("models.sequential", units=7),
        r"DataError: split 'train', examples from 0: label 'label' is \[7, 8, 9\] in \d+ examples; "
        r"0 to 6 is what the model has outputs for",
    ),
    "rule that fits no layer": (
        {"updater": {"updater": "momentum", "momentum": {"convolution": 0.5, "default": 0.9}}},
        r"RuleError: .*'convolution' matches no variable; the variables: conv1/kernel, ",
    ),
    "unknown setting": (
        {"training": {"batchsize": 3}}, r"ArgumentError: .*no 'batchsize'; did you mean 'batch_siz"
    ),
    "epochs beside steps": (
        {"training": {"epochs": 3}}, r"epochs: received 3 beside 5 steps in train_args"
    ),
    "neither epochs nor steps": ({"steps": None}, r"epochs: received None beside None steps"),
    "early stopping on what is not there": (
        {"training": {"early_stopping": {"monitor": "val_acuracy"}}},
        r"monitor: received 'val_acuracy'; did you mean 'val_accuracy'\? there are loss, accuracy,",
    ),
    "weight of a class that is not there": (
        {"training": {"class_weights": {"10": 2.0}}},
        r"class_weights: received weights of \[10\]; classes 0 to 9",
    ),
    "unknown loss": ({"training": {"loss": "cross"}}, r"ArgumentError: loss 'cross', metrics"),
}  # fmt: skip


@pytest.mark.parametrize("case", MODELS)
def test_models_and_settings(case, digits, tmp_path):
    config, message = MODELS[case]
    config = {"steps": 5, **config}
    error = trainings.refusal(digits, tmp_path, config, config.pop("steps"))
    assert re.search(message, error, re.DOTALL), error


def rows(count=20, **changed):
    made = [{"image": np.zeros(64, "float32"), "label": n % 10} for n in range(count)]
    for place, row in changed.items():
        made[int(place.removeprefix("at"))] = row
    return made


def data(folder, train, evaluation=None):
    splits = {"train": train, "eval": rows() if evaluation is None else evaluation}
    testing.write_examples(folder / "examples", splits)
    testing.write_schema(folder / "schema", {"image": ("float", [64]), "label": ("int", [1])})
    return folder


IMAGE = np.zeros(64, "float32")
EXAMPLES = {
    "empty train split": ([], None, r"split 'train' is empty"),
    "empty eval split": (rows(), [], r"split 'eval' is empty"),
    "a feature is missing": (
        rows(at3={"label": 1}), None, r"feature 'image' is missing in 1 of 20"
    ),
    "another number of values": (
        rows(at3={"image": IMAGE[:9], "label": 1}), None,
        r"feature 'image' has \[9, 64\] values in an example; the model takes 64",
    ),
    "label below 0": (rows(at7={"image": IMAGE, "label": -1}), None, r"label 'label' is \[-1\] in"),
    "label of the wrong type": (
        rows(at7={"image": IMAGE, "label": 1.0}), None, r"DataError: split 'train'"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", EXAMPLES)
def test_examples(case, tmp_path):
    train, evaluation, message = EXAMPLES[case]
    folder = data(tmp_path / "data", train, evaluation)
    error = trainings.refusal(folder, tmp_path / "node", ONE, steps=5)
    assert re.search(message, error, re.DOTALL), error


def test_a_corrupt_file_is_named_with_the_records_before(tmp_path):
    folder = data(tmp_path / "data", rows(200))
    path = next((folder / "examples" / "Split-train").iterdir())
    path.write_bytes(path.read_bytes()[:-200])
    error = trainings.refusal(folder, tmp_path / "node", ONE, steps=5)
    assert re.search(rf"{path} is truncated or corrupt after record \d+", error), error


def test_a_record_that_is_no_example_is_named(tmp_path):
    import tensorflow as tf

    folder = data(tmp_path / "data", rows(3))
    path = next((folder / "examples" / "Split-train").iterdir())
    with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions("GZIP")) as writer:
        writer.write(testing.example(rows(1)[0]))
        writer.write(b"\xff\xff no example")
    error = trainings.refusal(folder, tmp_path / "node", ONE, steps=5)
    assert f"{path}, record 1, is not a tf.train.Example" in error


@pytest.mark.parametrize("layer", [1, 3])
def test_an_infinite_loss_stops_and_names_the_layer(layer, digits, tmp_path):
    config = with_model("models.exploding", layer=layer)
    error = trainings.refusal(digits, tmp_path, config, steps=5)
    assert re.search(
        r"DivergedError: training diverged: the loss is nan at step 0; the first output that is "
        r"not finite is that of layer boom; norms of the weights: dense1/kernel \d",
        error,
    ), error


def test_divergence_after_some_steps_leaves_no_model_and_says_where(digits, tmp_path):
    config = {"updater": {"updater": "sgd", "learning_rate": 1e30}, **ONE}
    error = trainings.refusal(digits, tmp_path, config, steps=50)
    assert re.search(r"the loss is (nan|inf) at step [1-9]\d*; the first", error), error
    assert "try a lower learning_rate" in error


def test_a_step_that_diverged_is_not_passed_over_by_starting_again(digits, tmp_path):
    config = {"updater": {"updater": "sgd", "learning_rate": 1e30}, **ONE}
    config["training"] = {**config.get("training", {}), "checkpoint_steps": 1}
    errors = [trainings.refusal(digits, tmp_path, config, steps=50) for _ in range(2)]
    first, second = (re.search(r"the loss is (nan|inf) at step (\d+); (.*)", e) for e in errors)
    assert first and second and first.group(2, 3) == second.group(2, 3), errors


def test_too_little_memory_suggests_a_batch_size(digits, tmp_path):
    error = trainings.refusal(digits, tmp_path, with_model("models.enormous"), steps=5)
    assert "out of memory with micro-batches of 32: try batch_size=16, or accumulate=2" in error


def test_a_tuned_name_that_nothing_takes(digits, tmp_path):
    config = {**with_model("models.tunable", units=8), "hyperparameters": {"values": {"unit": 3}}}
    error = trainings.refusal(digits, tmp_path, config, steps=5)
    assert "tuned hyper-parameter 'unit' is none of the updater (learning_rate, momentum" in error
    assert "none of models.tunable (units, name)" in error
