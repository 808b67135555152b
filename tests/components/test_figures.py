"""The pictures of a training: the numbers that Keras and `Dynamics` had, and none besides."""

import keras
import numpy as np
import pytest

from tfx_updaters.components import DynamicsError
from tfx_updaters.components.trainer import figures
from tfx_updaters.components.trainer.dynamics import Dynamics
from tfx_updaters.components.trainer.dynamics_file import read_dynamics
from tfx_updaters.components.trainer.epochs import read_epochs
from tfx_updaters.components.trainer.progress import EventsByEpoch
from tfx_updaters.optimizers import ChainedOptimizer, Clip, Trace

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(64, 5)), RANDOM.normal(size=(64, 1))


CHAIN = (Clip(0.01), Trace(0.9))


def fit(folder, layers=2, chain=CHAIN):
    """Three epochs of four steps; what Keras says of them."""
    names = [keras.layers.Dense(3, name=f"dense{n}") for n in range(layers - 1)]
    model = keras.Sequential([keras.Input((5,)), *names, keras.layers.Dense(1, name="head")])
    model.compile(ChainedOptimizer(0.05, list(chain)), "mse", metrics=["mae"])
    callbacks = [EventsByEpoch(str(folder), write_graph=False), Dynamics(folder, every=2)]
    return model.fit(
        X, Y, epochs=3, batch_size=16, validation_data=(X[:8], Y[:8]), verbose=0,
        callbacks=callbacks,
    ).history  # fmt: skip


def test_epochs_are_read_back_as_keras_had_them(tmp_path):
    history = fit(tmp_path)
    found = read_epochs(tmp_path)
    for metric in ("loss", "mae"):
        for split, name in (("train", metric), ("eval", f"val_{metric}")):
            epochs, values = zip(*found[metric][split], strict=True)
            assert epochs == (1, 2, 3)
            assert values == pytest.approx(history[name], rel=1e-6)
    titles = [plot.title for plot in figures.learning(tmp_path)]
    assert titles == ["loss", "mae"]  # The rate has no value on the eval split.
    plot = figures.learning(tmp_path)[0]
    last = [f"{history[name][-1]:.4f}".rstrip("0") for name in ("loss", "val_loss")]
    assert plot.table.head == ["epochs", "train", "eval"] and plot.table.rows[-1] == ["3", *last]


def test_dynamics_are_those_of_the_kernels(tmp_path):
    fit(tmp_path)
    frame = read_dynamics(tmp_path)
    plots = {plot.title: plot for plot in figures.dynamics(tmp_path)}
    assert list(plots) == list(figures.DRAWN.values())
    plot = plots[figures.DRAWN["update_ratio"]]
    assert plot.table.head == ["updates", "dense0/kernel", "head/kernel"]
    rows = frame[(frame.layer == "head/kernel") & (frame.statistic == "update_ratio")]
    assert [int(row[0]) for row in plot.table.rows] == rows.step.tolist() == [2, 4, 6, 8, 10, 12]
    shown = [float(row[2]) for row in plot.table.rows]
    assert shown == pytest.approx(rows.value.tolist(), abs=5e-5)


def test_of_many_layers_twelve_are_drawn_from_the_first_to_the_last(tmp_path):
    fit(tmp_path, layers=15)
    for plot in figures.dynamics(tmp_path):
        layers = plot.table.head[1:]
        assert len(layers) == len(set(layers)) == 12
        assert (layers[0], layers[-1]) == ("dense0/kernel", "head/kernel")


def test_each_of_several_clips_has_a_picture_and_a_chain_without_one_has_none(tmp_path):
    fit(tmp_path / "two", chain=(Clip(0.01), Trace(0.9), Clip(0.1)))
    titles = [plot.title for plot in figures.dynamics(tmp_path / "two")]
    assert [title.rpartition(", ")[2] for title in titles if "clip" in title] == [
        "clipped_0", "clipped_2",
    ]  # fmt: skip
    fit(tmp_path / "none", chain=(Trace(0.9),))
    assert not [p for p in figures.dynamics(tmp_path / "none") if "clip" in p.title]


def test_a_folder_without_a_record_says_so(tmp_path):
    assert figures.learning(tmp_path) == []
    with pytest.raises(DynamicsError, match=r"dynamics\.parquet"):
        figures.dynamics(tmp_path)
