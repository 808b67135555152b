"""Draws trajectories of real optimizer steps, and keeps the pictures until the code changes."""

import hashlib
import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Surface = Callable[[Any, Any], Any]
SOURCES = Path(__file__).parents[2]
# Seen on white and on black, also by the colour-blind; a marker each besides.
STYLES = (("#3d8fe0", "o"), ("#e07a2e", "s"), ("#2fa37a", "^"), ("#b569d6", "D"))
GREY = "#808080"


@dataclass(frozen=True)
class Walk:
    """A chain on a surface.

    Attributes:
        label: in the legend.
        chain: the transforms.
        rate: the learning rate.
        steps: how many steps.
        disturb: makes of the true gradient and the step's number what the optimizer gets.
        layers: x and y are two variables, `first/kernel` and `second/kernel`, not one kernel.
        slot: draw this state instead of the weights.
    """

    label: str
    chain: Sequence[Any]
    rate: Any
    steps: int = 40
    disturb: Callable[[np.ndarray, int], np.ndarray] = lambda gradient, step: gradient
    layers: bool = False
    slot: str = ""


@dataclass(frozen=True)
class Picture:
    """Walks from one start on one surface.

    Attributes:
        surface: the function that is descended.
        start: where all walks start.
        walks: what is drawn.
        view: x and y limits.
        best: the surface's minimum, marked by a cross.
    """

    surface: Surface
    start: tuple[float, float]
    walks: Sequence[Walk]
    view: tuple[float, float, float, float]
    best: tuple[float, float] | None = (0.0, 0.0)


def draw(pictures: Mapping[str, Picture], folder: Path) -> list[Path]:
    """The pictures' files; drawn only if the optimizers or these scripts have changed."""
    stamp, wanted = folder / "stamp", _digest()
    paths = [folder / f"{name}.svg" for name in pictures]
    if not (stamp.exists() and stamp.read_text() == wanted and all(p.exists() for p in paths)):
        folder.mkdir(exist_ok=True)
        _import_tensorflow()
        stamp.unlink(missing_ok=True)
        for path, picture in zip(paths, pictures.values(), strict=True):
            _draw(picture, path)
        stamp.write_text(wanted)
    return paths


def _import_tensorflow() -> None:
    """Imports it without the lines that its C++ code writes to standard error."""
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")
    kept = os.dup(2)
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        importlib.import_module("tensorflow").constant(0)
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _digest() -> str:
    sha = hashlib.sha256()
    for path in sorted([*SOURCES.glob("optimizers/**/*.py"), *SOURCES.glob("docs/hooks/*.py")]):
        sha.update(path.read_bytes())
    return sha.hexdigest()


def walked(picture: Picture, walk: Walk) -> np.ndarray:
    """The points of a walk, (steps + 1, 2), by real steps of the real optimizer."""
    import keras
    import tensorflow as tf

    from tfx_updaters.optimizers import ChainedOptimizer

    variables = _variables(keras, picture.start, walk.layers)
    optimizer = ChainedOptimizer(walk.rate, walk.chain)
    optimizer.build(variables)
    shown = [v for v in optimizer.variables if walk.slot and v.name.endswith(walk.slot)]
    points = [_point(variables)]
    # Traced once: an eager step costs ten times as much.
    apply = tf.function(lambda *gradients: optimizer.apply(gradients, variables))
    for step in range(walk.steps):
        gradient = walk.disturb(_gradient(picture.surface, _point(variables)), step)
        parts = gradient.reshape((2, 1, 1) if walk.layers else (1, 2, 1)).astype("float32")
        apply(*(tf.constant(part) for part in parts))
        points.append(_point(shown or variables))
    return np.array(points)


def _variables(keras: Any, start: tuple[float, float], layers: bool) -> list[Any]:
    if not layers:
        return [keras.Variable(np.array(start, "float32").reshape(2, 1), name="kernel")]
    made = []
    for layer, value in zip(("first", "second"), start, strict=True):
        with keras.name_scope(layer):
            made.append(keras.Variable(np.full((1, 1), value, "float32"), name="kernel"))
    return made


def _point(variables: Sequence[Any]) -> np.ndarray:
    return np.concatenate([np.asarray(v).ravel() for v in variables]).astype("float64")


def _gradient(surface: Surface, point: np.ndarray) -> np.ndarray:
    """Central differences in float64: exact to about 1e-9 here."""
    h = 1e-6
    x, y = point
    along_x = surface(x + h, y) - surface(x - h, y)
    along_y = surface(x, y + h) - surface(x, y - h)
    return np.array([along_x, along_y]) / (2 * h)


def _draw(picture: Picture, path: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    matplotlib.rcParams.update({"svg.hashsalt": "tfx-updaters", "font.size": 11})
    figure, axes = pyplot.subplots(figsize=(4.6, 3.7), layout="constrained")
    _contours(axes, picture)
    for place, walk in enumerate(picture.walks):
        x, y = _inside(walked(picture, walk), picture.view).T
        colour, marker = STYLES[place]
        axes.plot(
            x, y, color=colour, marker=marker, markersize=3, linewidth=1.3, label=walk.label,
            zorder=9 - place,
        )  # fmt: skip
    axes.plot(*picture.start, "o", markersize=9, markerfacecolor="none", color=GREY)
    if picture.best:
        axes.plot(*picture.best, "x", markersize=9, markeredgewidth=2, color=GREY)
    _frame(figure, axes, picture)
    figure.savefig(path, transparent=True, metadata={"Date": None})
    pyplot.close(figure)


def _contours(axes: Any, picture: Picture) -> None:
    left, right, bottom, top = picture.view
    x, y = np.meshgrid(np.linspace(left, right, 90), np.linspace(bottom, top, 90))
    height = np.vectorize(picture.surface)(x, y)
    height = np.sqrt(height - height.min())
    axes.contour(x, y, height, levels=12, colors=GREY, linewidths=0.5, alpha=0.5)


def _inside(points: np.ndarray, view: tuple[float, float, float, float]) -> np.ndarray:
    """The points up to the first that is far out of view: a line to it is enough."""
    left, right, bottom, top = view
    width, height = right - left, top - bottom
    x, y = points.T
    far = (x < left - width) | (x > right + width) | (y < bottom - height) | (y > top + height)
    far |= ~np.isfinite(x + y)
    return points[: int(np.argmax(far)) + 1] if far.any() else points


def _frame(figure: Any, axes: Any, picture: Picture) -> None:
    left, right, bottom, top = picture.view
    axes.set(xlim=(left, right), ylim=(bottom, top))
    axes.tick_params(colors=GREY, labelsize=9)
    for spine in axes.spines.values():
        spine.set_color(GREY)
    columns = 1 if max(len(walk.label) for walk in picture.walks) > 16 else 2
    figure.legend(loc="outside lower center", ncols=columns, frameon=False, labelcolor=GREY)
