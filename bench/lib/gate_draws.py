"""Populations of predictions, and what a gate's metric makes of samples of them."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import metric_specs
from tensorflow_model_analysis.proto import config_pb2

from tfx_updaters.components.evaluator import judge
from tfx_updaters.components.evaluator.estimates import simultaneous
from tfx_updaters.components.evaluator.inner import Inner
from tfx_updaters.components.evaluator.judge import Rules
from tfx_updaters.components.evaluator.metrics.gated import REFERENCE, GatedMetric
from tfx_updaters.components.evaluator.reading import Measured
from tfx_updaters.components.evaluator.slices import OVERALL, SliceKey
from tfx_updaters.components.evaluator.tally import PAIRS, Cell, Series, Tally, Wanted

MODULE = "tfx_updaters.components.evaluator.metrics"
CLASSES, SIZE = 10, 20_000
CANDIDATE, BASELINE = "candidate", "baseline"
# Values that are drawn at once, so that the memory stays small.
CHUNK = 4_000_000
# Different rows of sums up to which it is drawn how often each comes.
FEW = 100
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Population:
    """Examples with the predictions of one model or of two, of which samples are drawn.

    Attributes:
        labels: examples.
        candidate: examples x classes.
        baseline: examples x classes, if there is one.
    """

    labels: np.ndarray
    candidate: np.ndarray
    baseline: np.ndarray | None = None

    def rows(self, inner: Inner) -> dict[str, np.ndarray]:
        """What is summed for each example, by series."""
        measure = inner.measure()
        ones, groups = np.ones(len(self.labels)), np.zeros(len(self.labels), int)
        if self.baseline is None:
            return {"": measure.rows(self.labels, self.candidate, ones, groups)}
        return {
            CANDIDATE: measure.rows(self.labels, self.candidate, ones, groups),
            BASELINE: measure.rows(self.labels, self.baseline, ones, groups),
            PAIRS: measure.pairs(self.labels, self.candidate, self.baseline, ones),
        }


def right_and_wrong(*shares: float) -> Population:
    """Examples that a model predicts rightly in the share `shares[0]`.

    Of a candidate and a baseline: `shares` are those that both, only the candidate and only the
    baseline predict rightly.
    """
    rng = np.random.default_rng(0)
    labels = rng.integers(CLASSES, size=SIZE)
    ends = np.round(np.cumsum((0, *shares)) * SIZE).astype(int)
    places = [slice(start, end) for start, end in itertools.pairwise(ends)]
    models = []
    for own in ((0, 1), (0, 2))[: 2 if len(shares) > 1 else 1]:
        top = (labels + 1) % CLASSES
        for number in own[: len(shares)]:
            top[places[number]] = labels[places[number]]
        models.append(np.eye(CLASSES)[top] * 0.9 + 0.01)
    return Population(labels, *models)


def noisy(signal: float, noise: float, second: float | None = None, seed: int = 0) -> Population:
    """Softmax of logits with noise around `signal` for the label; a baseline with more noise.

    Args:
        second: standard deviation of what the baseline's logits have besides.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(CLASSES, size=SIZE)
    logits = rng.normal(scale=noise, size=(SIZE, CLASSES))
    logits[np.arange(SIZE), labels] += signal
    if second is None:
        return Population(labels, _softmax(logits))
    other = logits + rng.normal(scale=second, size=logits.shape)
    return Population(labels, _softmax(logits), _softmax(other))


def _softmax(logits: np.ndarray) -> np.ndarray:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class Trial:
    """A metric of the gate on samples of populations whose true value is known.

    Attributes:
        class_name: of the metric.
        config: its arguments, the inner metric under `metric`.
        populations: by view.
        change: whether its change against the baseline is judged.
        at_most: whether a threshold bounds it from above, not from below.
        slices: how many slices each view has, by a feature `g`, each of the same population.
        times: samples of the reference split are so many times larger.
        each: whether the threshold is one of every slice, not of the whole.
    """

    class_name: str
    config: Mapping[str, Any]
    populations: Mapping[str, Population]
    change: bool = False
    at_most: bool = False
    slices: int = 0
    times: int = 4
    each: bool = False

    @cached_property
    def inner(self) -> Inner:
        """The metric whose sums are made."""
        given = self.config["metric"]
        return Inner.of(given["config"]["metric"] if "config" in given else given)

    @cached_property
    def rows(self) -> dict[str, dict[str, np.ndarray]]:
        """What is summed for each example of a view, by series."""
        return {view: found.rows(self.inner) for view, found in self.populations.items()}

    @cached_property
    def truth(self) -> float:
        """Its value on the whole populations."""
        whole = {
            view: {name: values.sum(axis=0)[None] for name, values in found.items()}
            for view, found in self.rows.items()
        }
        slices = {view: [found] * max(self.slices, 1) for view, found in whole.items()}
        return self._estimate(
            self._tally(slices, 0, dict.fromkeys(slices, SIZE)), self._places()[0]
        ).value

    def tallies(self, count: int, repetitions: int) -> list[Tally]:
        """Of samples of `count` evaluation examples, in all or in each slice."""
        rng = np.random.default_rng(count)
        found: list[Tally] = []
        while len(found) < repetitions:
            several = min(max(1, CHUNK // count), repetitions - len(found))
            counts = {view: count * (self.times if view == REFERENCE else 1) for view in self.rows}
            drawn = {
                view: [_sums(rng, rows, counts[view], several) for _ in range(max(self.slices, 1))]
                for view, rows in self.rows.items()
            }
            found += [self._tally(drawn, number, counts) for number in range(several)]
        return found

    def ends(self, tally: Tally) -> tuple[float, float]:
        """Of the interval; of several that are judged, the worst ends."""
        places = self._places()
        level = simultaneous(CONFIDENCE, len(places))
        found = [self._estimate(tally, where).interval(level) for where in places]
        worst = max if self.at_most else min
        return worst(low for low, _ in found), worst(high for _, high in found)

    def judged(self, tally: Tally, burden: str, limit: float) -> bool:
        """Whether the judge lets a model with these sums pass."""
        found = judge.judge(tally, {}, [], self._rules(burden, limit))
        return all(check.passed for check in found.checks) and not found.faults

    def _places(self) -> list[SliceKey]:
        return [(("g", number),) for number in range(self.slices)] if self.each else [OVERALL]

    def _tally(
        self,
        drawn: Mapping[str, list[dict[str, np.ndarray]]],
        number: int,
        counts: Mapping[str, int],
    ) -> Tally:
        tally, wanted = Tally(), Wanted(self.inner, "", False)
        for view, slices in drawn.items():
            for place, found in enumerate(slices):
                cells = {Cell(view, OVERALL), Cell(view, (("g", place),) if self.slices else ())}
                for cell in cells:
                    tally.rows[cell] += counts[view]
                    for name, values in found.items():
                        tally.sum(cell, Series(wanted, name), values[number])
        return tally

    def _estimate(self, tally: Tally, where: SliceKey) -> Any:
        key, metric = self._metric
        models = (CANDIDATE, BASELINE) if self.change else ("",)
        views = {view: view for view in self.populations}
        return metric.estimate(Measured(tally, {}, views, key, models, where))

    @cached_property
    def _metric(self) -> tuple[Any, GatedMetric]:
        config = self._rules("none", 0.0).config
        entries = metric_specs.keys_and_metrics_from_specs(config, list(config.metrics_specs))
        key, _, metric = next(iter(entries))
        return (key._replace(model_name=CANDIDATE).make_diff_key() if self.change else key), metric

    def _rules(self, burden: str, limit: float) -> Rules:
        proto = config_pb2.MetricConfig(class_name=self.class_name, module=MODULE)
        proto.config = json.dumps({**self.config, "burden": burden, "confidence": CONFIDENCE})
        if self.change:
            threshold = proto.threshold.change_threshold
            threshold.absolute.value = limit
            direction = "LOWER_IS_BETTER" if self.at_most else "HIGHER_IS_BETTER"
            threshold.direction = config_pb2.MetricDirection.Value(direction)
        else:
            bound = "upper_bound" if self.at_most else "lower_bound"
            getattr(proto.threshold.value_threshold, bound).value = limit
        config = config_pb2.EvalConfig(
            model_specs=[config_pb2.ModelSpec(label_key="label")],
            slicing_specs=[config_pb2.SlicingSpec(feature_keys=["g"] if self.each else [])],
            metrics_specs=[config_pb2.MetricsSpec(metrics=[proto])],
        )
        complete = tfma.utils.update_eval_config_with_defaults(config, has_baseline=self.change)
        views = {view: view for view in self.populations}
        return Rules(config=complete, views=views, shown=views, apart=(), max_overlap=0.0)


def _sums(
    rng: np.random.Generator, rows: Mapping[str, np.ndarray], count: int, repetitions: int
) -> dict[str, np.ndarray]:
    """Sums over `count` examples drawn with replacement: repetitions x sums, by series."""
    whole = np.concatenate(list(rows.values()), axis=1)
    # Without weights most columns are alike.
    columns, place = np.unique(whole, axis=1, return_inverse=True)
    kinds, numbers = np.unique(columns, axis=0, return_counts=True)
    if len(kinds) <= FEW:  # Scores of 0 and 1: how many of each there are is enough.
        total = rng.multinomial(count, numbers / numbers.sum(), size=repetitions) @ kinds
    else:
        drawn = rng.integers(len(whole), size=(repetitions, count))
        total = np.stack([np.take(column, drawn).sum(axis=1) for column in columns.T], axis=1)
    widths = np.cumsum([values.shape[1] for values in rows.values()])[:-1]
    return dict(zip(rows, np.split(total[:, place.ravel()], widths, axis=1), strict=True))
