"""What is drawn of a training: its curves by epoch, and what its updates did to each layer."""

import os
from collections.abc import Iterable, Sequence
from typing import Any

from tfx_updaters.components.report.curves import Line, Plot, Point, plot
from tfx_updaters.components.trainer.dynamics_file import read_dynamics
from tfx_updaters.components.trainer.epochs import read_epochs

# Statistics of layers that are drawn, those that begin with a name.
DRAWN = {
    "update_ratio": "norm of the update by norm of the weights",
    "cosine": "cosine between an update and the one before",
    "clipped": "share that a clip made smaller",
    "gradient_norm": "norm of the gradient",
}
# Variables that follow the kernel of their layer, and how many lines can be told apart.
SMALL, LAYERS = ("bias", "beta", "gamma"), 12


def learning(folder: str | os.PathLike) -> list[Plot]:
    """Each metric by epoch, on what was trained on and on the eval split.

    Args:
        folder: of the training, `model_run` of our Trainer.
    """
    plots = []
    for metric, splits in sorted(read_epochs(folder).items()):
        if "eval" in splits:
            lines = [
                Line(split, [Point(epoch, value) for epoch, value in curve])
                for split, curve in splits.items()
            ]
            plots.append(plot(metric, "epochs", lines))
    return [each for each in plots if each]


def dynamics(folder: str | os.PathLike) -> list[Plot]:
    """What the updates did by layer: see docs/dynamics.md.

    Args:
        folder: with a `dynamics.parquet`.

    Raises:
        DynamicsError: there is none.
    """
    frame = read_dynamics(folder)
    plots = [
        _by_layer(frame[frame.statistic == statistic], title)
        for name in DRAWN
        for statistic, title in titles(name, frame.statistic)
    ]
    return [each for each in plots if each]


def titles(name: str, statistics: Iterable[str]) -> list[tuple[str, str]]:
    """Those of the statistics that are of this name, each with its title.

    Of several clips in a chain each is told: its place is behind the name.
    """
    return [
        (each, DRAWN[name] if each == name else f"{DRAWN[name]}, {each}")
        for each in sorted(set(statistics))
        if each == name or each.startswith(f"{name}_")
    ]


def _by_layer(frame: Any, title: str) -> Plot | None:
    lines = []
    for layer in told(list(dict.fromkeys(frame.layer))):
        rows = frame[frame.layer == layer]
        points = zip(rows.step.tolist(), rows.value.tolist(), strict=True)
        lines.append(Line(layer, [Point(step, value) for step, value in points]))
    return plot(title, "updates", lines)


def told(layers: Sequence[str]) -> list[str]:
    """The kernels, and of many layers some from the first to the last; not the whole model."""
    named = [layer for layer in layers if layer]
    large = [layer for layer in named if layer.rpartition("/")[2] not in SMALL] or named
    most = min(len(large), LAYERS)
    return [large[round(n * (len(large) - 1) / max(most - 1, 1))] for n in range(most)]
