"""The transforms, one idea a file."""

from tfx_updaters.optimizers.transforms.clip import Clip
from tfx_updaters.optimizers.transforms.decay import AddDecayedWeights
from tfx_updaters.optimizers.transforms.trace import Trace

__all__ = ["AddDecayedWeights", "Clip", "Trace"]
