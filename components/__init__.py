"""TFX components: the Trainer that takes an updater, and the data that it reads.

Nothing here imports TFX, TensorFlow or Keras before it is asked for.
"""

import importlib
from typing import TYPE_CHECKING

from tfx_updaters.components.errors import ArgumentError, ComponentError, DataError, InjectionError
from tfx_updaters.components.trainer.choice import updater_from

if TYPE_CHECKING:
    from tfx_updaters.components.trainer.component import Trainer

__all__ = [
    "ArgumentError",
    "ComponentError",
    "DataError",
    "InjectionError",
    "Trainer",
    "updater_from",
]


def __getattr__(name: str):
    if name == "Trainer":
        return importlib.import_module(f"{__name__}.trainer.component").Trainer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
