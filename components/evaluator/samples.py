"""The labels, predictions and weights of a batch, and the rows of it that cannot be judged."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.metrics import metric_specs
from tensorflow_model_analysis.proto import config_pb2

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.evaluator.inner import RANKING
from tfx_updaters.components.evaluator.metrics.gated import GatedMetric

# Metrics of one output whose labels are 0, 1, or a probability.
BINARY = (*RANKING, "BinaryAccuracy", "BinaryCrossentropy", "CalibrationError")
# Names of outputs that TFMA looks for itself.
KNOWN_OUTPUTS = ("predictions", "probabilities", "logistic", "scores")
# The name of the extract with the predictions on the clean examples, where these are corrupted.
CLEAN = "clean"


@dataclass(frozen=True)
class Sample:
    """What one output of the models is judged by: rows that all of them can be judged on.

    Attributes:
        labels: rows, or rows x classes.
        predictions: rows x outputs, by model name.
        weights: rows; ones if the metric is not weighted.
        rows: numbers of these rows in the batch.
        clean: predictions on the same examples before they were corrupted, if they are.
    """

    labels: np.ndarray
    predictions: Mapping[str, np.ndarray]
    weights: np.ndarray
    rows: np.ndarray
    clean: Mapping[str, np.ndarray]


class Samples:
    """Takes samples of batches, for the models of a configuration.

    Args:
        config: complete, with the names of the models.
    """

    def __init__(self, config: config_pb2.EvalConfig):
        several = len(config.model_specs) > 1
        self.binary = _binary(config)
        self.specs = {spec.name if several else "": spec for spec in config.model_specs}

    def of(
        self, extracts: Mapping[str, Any], output: str, weighted: bool
    ) -> tuple[Sample, Counter]:
        """The rows that can be judged, and how many cannot, by the reason.

        Args:
            extracts: a batch as TFMA's extractors leave it before they take it apart.
            output: of models that have several; else empty.
            weighted: whether the example weights count.

        Raises:
            DataError: no such output, or labels that do not fit it.
        """
        count = len(extracts[constants.INPUT_KEY])
        first = next(iter(self.specs))
        labels = self._labels(extracts, first, output, count)
        predictions = self._predictions(extracts, output, count)
        clean = self._clean(extracts, output, count)
        weights = self._weights(extracts, first, output, count)
        binary = self.binary.get(output, "")
        faults = _faults(labels, predictions, weights, binary)
        bad = np.zeros(count, bool)
        for rows in faults.values():
            bad |= rows
        good = np.flatnonzero(~bad)
        sample = Sample(
            labels[good],
            {model: values[good] for model, values in predictions.items()},
            weights[good] if weighted and weights is not None else np.ones(len(good)),
            good,
            {model: values[good] for model, values in clean.items()},
        )
        # What is wrong with the clean examples is told of these alone.
        known = _faults(labels, clean, weights, binary) if clean else {}
        new = {why: int((rows & ~known.get(why, False)).sum()) for why, rows in faults.items()}
        return sample, Counter({why: number for why, number in new.items() if number})

    def _labels(self, extracts: Any, model: str, output: str, count: int) -> np.ndarray:
        spec = self.specs[model]
        if not spec.label_key and not spec.label_keys:
            return np.zeros(count)  # No metric asks for any.
        labels = _named(extracts.get(constants.LABELS_KEY), model, output)
        if labels is None:
            key = spec.label_key or dict(spec.label_keys)
            raise DataError(f"the examples have no label {key!r}")
        if isinstance(labels, Mapping):
            raise DataError(_outputs_wanted("label_keys", labels, output))
        labels = _dense(labels, count)
        if labels.dtype.kind not in "iufb":
            raise DataError(f"labels are {labels.dtype}, {labels[:1]!r} say; numbers are needed")
        labels = labels.astype(float).reshape(count, -1)
        return labels[:, 0] if labels.shape[1] == 1 else labels

    def _clean(self, extracts: Mapping[str, Any], output: str, count: int) -> dict[str, np.ndarray]:
        if CLEAN not in extracts:
            return {}
        before = {**extracts, constants.PREDICTIONS_KEY: extracts[CLEAN]}
        return self._predictions(before, output, count)

    def _predictions(self, extracts: Any, output: str, count: int) -> dict[str, np.ndarray]:
        return {model: self._prediction(extracts, model, output, count) for model in self.specs}

    def _prediction(self, extracts: Any, model: str, output: str, count: int) -> np.ndarray:
        found = _named(extracts.get(constants.PREDICTIONS_KEY), model, output)
        key = self.specs[model].prediction_key
        if isinstance(found, Mapping):
            names = [name for name in (key, *KNOWN_OUTPUTS) if name in found]
            if not names:
                raise DataError(_outputs_wanted("output_names", found, output))
            found = found[names[0]]
        if found is None:
            raise DataError(f"the model {model or 'candidate'!r} gave no predictions")
        dense = _dense(found, count)
        if dense.dtype.kind not in "iufb":
            raise DataError(f"predictions are {dense.dtype}, {dense[:1]!r}; numbers are needed")
        return dense.astype(float).reshape(count, -1)

    def _weights(self, extracts: Any, model: str, output: str, count: int) -> np.ndarray | None:
        spec = self.specs[model]
        if not spec.example_weight_key and not spec.example_weight_keys:
            return None
        found = _named(extracts.get(constants.EXAMPLE_WEIGHTS_KEY), model, output)
        if found is None or isinstance(found, Mapping):
            return np.full(count, np.nan)
        return _dense(found, count).astype(float).reshape(count, -1)[:, 0]


def _binary(config: config_pb2.EvalConfig) -> dict[str, str]:
    """A metric of labels from 0 to 1 by output, if there is one for it."""
    found = {}
    entries = metric_specs.keys_and_metrics_from_specs(config, config.metrics_specs)
    for key, proto, metric in entries:
        held = metric.needs().values() if isinstance(metric, GatedMetric) else ()
        names = {proto.class_name, *(inner.class_name for inners in held for inner in inners)}
        for name in sorted(names & set(BINARY)):
            found[key.output_name or ""] = name
    return found


def _named(values: Any, model: str, output: str) -> Any:
    for name in (model, output):
        if name and isinstance(values, Mapping) and name in values:
            values = values[name]
    return values


def _outputs_wanted(field: str, found: Mapping[str, Any], output: str) -> str:
    received = f"there is no output {output!r}" if output else f"no {field} were given"
    return f"the model has the outputs {sorted(found)}, and {received}"


def _dense(values: Any, count: int) -> np.ndarray:
    """Rows x values; NaN where a row of a sparse or ragged feature has none."""
    if isinstance(values, np.ndarray):
        return values
    if not hasattr(values, "indices"):
        raise DataError(f"a label or weight is a {type(values).__name__}; one number is needed")
    if len(set(values.indices[:, 0])) < len(values.indices):
        raise DataError("an example has several values of a label or weight; one is needed")
    dense = np.full(count, np.nan)
    dense[values.indices[:, 0]] = values.values
    return dense


def _faults(
    labels: np.ndarray,
    predictions: Mapping[str, np.ndarray],
    weights: np.ndarray | None,
    binary: str,
) -> dict[str, np.ndarray]:
    """Which rows are refused, by the reason."""
    count = len(labels)
    flat = labels.reshape(count, -1)
    faults: dict[str, Any] = {"label is missing, NaN or infinite": ~np.isfinite(flat).all(axis=1)}
    for model, values in predictions.items():
        name = model or "candidate"
        faults[f"prediction of the {name} is NaN or infinite"] = ~np.isfinite(values).all(axis=1)
        classes = values.shape[1]
        if labels.ndim == 2 and labels.shape[1] != classes:
            raise DataError(
                f"an example has {labels.shape[1]} labels and the {name} {classes} outputs"
            )
        if labels.ndim == 1 and classes > 1:
            with np.errstate(invalid="ignore"):
                outside = (labels < 0) | (labels >= classes) | (labels != np.floor(labels))
            faults[f"label is outside the {classes} classes of the {name}"] = outside
        elif binary and classes == 1:
            with np.errstate(invalid="ignore"):
                outside = (flat < 0) | (flat > 1)
            faults[f"label is outside 0 to 1, for {binary} of the {name}"] = outside.any(axis=1)
    if weights is not None:
        faults["example weight is missing, NaN or infinite"] = ~np.isfinite(weights)
        faults["example weight is negative"] = weights < 0
    return faults
