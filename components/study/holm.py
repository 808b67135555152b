"""Several statements that hold together: S. Holm, Scandinavian J. of Statistics 6 (1979) 65-70."""

from collections.abc import Sequence

import numpy as np


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values of statements that hold together."""
    order = np.argsort(p_values, kind="stable")
    left = len(order) - np.arange(len(order))
    stepped = np.maximum.accumulate(np.asarray(p_values)[order] * left)
    found = np.empty(len(order))
    found[order] = np.minimum(stepped, 1.0)
    return found.tolist()


def levels(p_values: Sequence[float], confidence: float) -> list[float]:
    """The level that Holm's procedure judges each of them at, in its order, until it stops.

    An interval at that level leaves zero out just where the adjusted p-value is at most
    1 - confidence.
    """
    order = np.argsort(p_values, kind="stable")
    left = len(order)
    judged = np.empty(len(order))
    stopped = False
    for place in order:
        judged[place] = 1 - (1 - confidence) / left
        stopped = stopped or p_values[place] > (1 - confidence) / left
        left -= not stopped
    return judged.tolist()
