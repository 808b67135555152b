"""TFX components: the study of updaters, the Trainer that takes one, the Evaluator that gates.

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
    StudyError,
)
from tfx_updaters.components.examples.image_config import ImageConfig
from tfx_updaters.components.examples.sensor_windows import Windows
from tfx_updaters.components.trainer.choice import updater_from
from tfx_updaters.components.trainer.config import Augmentation, EarlyStopping, TrainingConfig

if TYPE_CHECKING:
    from tfx_updaters.components.evaluator.component import Evaluator
    from tfx_updaters.components.evaluator.gate import Gate
    from tfx_updaters.components.examples.image_component import ImageFolderExampleGen
    from tfx_updaters.components.examples.sensor_example_gen import SensorExampleGen
    from tfx_updaters.components.study.arms import Arm
    from tfx_updaters.components.study.artifact import Study, StudyTrials
    from tfx_updaters.components.study.component import UpdaterStudy
    from tfx_updaters.components.study.conditions import Condition
    from tfx_updaters.components.study.part_component import UpdaterTrials
    from tfx_updaters.components.study.plan import Plan
    from tfx_updaters.components.study.tuning import Tuning
    from tfx_updaters.components.trainer.component import Trainer

__all__ = [
    "ArgumentError",
    "Arm",
    "Augmentation",
    "CheckpointError",
    "ComponentError",
    "Condition",
    "DataError",
    "DivergedError",
    "DynamicsError",
    "EarlyStopping",
    "Evaluator",
    "Gate",
    "ImageConfig",
    "ImageFolderExampleGen",
    "InjectionError",
    "ModelError",
    "Plan",
    "SensorExampleGen",
    "Study",
    "StudyError",
    "StudyTrials",
    "Trainer",
    "TrainingConfig",
    "Tuning",
    "UpdaterStudy",
    "UpdaterTrials",
    "Windows",
    "updater_from",
]


_LATER = {
    "Arm": "study.arms",
    "Condition": "study.conditions",
    "Evaluator": "evaluator.component",
    "Gate": "evaluator.gate",
    "ImageFolderExampleGen": "examples.image_component",
    "Plan": "study.plan",
    "SensorExampleGen": "examples.sensor_example_gen",
    "Study": "study.artifact",
    "StudyTrials": "study.artifact",
    "Trainer": "trainer.component",
    "Tuning": "study.tuning",
    "UpdaterStudy": "study.component",
    "UpdaterTrials": "study.part_component",
}


def __getattr__(name: str):
    if name in _LATER:
        return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
