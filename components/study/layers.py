"""What the last update of each epoch of a trial did to each layer."""

import tempfile

from tfx_updaters.components.trainer.dynamics import Dynamics
from tfx_updaters.components.trainer.dynamics_file import read_dynamics
from tfx_updaters.components.trainer.figures import titles, told

# Statistics of `trainer.figures` that say how updaters differ.
KEPT = ("clipped", "update_ratio", "cosine")


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
        frame = frame[frame.layer.isin(told(list(dict.fromkeys(frame.layer))))]
        kept = [each for name in KEPT for each, _ in titles(name, frame.statistic)]
        return {
            statistic: {
                str(layer): rows.value.tolist()
                for layer, rows in frame[frame.statistic == statistic].groupby("layer", sort=False)
            }
            for statistic in kept
        }
