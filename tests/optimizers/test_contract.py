"""What every updater of the catalogue and every class of the article must do in Keras."""

import json

import keras
import numpy as np
import pytest

from tfx_updaters import optimizers
from tfx_updaters.optimizers import (
    ChainedOptimizer,
    CustomWeightDecayUpdater,
    MagnitudeClipUpdater,
    PerLayerMomentumUpdater,
    from_json,
    get,
    names,
)

RULE = {"conv1": 0.5, "default": 0.9}
UPDATERS = {
    **{name: lambda name=name: get(name).optimizer() for name in names()},
    "with a rule": lambda: get("article", layer_momentum_coefs=RULE).optimizer(),
    "MagnitudeClipUpdater": lambda: MagnitudeClipUpdater(0.1, 0.5),
    "CustomWeightDecayUpdater": lambda: CustomWeightDecayUpdater(0.1, 0.01),
    "PerLayerMomentumUpdater": lambda: PerLayerMomentumUpdater(0.05, [0.1, 0.2, 0.3, 0.4]),
    "with a schedule": lambda: MagnitudeClipUpdater(
        keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5), 0.5
    ),
}


@pytest.fixture(params=UPDATERS)
def updater(request):
    return UPDATERS[request.param]()


def model(optimizer, **arguments):
    keras.utils.set_random_seed(0)
    net = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(4, 3, activation="relu", name="conv1"),
            keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax", name="head"),
        ]
    )
    net.compile(optimizer, "sparse_categorical_crossentropy", **arguments)
    return net


def data():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 128)
    images = rng.normal(0, 0.3, (128, 6, 6, 1)) + labels[:, None, None, None]
    return images.astype("float32"), labels


def fit(net, epochs=4):
    return net.fit(*data(), batch_size=32, epochs=epochs, shuffle=False, verbose=0)


def test_it_learns(updater):
    losses = fit(model(updater), epochs=10).history["loss"]
    assert losses[-1] < 0.6 * losses[0]


def test_compiled_equals_eager(updater):
    config = updater.get_config()
    compiled, eager = model(updater), model(type(updater).from_config(config), run_eagerly=True)
    fit(compiled)
    fit(eager)
    for a, b in zip(compiled.get_weights(), eager.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_saved_model_trains_on_as_if_it_had_never_stopped(updater, tmp_path):
    config = updater.get_config()
    whole = model(type(updater).from_config(config))
    fit(whole, epochs=4)
    half = model(updater)
    fit(half, epochs=2)
    half.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    fit(loaded, epochs=2)
    for a, b in zip(whole.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_its_config_is_plain_json_and_makes_it_again(updater):
    config = updater.get_config()
    again = type(updater).from_config(json.loads(json.dumps(config)))
    assert again.get_config() == config
    assert again.fingerprint == updater.fingerprint


def test_mixed_precision(updater):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        losses = fit(model(updater), epochs=10).history["loss"]
    finally:
        keras.config.set_dtype_policy(policy)
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize("name", names())
def test_a_named_updater_and_its_json_make_the_same_chain(name):
    config = get(name)
    assert from_json(json.dumps(config.to_json())) == config
    spelt_out = {
        "learning_rate": config.learning_rate,
        "transforms": [transform.to_json() for transform in config.transforms],
    }
    chain = from_json(spelt_out)
    assert chain.to_json() == spelt_out
    assert chain.transforms == config.transforms


@pytest.mark.parametrize(
    ("argument", "transform"),
    [({"clipvalue": 1.0}, {"transform": "clip", "max_abs": 1.0}),
     ({"weight_decay": 0.1}, {"transform": "add_decayed_weights", "rate": 0.1})],
)  # fmt: skip
def test_what_would_be_done_twice_is_refused(argument, transform):
    with pytest.raises(optimizers.UpdaterError, match="twice"):
        ChainedOptimizer(0.1, [transform], **argument)
    ChainedOptimizer(0.1, [], **argument)
