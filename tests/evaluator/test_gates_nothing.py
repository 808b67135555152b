"""Configurations that gate nothing, or name what cannot be had, are refused at once."""

import evaluations
import pytest
from configs import at_least, at_most, between, change, config, gated, own
from tfx.types import standard_artifacts
from tfx.types.channel import Channel
from unjudgeable import ACCURATE, Case, inputs_of, stock_outcome

from tfx_updaters.components import Evaluator
from tfx_updaters.components.errors import ArgumentError

MISSPELT = gated("SplitMetric", at_least(0.5)).replace("SplitMetric", "SplitMetrik")
BUILT = {
    "nothing-gated": ("judges nothing", "no verdict", [gated("SplitMetric")]),
    "no-bound": ("has no bound", "blessed", [gated("SplitMetric", "value_threshold { }")]),
    "bounds-crossed": (
        "has no value between its bounds", "refused",
        [gated("SplitMetric", between(0.6, 0.5))],
    ),
    "no-direction": (
        "has no direction", "blessed",
        [gated("SplitMetric", at_least(0.5) + "change_threshold { absolute { value: 0 } }")],
    ),
    "only-changes": (
        "only the change of sparse_categorical_accuracy", "no verdict",
        [gated("SplitMetric", change("absolute", 0.0))],
    ),
    "metric-misspelt": (
        "'SplitMetrik' cannot be made .the nearest name is 'SplitMetric'", "no verdict", [MISSPELT]
    ),
    "metric-of-tfma-misspelt": (
        "nearest name is 'SparseCategoricalAccuracy'|'SparseCategoricalAcuracy' cannot be made",
        "raises", [own("SparseCategoricalAcuracy", at_least(0.5))],
    ),
    "inner-metric-misspelt": (
        "the inner metric 'Acuracy' of TFMA or Keras cannot be made", "raises",
        [gated("SplitMetric", at_least(0.5), metric={"class_name": "Acuracy"})],
    ),
    "argument-misspelt": (
        "confidnce", "blessed", [gated("SplitMetric", at_least(0.5), confidnce=0.9)]
    ),
    "no-such-burden": (
        "burden is one of model, gate, none, not 'modell'", "blessed",
        [gated("SplitMetric", at_least(0.5), burden="modell")],
    ),
    "confidence-of-1": (
        "confidence is above 0 and below 1", "blessed",
        [gated("SplitMetric", at_least(0.5), confidence=1.0)],
    ),
    "drift-without-examples-of-it": (
        "'drift' needs drift_examples", "no verdict",
        [gated("SplitMetric", at_least(0.5), split="drift")],
    ),
    "a-gap-of-the-evaluation-split-with-itself": (
        "the reference split may be no evaluation split", "blessed",
        [ACCURATE, gated("GeneralizationGap", at_most(0.3), reference="eval")],
    ),
    "two-metrics-of-a-name": (
        "two metrics have the name 'sparse_categorical_accuracy'", "refused",
        [own("SparseCategoricalAccuracy", at_least(0.95)), gated("SplitMetric", burden="gate")],
    ),
    "binarized": (
        "binarize, aggregate and query_key", "blessed",
        [ACCURATE, "binarize { class_ids { values: [0] } }"],
    ),
    # Released TFX comes without the SQL of slices: alone it raises; after many other runs in the
    # same process it was seen to bless.
    "slices-by-sql": ("slices by SQL are for TFMA's own metrics", "raises or blessed", [ACCURATE]),
}  # fmt: skip


@pytest.mark.parametrize("name", BUILT)
def test_what_gates_nothing_or_cannot_be_had_is_refused_when_a_pipeline_is_built(
    tmp_path, made, name
):
    said, stock, metrics = BUILT[name]
    query = "SELECT STRUCT(label) FROM example.label"
    sql = f"slicing_specs {{ }} slicing_specs {{ slice_keys_sql: '{query}' }}"
    given = config(*metrics, slices=sql if name == "slices-by-sql" else "slicing_specs { }")
    channel = Channel(type=standard_artifacts.Examples)
    with pytest.raises(ArgumentError, match=said):
        Evaluator(examples=channel, model=Channel(type=standard_artifacts.Model), eval_config=given)
    inputs = inputs_of(Case(said, stock), tmp_path, made)
    # A config that comes when the pipeline runs is refused then, and nothing says BLESSED.
    blessing = tmp_path / "ours" / "blessing"
    blessing.mkdir(parents=True)
    (blessing / "BLESSED").touch()
    with pytest.raises(ArgumentError, match=said):
        evaluations.evaluate(tmp_path, inputs, given)
    assert list(blessing.iterdir()) == []
    assert stock_outcome(tmp_path, inputs, given) in stock.split(" or ")
