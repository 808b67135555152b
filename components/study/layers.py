"""What the last update of each epoch of a trial did to each layer."""

import re
import tempfile
from collections.abc import Sequence
from typing import Any

from tfx_updaters.components.trainer.dynamics import Dynamics
from tfx_updaters.components.trainer.dynamics_file import read_dynamics
from tfx_updaters.components.trainer.figures import titles, told

# Statistics of `trainer.figures` that say how updaters differ.
KEPT = ("clipped", "update_ratio", "cosine")
CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Layers(Dynamics):
    """Records one update of each epoch, which changes no training; see docs/dynamics.md.

    Args:
        updates: of an epoch.
    """

    def __init__(self, updates: int):
        self._files = tempfile.TemporaryDirectory()
        super().__init__(self._files.name, every=updates)

    def values(self) -> dict[str, dict[str, list[float]]]:
        """After `fit`, by statistic and layer, of an epoch each; a first cosine may be missing."""
        frame = read_dynamics(self._files.name)
        self._files.cleanup()
        layers = list(dict.fromkeys(frame.layer))
        anew = dict(zip(layers, self._named_anew(layers), strict=True))
        names = {layer: anew[layer] for layer in told(layers)}
        return {
            statistic: _by_layer(frame[frame.statistic == statistic], names)
            for each in KEPT
            for statistic, _ in titles(each, frame.statistic)
        }

    def _named_anew(self, paths: Sequence[str]) -> list[str]:
        """The paths as the first model of a process has them.

        Keras numbers the names that it gives itself through all models of a process, so that the
        same layer is another one in each trial.
        """
        model: Any = self.model
        given = {CAPITAL.sub("_", type(each).__name__).lower() for each in model._flatten_layers()}
        seen: dict[str, list[str]] = {}

        def first(name: str) -> str:
            kind = re.sub(r"_\d+$", "", name)
            if kind not in given:
                return name
            same = seen.setdefault(kind, [])
            if name not in same:
                same.append(name)
            return f"{kind}_{same.index(name)}" if same.index(name) else kind

        return ["/".join(map(first, path.split("/"))) for path in paths]


def _by_layer(frame: Any, names: dict[str, str]) -> dict[str, list[float]]:
    """The values of each layer that has a name here."""
    found = frame[frame.layer.isin(list(names))]
    return {
        names[str(layer)]: rows.value.tolist() for layer, rows in found.groupby("layer", sort=False)
    }
