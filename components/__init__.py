"""TFX components: the Trainer that takes an updater, and the data that it reads.

Nothing here imports TFX, TensorFlow or Keras before it is asked for.
"""

import importlib
from typing import TYPE_CHECKING

from tfx_updaters.components.errors import (
    ArgumentError,
    CheckpointError,
    ComponentError,
    DataError,
    DivergedError,
    DynamicsError,
    InjectionError,
    ModelError,
)
from tfx_updaters.components.trainer.choice import updater_from
from tfx_updaters.components.trainer.config import Augmentation, EarlyStopping, TrainingConfig

if TYPE_CHECKING:
    from tfx_updaters.components.trainer.component import Trainer

__all__ = [
    "ArgumentError",
    "Augmentation",
    "CheckpointError",
    "ComponentError",
    "DataError",
    "DivergedError",
    "DynamicsError",
    "EarlyStopping",
    "InjectionError",
    "ModelError",
    "Trainer",
    "TrainingConfig",
    "updater_from",
]


def __getattr__(name: str):
    if name == "Trainer":
        return importlib.import_module(f"{__name__}.trainer.component").Trainer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
