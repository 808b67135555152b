"""What cannot be judged is refused, with its reason; beside it what the stock Evaluator does."""

import json
import re
from pathlib import Path

import configs
import evaluations
import pytest
from configs import at_least, change, config, gated, per_slice
from evaluations import Result
from unjudgeable import (
    BY_GROUP,
    CASES,
    CHANGED,
    GATE,
    THREE_NAN,
    Case,
    good,
    inputs_of,
    one_row,
    shared,
    stock_outcome,
)

from tfx_updaters.components.errors import ArgumentError, DataError
from tfx_updaters.components.evaluator import decision
from tfx_updaters.components.evaluator.decision import Decision


def check_refused(result: Result, said: str) -> None:
    assert result.blessed == 0
    assert result.files == ["NOT_BLESSED", "decision.html", "decision.json"]
    assert not result.decision.blessed
    assert re.search(said, result.decision.sentence()), result.decision.sentence()
    assert result.blessing.get_custom_property("decision") == result.decision.sentence()


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_judged_is_refused_with_its_reason(tmp_path, made, name):
    case = CASES[name]
    inputs = inputs_of(case, tmp_path, made)
    check_refused(evaluations.evaluate(tmp_path, inputs, case.config, **case.node), case.said)
    assert stock_outcome(tmp_path, inputs, case.config, **case.node) == case.stock


def test_a_reference_split_that_is_the_evaluation_split_is_refused(tmp_path, made):
    inputs = inputs_of(Case("", ""), tmp_path, made)
    with pytest.raises(ArgumentError, match="the reference split may be no evaluation split"):
        evaluations.evaluate(tmp_path, inputs, GATE, reference_split="eval")


def test_no_retry_turns_a_refusal_into_a_blessing(tmp_path, made):
    """The folders of an attempt that blessed, of a worse model then, of no data at last."""
    inputs = inputs_of(Case("", ""), tmp_path, made)
    first = evaluations.evaluate(tmp_path, inputs, GATE)
    assert first.files == ["BLESSED", "decision.html", "decision.json"]
    strict = config(gated("SplitMetric", at_least(0.95)))
    for _ in range(2):
        check_refused(evaluations.evaluate(tmp_path, inputs, strict), "needed 0.95")
    assert evaluations.evaluate(tmp_path, inputs, GATE).blessed == 1
    missing = evaluations.evaluate(tmp_path, inputs, GATE, reference_split="trian")
    check_refused(missing, "no such split")
    assert list(Path(missing.evaluation).iterdir()) == []  # No validation of before.
    # The stock node leaves the file of an earlier attempt beside its own.
    of_stock = configs.stock(strict)
    stock = configs.stock(GATE)
    evaluations.evaluate(tmp_path, inputs, stock, stock=True)
    both = evaluations.evaluate(tmp_path, inputs, of_stock, stock=True)
    assert both.files == ["BLESSED", "NOT_BLESSED"]


def test_a_first_run_is_judged_on_everything_but_the_change_and_says_so(tmp_path, made):
    inputs = inputs_of(Case("", ""), tmp_path, made)
    result = evaluations.evaluate(tmp_path, inputs, CHANGED)
    assert result.blessed == 1
    assert result.decision.notes == (
        "no model was blessed before: there is no baseline, and no change of "
        "sparse_categorical_accuracy was judged",
    )
    strict = config(gated("SplitMetric", at_least(0.95) + change("absolute", -0.1)))
    check_refused(evaluations.evaluate(tmp_path, inputs, strict), "needed 0.95")


def test_a_small_slice_is_reported_and_not_gated(tmp_path, made):
    """Group b has 10 examples, all of them wrong."""
    data = good()
    right = [row for row in data["eval"] if row["label"] == row["p"].argmax()]
    wrong = [{**row, "label": (row["label"] + 1) % 3, "group": b"b"} for row in right[:10]]
    data["eval"] = [{**row, "group": b"a"} for row in right[10:]] + wrong
    inputs = inputs_of(Case("", "", lambda: data), tmp_path, made)
    by_group = per_slice("feature_keys: 'group'", at_least(0.5))

    def judged(least: int) -> Result:
        given = config(gated("SplitMetric", by_group, min_examples=least), slices=BY_GROUP)
        return evaluations.evaluate(tmp_path, inputs, given)

    check_refused(judged(10), "where group is b 0, .*; needed 0.5")
    result = judged(11)
    assert result.blessed == 1
    small = {check.slice: check for check in result.decision.checks}["group: b"]
    assert (small.gated, small.passed, small.value) == (False, False, 0.0)
    assert small.sentence().endswith("too few examples, not gated")


def test_overlap_that_is_allowed_is_shown(tmp_path, made):
    inputs = inputs_of(Case("", "", lambda: shared(6)), tmp_path, made)
    result = evaluations.evaluate(tmp_path, inputs, GATE, max_overlap=0.1)
    assert result.blessed == 1
    assert result.decision.shared == pytest.approx(0.1)
    assert result.decision.splits == {"eval": 60, "train": 66}


def test_a_decision_keeps_its_schema(tmp_path, made):
    inputs = inputs_of(Case("", "", lambda: one_row(p=THREE_NAN)), tmp_path, made)
    result = evaluations.evaluate(tmp_path, inputs, CHANGED)
    text = (Path(result.blessing.uri) / "decision.json").read_text()
    written, schema = json.loads(text), decision.schema()
    assert list(written) == schema["required"] == list(schema["properties"])
    assert list(written["checks"][0]) == schema["$defs"]["Check"]["required"]
    assert list(written["faults"][0]) == schema["$defs"]["Fault"]["required"]
    assert Decision.from_json(text).to_json() == text
    for broken in (
        {**written, "faults": [{"split": "eval"}]},
        {**written, "checks": [{**written["checks"][0], "passed": None}]},
        {name: value for name, value in written.items() if name != "splits"} | {"splits": []},
    ):
        with pytest.raises(DataError, match=r"this is no decision\.json"):
            Decision.from_json(json.dumps(broken))
