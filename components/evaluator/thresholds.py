"""The stock TFMA gate: accuracy on the evaluation split, and its change against the baseline."""

import math

from tensorflow_model_analysis.proto import config_pb2

from tfx_updaters.components.examples.records import LABEL

ACCURACY = "sparse_categorical_accuracy"
LOSS = "sparse_categorical_crossentropy"


def eval_config(classes: int, min_accuracy: float, max_drop: float) -> config_pb2.EvalConfig:
    """Accuracy of at least `min_accuracy`, at most `max_drop` below the last blessed model's.

    The cross-entropy must be below that of guessing, ln(classes): a model that predicts NaN has
    an accuracy (the argmax of NaN is class 0) and would pass without this bound.
    """
    accuracy = config_pb2.MetricConfig(
        class_name="SparseCategoricalAccuracy",
        threshold=config_pb2.MetricThreshold(
            value_threshold=config_pb2.GenericValueThreshold(lower_bound={"value": min_accuracy}),
            change_threshold=config_pb2.GenericChangeThreshold(
                direction=config_pb2.MetricDirection.HIGHER_IS_BETTER,
                absolute={"value": -max_drop},
            ),
        ),
    )
    loss = config_pb2.MetricConfig(
        class_name="SparseCategoricalCrossentropy",
        threshold=config_pb2.MetricThreshold(
            value_threshold=config_pb2.GenericValueThreshold(
                upper_bound={"value": math.log(classes)}
            )
        ),
    )
    count = config_pb2.MetricConfig(class_name="ExampleCount")
    return config_pb2.EvalConfig(
        model_specs=[config_pb2.ModelSpec(label_key=LABEL)],
        slicing_specs=[config_pb2.SlicingSpec()],
        metrics_specs=[config_pb2.MetricsSpec(metrics=[accuracy, loss, count])],
    )
