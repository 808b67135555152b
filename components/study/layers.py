"""What the last update of each epoch of a trial did to each layer."""

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tfx_updaters.components.trainer.dynamics_file import read_dynamics
from tfx_updaters.components.trainer.figures import titles, told
from tfx_updaters.components.trainer.journal import Journal
from tfx_updaters.components.trainer.recorder import Recorder
from tfx_updaters.components.trainer.train_function import Look

# Statistics of `trainer.figures` that say how updaters differ.
KEPT = ("clipped", "update_ratio", "cosine")
CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Layers:
    """Records one update of each epoch, which changes no training; see docs/dynamics.md.

    Args:
        model: compiled, with a built optimizer; it trains one trial after the other.
        updates: of an epoch.
        traced: traces a step of the model, and gives its graph.

    Attributes:
        watched: the graph of a step that is looked at.
    """

    def __init__(self, model: Any, updates: int, traced: Callable[[], Any]):
        self._layers = list(model._flatten_layers())
        self._files = tempfile.TemporaryDirectory()
        self._journal = Journal(Path(self._files.name), None)
        self._recorder = Recorder(model, updates, self._journal)
        self._recorder.begin()
        with self._recorder.watching():
            self.watched = traced()

    def begin(self) -> None:
        """A training begins: what was recorded of the one before is dropped."""
        self._recorder.begin()

    def look(self, count: int) -> Look:
        """What is wanted of the step after which `count` batches were trained on."""
        return self._recorder.look(count)

    def after(self, look: Look, logs: dict[str, float]) -> None:
        """Looks at a step that was run alone."""
        self._recorder.after(look, logs)

    def values(self) -> dict[str, dict[str, list[float]]]:
        """By statistic and layer, of an epoch each; a first cosine may be missing."""
        self._recorder.settle()
        self._journal.finish()
        frame = read_dynamics(self._files.name)
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
        given = {CAPITAL.sub("_", type(each).__name__).lower() for each in self._layers}
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
