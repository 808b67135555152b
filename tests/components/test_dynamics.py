"""What is recorded is what happened, and happens without the record too."""

from itertools import pairwise

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from dynamics_subjects import BATCH, LOSS, OPTIMIZERS, PATHS, X, Y, fit, model, table

from tfx_updaters.components.errors import DynamicsError
from tfx_updaters.components.trainer.dynamics import Dynamics
from tfx_updaters.components.trainer.dynamics_file import read_dynamics
from tfx_updaters.optimizers import (
    AdaptiveClip,
    ChainedOptimizer,
    Clip,
    ClipByGlobalNorm,
    SkipNotFinite,
    Trace,
    Where,
)

STEPS = 12


def by_hand(make):
    """Gradients, weights after each step and losses of the same training, outside of `fit`."""
    made = model(make())
    loss_of = keras.losses.get(LOSS)
    weights = [[v.numpy() for v in made.trainable_variables]]
    gradients, losses = [], []
    for step in range(STEPS):
        place = slice(step * BATCH % len(X), step * BATCH % len(X) + BATCH)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(loss_of(Y[place], made(X[place], training=True)))
        found = tape.gradient(loss, [v.value for v in made.trainable_variables])
        made.optimizer.apply(found, made.trainable_variables)
        gradients.append([g.numpy() for g in found])
        weights.append([v.numpy() for v in made.trainable_variables])
        losses.append(float(loss))
    return gradients, weights, losses


def norm(x):
    return np.linalg.norm(np.concatenate([np.ravel(part) for part in x]).astype(float))


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("every", [1, 4])
def test_the_numbers_are_those_of_numpy(name, every, tmp_path):
    gradients, weights, losses = by_hand(OPTIMIZERS[name])
    fit(model(OPTIMIZERS[name]()), [Dynamics(tmp_path, every)])
    found = table(read_dynamics(tmp_path))
    assert sorted(set(found.index.get_level_values("step"))) == list(range(every, 13, every))
    updates = [[b - a for a, b in zip(*pair, strict=True)] for pair in pairwise(weights)]
    for step in range(every, STEPS + 1, every):
        for layer in [*PATHS, ""]:
            here = [PATHS.index(layer)] if layer else range(len(PATHS))
            g, u, w = (
                [of[k] for k in here]
                for of in (gradients[step - 1], updates[step - 1], weights[step])
            )
            want = {
                "gradient_norm": norm(g), "update_norm": norm(u), "weight_norm": norm(w),
                "update_ratio": norm(u) / norm(w), "effective_rate": norm(u) / norm(g),
            }  # fmt: skip
            if step > 1:
                last = [updates[step - 2][k] for k in here]
                dot = sum((a.astype(float) * b).sum() for a, b in zip(u, last, strict=True))
                want["cosine"] = dot / norm(u) / norm(last)
            for statistic, value in want.items():
                got = found[step, layer, statistic]
                np.testing.assert_allclose(got, value, rtol=2e-3, atol=1e-5, err_msg=statistic)
        assert found[step, "", "loss"] == pytest.approx(losses[step - 1], rel=1e-5)
    assert (1, "", "cosine") not in found.index


def test_clip_decay_and_momentum_by_hand(tmp_path):
    gradients, weights, _ = by_hand(OPTIMIZERS["clip, decay, trace"])
    fit(model(OPTIMIZERS["clip, decay, trace"]()), [Dynamics(tmp_path, 1)])
    found = table(read_dynamics(tmp_path))
    for k, layer in enumerate(PATHS):
        trace = 0.0
        for step in range(1, STEPS + 1):
            gradient = gradients[step - 1][k]
            trace = 0.9 * trace + np.clip(gradient, -0.05, 0.05) + 0.01 * weights[step - 1][k]
            share = np.mean(np.abs(gradient) > 0.05)
            assert found[step, layer, "clipped"] == pytest.approx(share, abs=1e-6)
            assert found[step, layer, "momentum_norm"] == pytest.approx(norm([trace]), rel=1e-4)
            assert found[step, "", "learning_rate"] == pytest.approx(0.05)


def test_keras_momentum_and_clip(tmp_path):
    gradients, _, _ = by_hand(OPTIMIZERS["Keras' clip"])
    made = fit(model(OPTIMIZERS["Keras' clip"]()), [Dynamics(tmp_path, 6)])
    found = table(read_dynamics(tmp_path))
    for k, layer in enumerate(PATHS):
        share = np.mean(np.abs(gradients[-1][k]) > 0.05)
        assert found[12, layer, "clipped"] == pytest.approx(share, abs=1e-6)
        momentum = made.optimizer.momentums[k].numpy()
        assert found[12, layer, "momentum_norm"] == pytest.approx(norm([momentum]), rel=1e-5)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_training_is_the_same_bit_for_bit(name, tmp_path):
    plain = fit(model(OPTIMIZERS[name]()))
    for every in (1, 3, 10):
        recorded = fit(model(OPTIMIZERS[name]()), [Dynamics(tmp_path / str(every), every)])
        ours, theirs = (
            [v.numpy() for v in [*m.variables, *m.optimizer.variables]] for m in (recorded, plain)
        )
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)


def test_chains_tell_what_each_transform_did(tmp_path):
    chain = [Clip(1e-4), Where("kernel", AdaptiveClip(1e-9)), ClipByGlobalNorm(1e3), Trace(0.5)]
    fit(model(ChainedOptimizer(0.1, chain)), [Dynamics(tmp_path, 6)])
    found = table(read_dynamics(tmp_path))
    assert found[6, "head/kernel", "clipped_0"] > 0.5
    assert found[6, "head/kernel", "clipped_1"] == 1
    assert (6, "head/bias", "clipped_1") not in found.index
    assert found[6, "head/bias", "clipped_2"] == 0


def test_steps_are_counted_on_over_fits_and_models(tmp_path):
    dynamics = Dynamics(tmp_path, 5)
    first = fit(model(OPTIMIZERS["fused adam"]()), [dynamics])
    fit(first, [dynamics], epochs=1)
    fit(model("sgd"), [dynamics])
    frame = read_dynamics(tmp_path)
    assert frame.step.unique().tolist() == [5, 10, 15, 20, 25, 30]
    cosines = frame[(frame.statistic == "cosine") & (frame.layer == "")]
    assert len(cosines) == 6
    assert not (tmp_path / "dynamics.parts").exists()


def test_what_is_due_depends_on_updates_with_accumulation(tmp_path):
    made = fit(model(keras.optimizers.SGD(0.1, gradient_accumulation_steps=3)),
               [Dynamics(tmp_path, 2)], epochs=4)  # fmt: skip
    assert int(made.optimizer.iterations) == 8
    found = table(read_dynamics(tmp_path))
    norms = found.xs(("", "update_norm"), level=("layer", "statistic"))
    rates = found.xs(("", "effective_rate"), level=("layer", "statistic"))
    assert norms.index.tolist() == [2, 4, 6, 8] and (norms > 0).all()
    np.testing.assert_allclose(rates, 0.1, rtol=1e-3)


def test_several_steps_at_once(tmp_path):
    fit(model(OPTIMIZERS["clip, decay, trace"]()), [Dynamics(tmp_path / "one", 3)], epochs=3)
    made = model(OPTIMIZERS["clip, decay, trace"](), steps_per_execution=4)
    fit(made, [Dynamics(tmp_path / "four", 3)], epochs=3)
    drop = ["examples_per_second"]
    one, four = (read_dynamics(tmp_path / name) for name in ("one", "four"))
    one, four = (f[~f.statistic.isin(drop)].reset_index(drop=True) for f in (one, four))
    pd.testing.assert_frame_equal(one, four)
    assert made.steps_per_execution == 4 and len(one) > 50


def test_compiled_with_xla(tmp_path):
    for name, jit in (("off", False), ("on", True)):
        made = model(OPTIMIZERS["clip, decay, trace"](), jit_compile=jit)
        fit(made, [Dynamics(tmp_path / name, 4)])
    off, on = (table(read_dynamics(tmp_path / name)) for name in ("off", "on"))
    keep = [k for k in off.index if k[2] != "examples_per_second"]
    np.testing.assert_allclose(on[keep], off[keep], rtol=1e-3, atol=1e-5)


def test_run_eagerly(tmp_path):
    fit(model(OPTIMIZERS["Keras' adam"](), run_eagerly=True), [Dynamics(tmp_path, 4)], epochs=1)
    assert (4, "head/kernel", "gradient_norm") in table(read_dynamics(tmp_path)).index


def test_loss_scaling_and_steps_that_overflow(tmp_path):
    """The first loss scale overflows float16: those steps are left out, and are not counted."""
    inner = OPTIMIZERS["clip, decay, trace"]()
    scaled = keras.optimizers.LossScaleOptimizer(inner, initial_scale=2.0**24)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        made = fit(model(scaled), [Dynamics(tmp_path, 1)], epochs=4)
    finally:
        keras.config.set_dtype_policy("float32")
    done = int(made.optimizer.iterations)
    frame = read_dynamics(tmp_path)
    assert 0 < done < 24 and frame.step.unique().tolist() == list(range(1, done + 1))
    found = table(frame)
    assert all(0 < found[s, "", "gradient_norm"] < 100 for s in range(1, done + 1))


def test_a_loss_that_is_not_finite_is_recorded(tmp_path):
    made = model(ChainedOptimizer(1.0, [SkipNotFinite(1)]))
    # Not by inputs: a rectifier gives 0 for NaN on some processors.
    weights = np.where(np.arange(len(X)) < BATCH, np.nan, 1.0)
    made.fit(
        X, Y, sample_weight=weights, batch_size=BATCH, shuffle=False, verbose=0,
        callbacks=[Dynamics(tmp_path, 1)],
    )  # fmt: skip
    found = table(read_dynamics(tmp_path))
    assert np.isnan(found[1, "", "loss"]) and np.isnan(found[1, "head/bias", "gradient_norm"])
    assert found[1, "", "update_norm"] == 0
    assert np.isfinite(found[2, "", "loss"])


class Own(keras.Model):
    """A training step of the user's, as Keras' guide has it."""

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            predicted = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=predicted)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"mine": loss}


def test_a_training_step_of_the_users(tmp_path):
    fit(model(OPTIMIZERS["Keras' adam"](), cls=Own, metrics=None), [Dynamics(tmp_path, 3)])
    found = table(read_dynamics(tmp_path))
    assert found[6, "", "mine"] == pytest.approx(found[6, "", "loss"])
    assert found[6, "head/kernel", "gradient_norm"] > 0


def test_frozen_layers_and_sparse_gradients(tmp_path):
    made = keras.Sequential(
        [
            keras.Input((4,), dtype="int32"),
            keras.layers.Embedding(5, 3, name="words"),
            keras.layers.Flatten(),
            keras.layers.Dense(2, trainable=False, name="frozen"),
            keras.layers.Dense(1, name="head"),
        ]
    )
    made.compile("adam", "mse")
    x = np.random.default_rng(0).integers(0, 5, (8, 4))
    made.fit(x, np.ones(8), epochs=2, verbose=0, callbacks=[Dynamics(tmp_path, 1)])
    layers = set(read_dynamics(tmp_path).layer)
    assert layers == {"", "words/embeddings", "head/kernel", "head/bias"}


def test_the_model_gets_its_train_function_back(tmp_path):
    made = model("sgd")
    fit(made, epochs=1)
    plain = made.train_function
    fit(made, [Dynamics(tmp_path, 1)], epochs=1)
    assert made.train_function is plain
    assert "compute_loss" not in vars(made)
    assert "_all_reduce_sum_gradients" not in vars(made.optimizer)


class Fails(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 3:
            raise RuntimeError("broken off")


def test_after_a_fit_that_broke_off(tmp_path):
    """The next fit, without a record, is not recorded; one with a record is."""
    made, dynamics = model("sgd"), Dynamics(tmp_path, 1)
    with pytest.raises(RuntimeError, match="broken off"):
        fit(made, [dynamics, Fails()])
    fit(made, epochs=1)
    dynamics.flush()
    assert read_dynamics(tmp_path).step.max() == 4
    fit(made, [dynamics], epochs=1)
    assert read_dynamics(tmp_path).step.unique().tolist() == [1, 2, 3, 4, *range(11, 17)]


def test_what_is_refused(tmp_path):
    for every in (0, -1, 1.5, True, "2"):
        with pytest.raises(DynamicsError, match="integer from 1 on"):
            Dynamics(tmp_path, every)
    with pytest.raises(DynamicsError, match="two Dynamics"):
        fit(model("sgd"), [Dynamics(tmp_path, 1), Dynamics(tmp_path, 1)])
    with pytest.raises(DynamicsError, match=r"dynamics\.parquet.*has nothing"):
        read_dynamics(tmp_path)
    (tmp_path / "dynamics.parquet").write_text("no")
    with pytest.raises(DynamicsError, match="no Parquet file"):
        read_dynamics(tmp_path)
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "dynamics.parquet")
    with pytest.raises(DynamicsError, match=r"has the columns a \(int64\)"):
        read_dynamics(tmp_path / "dynamics.parquet")
