"""Sums over the examples of each split and slice, made batch by batch in the one pass."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.proto import config_pb2

from tfx_updaters.components.content import hashes
from tfx_updaters.components.errors import DataError
from tfx_updaters.components.evaluator import slices
from tfx_updaters.components.evaluator.contents import Contents
from tfx_updaters.components.evaluator.inner import Inner
from tfx_updaters.components.evaluator.measures import GROUPS, Measure
from tfx_updaters.components.evaluator.samples import Sample, Samples
from tfx_updaters.components.evaluator.slices import SliceKey, Slices

# The name of the extract that says which view a row is of.
VIEW = "view"
# The name of the extract that says why the rows of a corrupted view could not be corrupted.
FAULT = "fault"


class Wanted(NamedTuple):
    """A metric of one output."""

    inner: Inner
    output: str
    weighted: bool


class Cell(NamedTuple):
    """The examples of one view that are in one slice."""

    view: str
    slice: SliceKey


class Series(NamedTuple):
    """What is summed there: a metric of one model, or of two predictions of each example."""

    wanted: Wanted
    model: str


PAIRS = "candidate and baseline"
# The tag of the output with the examples by their contents.
CONTENTS = "contents"


def view_of(extracts: Mapping[str, Any]) -> str:
    """The view of a batch. TFMA may have cut it into examples, each with one axis more."""
    return str(np.ravel(extracts[VIEW])[0])


def with_clean(model: str) -> str:
    """The series of a model on clean and on corrupted examples together."""
    return f"{model} clean and corrupted"


@dataclass
class Tally:
    """What was found in the examples.

    Attributes:
        rows: number of examples.
        sums: numbers that estimates are made of.
        faults: examples of a view that cannot be judged, by the reason.
        classes: lowest and highest label.
        overlaps: numbers of examples by two views: those of the first that the second has as
            well, and those of which that is known.
    """

    rows: Counter[Cell] = field(default_factory=Counter)
    sums: dict[Cell, dict[Series, np.ndarray]] = field(default_factory=lambda: defaultdict(dict))
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    classes: dict[Cell, tuple[float, float]] = field(default_factory=dict)
    overlaps: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)

    def add(self, other: "Tally") -> "Tally":
        """Both together."""
        self.rows.update(other.rows)
        self.faults.update(other.faults)
        for cell, found in other.sums.items():
            for series, values in found.items():
                self.sum(cell, series, values)
        for cell, (low, high) in other.classes.items():
            self.see(cell, low, high)
        for views, counts in other.overlaps.items():
            self.overlaps[views] = self.overlaps.get(views, 0) + counts
        return self

    def sum(self, cell: Cell, series: Series, values: np.ndarray) -> None:
        mine = self.sums[cell]
        mine[series] = mine[series] + values if series in mine else values

    def see(self, cell: Cell, low: float, high: float) -> None:
        """Labels from low to high are in that cell."""
        before = self.classes.get(cell, (low, high))
        self.classes[cell] = min(before[0], low), max(before[1], high)


@dataclass(frozen=True)
class Plan:
    """What is tallied.

    Attributes:
        wanted: metrics to compute, by view; a view without any is checked all the same.
        outputs: of the models that are checked.
        slicing: what the slices are.
        compared: views among which examples are looked for that several have.
    """

    wanted: Mapping[str, Sequence[Wanted]]
    outputs: Sequence[str]
    slicing: Sequence[config_pb2.SlicingSpec]
    compared: Collection[str]


class TallyFn(beam.DoFn):
    """Tallies batches of extracts: a `Tally` for each bundle, and under `CONTENTS` the examples.

    These are a shard each, and in it a `Part` by view.

    Args:
        plan: what to tally.
        config: complete, with the names of the models.
    """

    def __init__(self, plan: Plan, config: config_pb2.EvalConfig):
        self.plan = plan
        self.samples = Samples(config)
        self.slices = Slices(plan.slicing)
        several = len(config.model_specs) > 1
        self.models = [spec.name if several else "" for spec in config.model_specs]
        baselines = [spec.name for spec in config.model_specs if spec.is_baseline]
        self.baseline = baselines[0] if baselines else None

    def start_bundle(self) -> None:
        """Nothing found yet."""
        self.found = Tally()
        self.contents: dict[str, Contents] = defaultdict(Contents)

    def process(self, extracts: Mapping[str, Any]) -> None:
        """Adds a batch, whose rows are all of one view."""
        tally = self.found
        view = view_of(extracts)
        of_slices = self.slices.of(extracts, self.models)
        numbers = hashes(extracts[constants.FEATURES_KEY], len(extracts[VIEW]))
        for key, rows in of_slices.items():
            tally.rows[Cell(view, key)] += len(rows)
        if view in self.plan.compared:
            self.contents[view].add(numbers)
        try:
            _require_corrupted(extracts)
            self._judge(tally, view, extracts, of_slices, numbers)
        except DataError as error:
            tally.faults[view, str(error)] += len(extracts[VIEW])

    def finish_bundle(self) -> Any:
        """Yields what was found in the bundle."""
        yield _everywhere(self.found)
        for view, contents in self.contents.items():
            for shard, part in contents.shards():
                yield beam.pvalue.TaggedOutput(CONTENTS, _everywhere((shard, {view: part})))

    def _judge(self, tally: Tally, view: str, extracts: Any, of_slices: Any, numbers: Any) -> None:
        samples: dict[tuple[str, bool], Sample] = {}
        for output in self.plan.outputs:
            samples[output, False], faults = self.samples.of(extracts, output, weighted=False)
            for why, count in faults.items():
                tally.faults[view, why] += count
            self._see_labels(tally, view, of_slices, samples[output, False])
        for wanted in self.plan.wanted.get(view, ()):
            what = wanted.output, wanted.weighted
            if what not in samples:
                samples[what], _ = self.samples.of(extracts, *what)
            measure = wanted.inner.measure()
            if measure is not None:
                self._sum(tally, view, wanted, measure, samples[what], of_slices, numbers)

    def _see_labels(self, tally: Tally, view: str, of_slices: Any, sample: Sample) -> None:
        if not len(sample.rows):
            return
        labels = sample.labels if sample.labels.ndim == 1 else sample.labels.argmax(axis=1)
        for key, rows in of_slices.items():
            own = labels[np.isin(sample.rows, rows, assume_unique=True)]
            if len(own):
                tally.see(Cell(view, key), float(own.min()), float(own.max()))

    def _sum(
        self, tally: Tally, view: str, wanted: Wanted, measure: Measure, sample: Sample,
        of_slices: Mapping[SliceKey, np.ndarray], numbers: np.ndarray,
    ) -> None:  # fmt: skip
        members = slices.membership(of_slices, sample.rows)
        groups = (numbers[sample.rows] % np.uint64(GROUPS)).astype(int)
        labels, weights = sample.labels, sample.weights
        found = {
            model: measure.rows(labels, predictions, weights, groups)
            for model, predictions in sample.predictions.items()
        }
        if self.baseline is not None:
            candidate = next(model for model in self.models if model != self.baseline)
            found[PAIRS] = measure.pairs(
                labels, sample.predictions[candidate], sample.predictions[self.baseline], weights
            )
        for model, clean in sample.clean.items():
            found[with_clean(model)] = measure.pairs(
                labels, clean, sample.predictions[model], weights
            )
        for model, rows in found.items():
            total = members @ rows
            dense = total if isinstance(total, np.ndarray) else total.toarray()
            for key, values in zip(of_slices, dense, strict=True):
                tally.sum(Cell(view, key), Series(wanted, model), values)


def _everywhere(value: Any) -> WindowedValue:
    window = GlobalWindow()
    return WindowedValue(value, window.max_timestamp(), (window,))


def _require_corrupted(extracts: Mapping[str, Any]) -> None:
    """Raises what kept the examples of a corrupted view from being corrupted."""
    fault = str(np.ravel(extracts.get(FAULT, [""]))[0])
    if fault:
        raise DataError(fault)


def merged(tallies: Iterable[Tally]) -> Tally:
    """All of them together."""
    total = Tally()
    for each in tallies:
        total.add(each)
    return total
