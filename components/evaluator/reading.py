"""What a metric of the gate reads of a tally: estimates in one slice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tensorflow_model_analysis.metrics import metric_types
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.slicer import slicer_lib

from tfx_updaters.components.evaluator.estimates import Difference, Estimate, Unknown, WithError
from tfx_updaters.components.evaluator.inner import RANKING, Inner
from tfx_updaters.components.evaluator.metrics.gated import EVALUATION
from tfx_updaters.components.evaluator.slices import SliceKey
from tfx_updaters.components.evaluator.tally import PAIRS, Cell, Series, Tally, Wanted, with_clean

NO_EXAMPLES = Unknown("there are no examples")
Rows = Mapping[Cell, Mapping[metric_types.MetricKey, Any]]


@dataclass(frozen=True)
class Measured:
    """Estimates in a slice, of one model or of the change between two.

    Attributes:
        tally: the sums of the pass.
        rows: what TFMA computed row by row, for metrics that are no sums.
        views: the view of each name that a metric may give a split.
        key: of the metric: whose model and output, and whether it is a change.
        models: names of the candidate and of the baseline, if there is one.
        slice: where.
    """

    tally: Tally
    rows: Rows
    views: Mapping[str, str]
    key: metric_types.MetricKey
    models: tuple[str, ...]
    slice: SliceKey

    def of(self, inner: Inner, view: str) -> Estimate:
        """The inner metric on the examples of that view; unknown if there are none."""
        cell = Cell(self.view(view), self.slice)
        if inner.class_name in RANKING and (why := one_class(self.tally, cell)):
            return Unknown(why)
        measure = inner.measure()
        if measure is None:
            return _of_tfma(self.rows.get(cell, {}), self.key._replace(name=inner.name()))
        found = self.tally.sums.get(cell)
        wanted = Wanted(inner, self.key.output_name or "", bool(self.key.example_weighted))
        if not found or Series(wanted, self.models[0]) not in found:
            return NO_EXAMPLES
        if not self.key.is_diff:
            return measure.estimate(found[Series(wanted, self.key.model_name or "")])
        each = [found[Series(wanted, model)] for model in (*self.models, PAIRS)]
        return measure.change(*each)

    def lost(self, inner: Inner, view: str) -> Estimate:
        """The inner metric on the evaluation examples minus that on their corrupted `view`.

        Paired on the same examples, unless it is a change or TFMA computes the metric.
        """
        measure = inner.measure()
        if measure is None or self.key.is_diff:
            return Difference(self.of(inner, EVALUATION), self.of(inner, view))
        wanted = Wanted(inner, self.key.output_name or "", bool(self.key.example_weighted))
        model = self.key.model_name or ""
        clean = self.tally.sums.get(Cell(EVALUATION, self.slice), {})
        corrupted = self.tally.sums.get(Cell(view, self.slice), {})
        one, both = Series(wanted, model), Series(wanted, with_clean(model))
        if one not in clean or both not in corrupted:
            return NO_EXAMPLES
        return measure.change(clean[one], corrupted[one], corrupted[both])

    def count(self, view: str) -> int:
        """Examples of that view in this slice."""
        return self.tally.rows[Cell(self.view(view), self.slice)]

    def view(self, name: str) -> str:
        """The view that a metric means by a split's name."""
        return self.views.get(name, name)

    def slices(self, features: Sequence[str]) -> Mapping[SliceKey, "Measured"]:
        """The readings of all slices by these features, crossed."""
        spec = slicer_lib.SingleSliceSpec(spec=config_pb2.SlicingSpec(feature_keys=features))
        keys = {cell.slice for cell in self.tally.rows if spec.is_slice_applicable(cell.slice)}
        return {key: replace(self, slice=key) for key in sorted(keys, key=repr)}


def _of_tfma(found: Mapping[metric_types.MetricKey, Any], key: metric_types.MetricKey) -> Estimate:
    """A value of TFMA's own, with the error of its jackknife."""
    # An inner metric of one class (`class_id`) is the only one of its name.
    values = [each for other, each in found.items() if other._replace(sub_key=None) == key]
    value = values[0] if len(values) == 1 else None
    if value is None:
        return Unknown(f"TFMA gives no {key.name}")
    if hasattr(value, "unsampled_value"):
        error, freedom = value.sample_standard_deviation, value.sample_degrees_of_freedom
        return WithError(float(value.unsampled_value), float(error), float(freedom))
    return WithError(float(value), float("nan"), 0)


def one_class(tally: Tally, cell: Cell) -> str:
    """Why a metric that ranks classes means nothing there; empty if it does."""
    low, high = tally.classes.get(cell, (0, 1))
    return f"all labels are {low:g} there, and it ranks classes" if low == high else ""
