"""Series of the UCR and UEA archives that the package sktime has: by name, without a download.

Sources: H. A. Dau et al., The UCR time series archive (IEEE/CAA J. Autom. Sinica, 2019); of several
channels, A. Bagnall et al., The UEA multivariate time series classification archive (2018). The
files are those of sktime (BSD-3-Clause), with the archives' own splits, of which TEST is `eval`.
"""

from dataclasses import dataclass
from importlib import resources
from typing import Any

from tfx_updaters.components.errors import DataError


@dataclass(frozen=True)
class Archived:
    """A data set of series of one length.

    Attributes:
        problem: what the archive calls it.
        steps: of each series.
        classes: as the files name them.
        channels: values at each step.
    """

    problem: str
    steps: int
    classes: tuple[str, ...]
    channels: tuple[str, ...] = ("value",)

    def windows(self) -> dict[str, Any]:
        """What lies beside the examples, as `sensor_counts.to_json` has it."""
        shape = [self.steps, len(self.channels)]
        return {"shape": shape, "channels": list(self.channels), "classes": list(self.classes)}


MOVES = ("badminton", "running", "standing", "walking")
AXES = ("axis 1", "axis 2", "axis 3", "axis 4", "axis 5", "axis 6")
SETS = {
    # Power that appliances of ten kinds take: chargers, coffee machines, lamps, ...
    "acsf1": Archived("ACSF1", 1460, tuple("0123456789")),
    # Outlines of arrowheads: Avonlea, Clovis, mixed.
    "arrowhead": Archived("ArrowHead", 251, tuple("012")),
    # An accelerometer and a gyroscope of a watch, ten readings a second.
    "basic-motions": Archived("BasicMotions", 100, MOVES, AXES),
    # Where a hand is that draws a gun, or points with a finger.
    "gunpoint": Archived("GunPoint", 150, tuple("12")),
    # Electricity that Italy takes in a day, by the hour: of winter, of summer.
    "italy-power": Archived("ItalyPowerDemand", 24, tuple("12")),
    # Outlines of the leaves of six kinds of trees.
    "osuleaf": Archived("OSULeaf", 427, tuple("123456")),
}


def load(name: str) -> dict[str, tuple[Any, list[int]]]:
    """A data set of `SETS`: by split, examples x (steps x channels) float64, and the labels.

    Raises:
        DataError: sktime is not installed.
    """
    try:
        from sktime.datasets import load_from_tsfile
    except ImportError as error:
        raise DataError(
            f"data {name} comes with the package sktime, which is not installed; pip install sktime"
        ) from error
    made = SETS[name]
    folder = resources.files("sktime") / "datasets" / "data" / made.problem
    splits = {}
    for split, part in (("eval", "TEST"), ("train", "TRAIN")):
        path = str(folder / f"{made.problem}_{part}.ts")
        made_of: Any = load_from_tsfile(path, return_data_type="numpy3d")
        values, labels = made_of  # Examples x channels x steps.
        rows = values.swapaxes(1, 2).reshape(len(values), -1)
        splits[split] = rows, [made.classes.index(label) for label in labels]
    return splits
