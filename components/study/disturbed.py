"""Training examples under a condition of a study."""

from collections.abc import Mapping

import numpy as np

from tfx_updaters.components.evaluator.corruptions import Corruption
from tfx_updaters.components.study.conditions import CLEAN, LABEL_NOISE, OUTLIERS, Condition

# Share of an outlier's values that are moved, and by how many standard deviations of the data.
MOVED, FAR = 0.05, 10.0


def disturbed(
    condition: Condition, arrays: Mapping[str, np.ndarray], label: str, classes: int, seed: int
) -> dict[str, np.ndarray]:
    """Training examples under the condition; the same for the same seed.

    Args:
        condition: what is wrong.
        arrays: examples x shape, by feature.
        label: which of them holds the classes.
        classes: how many there are.
        seed: which examples are changed, and how.

    Raises:
        ComponentError: a corruption that does not fit an input's shape or range.
    """
    changed = {name: np.array(values) for name, values in arrays.items()}
    count = len(changed[label])
    random = np.random.default_rng(seed)
    chosen = random.permutation(count)[: round(condition.share * count)]
    if condition.name == CLEAN or not len(chosen):
        return changed
    if condition.name == LABEL_NOISE:
        other = random.integers(1, classes, len(chosen))
        changed[label][chosen] = (changed[label][chosen] + other) % classes
        return changed
    for name in sorted(changed.keys() - {label}):
        values = changed[name]
        if condition.name == OUTLIERS:
            changed[name] = _with_outliers(values, chosen, condition.strength or FAR, random)
        else:
            values[chosen] = _corruption(condition, name, values, seed).of(values[chosen])
    return changed


def _corruption(condition: Condition, name: str, values: np.ndarray, seed: int) -> Corruption:
    of_images = Corruption(condition.name, name).of_images
    return Corruption(
        condition.name, name, condition.strength, shape=values.shape[1:],
        range=[float(values.min()), float(values.max())] if of_images else None, seed=seed,
    )  # fmt: skip


def _with_outliers(
    values: np.ndarray, chosen: np.ndarray, far: float, random: np.random.Generator
) -> np.ndarray:
    """Float values, as a whole number may have no room for an outlier: pixels are 0 to 1 then."""
    moved = values.astype(np.float32) / (255 if values.dtype == np.uint8 else 1)
    flat = moved.reshape(len(moved), -1)
    places = random.random((len(chosen), flat.shape[1]))
    # The least few of each row, so that each outlier has as many, and one at least.
    most = np.sort(places, axis=1)[:, max(1, round(MOVED * flat.shape[1])) - 1, None]
    signs = random.choice([-1.0, 1.0], places.shape)
    flat[chosen] += np.where(places <= most, signs * far * float(moved.std()), 0.0)
    return moved
