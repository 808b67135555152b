"""What the last update of each epoch of a trial did to each layer."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tfx_updaters.components.trainer.dynamics_file import read_dynamics
from tfx_updaters.components.trainer.figures import titles, told
from tfx_updaters.components.trainer.journal import Journal
from tfx_updaters.components.trainer.recorder import Recorder
from tfx_updaters.components.trainer.train_function import Look

# Statistics of `trainer.figures` that say how updaters differ.
KEPT = ("clipped", "update_ratio", "cosine")


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
        frame = frame[frame.layer.isin(told(list(dict.fromkeys(frame.layer))))]
        kept = [each for name in KEPT for each, _ in titles(name, frame.statistic)]
        return {
            statistic: {
                str(layer): rows.value.tolist()
                for layer, rows in frame[frame.statistic == statistic].groupby("layer", sort=False)
            }
            for statistic in kept
        }
