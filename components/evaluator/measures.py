"""What is summed over examples to know a metric: a mean, a calibration error.

Each measure turns a sample into numbers by row, whose sums over the rows of a slice are all that
its estimate needs. Nothing else of the rows is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy import sparse

from tfx_updaters.components.evaluator import estimates, scores
from tfx_updaters.components.evaluator.estimates import Estimate, Mean, PairedMean
from tfx_updaters.components.evaluator.scores import Score

# Groups of examples that the jackknife leaves out in turn, as many as TFMA's has.
GROUPS = 20

Matrix = np.ndarray | sparse.csr_matrix


class Measure(Protocol):
    """A metric of one model, computed from sums over rows."""

    @property
    def name(self) -> str:
        """The metric's, as TFMA has it."""
        ...

    @property
    def higher_is_better(self) -> bool:
        """Whether a good model has a high value."""
        ...

    def rows(
        self, labels: np.ndarray, predictions: np.ndarray, weights: np.ndarray, groups: np.ndarray
    ) -> Matrix:
        """Numbers to be summed: rows x n. `groups` are each row's group, 0 .. GROUPS - 1."""
        ...

    def pairs(
        self, labels: np.ndarray, candidate: np.ndarray, baseline: np.ndarray, weights: np.ndarray
    ) -> Matrix:
        """Numbers of two models together, to be summed: rows x n."""
        ...

    def estimate(self, total: np.ndarray) -> Estimate:
        """The metric, from the sums of `rows`."""
        ...

    def change(self, candidate: np.ndarray, baseline: np.ndarray, pairs: np.ndarray) -> Estimate:
        """The candidate's value minus the baseline's, from the sums of all three."""
        ...


@dataclass(frozen=True)
class MeanScore:
    """The weighted mean of a score."""

    score: Score

    @property
    def name(self) -> str:
        return self.score.name

    @property
    def higher_is_better(self) -> bool:
        return self.score.higher_is_better

    def rows(self, labels, predictions, weights, groups) -> Matrix:
        return estimates.sums(self.score.of(labels, predictions), weights)

    def pairs(self, labels, candidate, baseline, weights) -> Matrix:
        change = self.score.of(labels, candidate) - self.score.of(labels, baseline)
        return estimates.sums(change, weights)

    def estimate(self, total: np.ndarray) -> Estimate:
        return Mean(total, self.score.proportion)

    def change(self, candidate, baseline, pairs) -> Estimate:
        return PairedMean(pairs, self.score.proportion)


@dataclass(frozen=True)
class Calibration:
    """The expected calibration error: how far confidence lies from the share of right answers.

    C. Guo et al. (2017), equation 5, with equal bins; class-wise: M. Kull et al. (2019), equation
    2, where each class' probability is binned by itself. With one output, the probability of
    label 1 is binned. Its interval is a jackknife over groups of examples.

    Attributes:
        kind: `top_label` or `class_wise`.
        bins: of equal width from 0 to 1.
    """

    kind: str = "top_label"
    bins: int = 15
    name: str = "calibration_error"
    higher_is_better: bool = False

    def rows(self, labels, predictions, weights, groups) -> Matrix:
        confidence, right = self._binned(labels, predictions)
        count, series = confidence.shape
        bins = np.clip(np.ceil(confidence * self.bins).astype(int) - 1, 0, self.bins - 1)
        cells = (groups[:, None] * series + np.arange(series)) * self.bins + bins
        row = np.repeat(np.arange(count), series)
        # Three numbers in a cell: weight, weighted confidence, weighted right answers.
        values = np.stack([np.ones_like(confidence), confidence, right], axis=-1)
        values = (values * weights[:, None, None]).reshape(-1, 3)
        columns = cells.reshape(-1, 1) * 3 + np.arange(3)
        shape = (count, GROUPS * series * self.bins * 3)
        return sparse.csr_matrix(
            (values.ravel(), (np.repeat(row, 3), columns.ravel())), shape=shape
        )

    def pairs(self, labels, candidate, baseline, weights) -> Matrix:
        return np.empty((len(labels), 0))  # The groups of both are the same examples.

    def estimate(self, total: np.ndarray) -> Estimate:
        return estimates.jackknifed(*self._errors(total))

    def change(self, candidate, baseline, pairs) -> Estimate:
        (value, without), (value_before, without_before) = (
            self._errors(candidate), self._errors(baseline)
        )  # fmt: skip
        return estimates.jackknifed(value - value_before, without - without_before)

    def _binned(self, labels: np.ndarray, predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities, and whether what they are of is so: rows x series."""
        classes = predictions.shape[1]
        if classes == 1:
            return predictions, (labels.reshape(-1, 1) > 0.5).astype(float)
        answer = labels if labels.ndim == 1 else np.argmax(labels, axis=1)
        if self.kind == "class_wise":
            return predictions, (answer[:, None] == np.arange(classes)).astype(float)
        top = np.argmax(predictions, axis=1)
        right = (top == answer).astype(float)
        return predictions[np.arange(len(top)), top][:, None], right[:, None]

    def _errors(self, total: np.ndarray) -> tuple[float, np.ndarray]:
        """On all examples, and without each group."""
        cells = total.reshape(GROUPS, -1, self.bins, 3)
        whole = cells.sum(axis=0)
        return self._error(whole), np.asarray([self._error(whole - part) for part in cells])

    def _error(self, cells: np.ndarray) -> float:
        weight, confidence, right = np.moveaxis(cells, -1, 0)
        total = weight[0].sum()
        if not total > 0:
            return float("nan")
        return float(np.abs(confidence - right).sum() / total / len(weight))


def find(class_name: str, config: Mapping[str, Any]) -> Measure | None:
    """The measure of a metric of TFMA or Keras; None if it is none, and TFMA has to compute it."""
    if class_name == "CalibrationError":
        return Calibration(**config)
    score = scores.find(class_name, config)
    return MeanScore(score) if score else None
