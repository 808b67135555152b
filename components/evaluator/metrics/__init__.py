"""Metrics that judge generalization, for an EvalConfig: `module` is this package's name.

class_name: "GeneralizationGap"
module: "tfx_updaters.components.evaluator.metrics"
config: '"metric": {"class_name": "SparseCategoricalAccuracy"}, "burden": "model"'
threshold { value_threshold { upper_bound { value: 0.05 } } }
"""

from tfx_updaters.components.evaluator.metrics.gap import GeneralizationGap
from tfx_updaters.components.evaluator.metrics.gated import GatedMetric, Reading
from tfx_updaters.components.evaluator.metrics.robustness import CorruptionDrop
from tfx_updaters.components.evaluator.metrics.split import CalibrationError, SplitMetric
from tfx_updaters.components.evaluator.metrics.worst import WorstSlice

__all__ = [
    "CalibrationError",
    "CorruptionDrop",
    "GatedMetric",
    "GeneralizationGap",
    "Reading",
    "SplitMetric",
    "WorstSlice",
]
