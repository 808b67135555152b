"""What a decision says: both sides of a gap, the worst slice, the reason, enough digits."""

import dataclasses
import json

import evaluations
import numpy as np
import pytest

from tfx_updaters.components import Gate
from tfx_updaters.components.evaluator.check import Check, Part
from tfx_updaters.components.evaluator.decision import Decision, Fault

TRAIN = evaluations.rows(900, 0.998, seed=1, baseline=0.99)
# And a class of six, too few for Gate's 20, on which every prediction is wrong.
EVAL = [
    *evaluations.rows(450, 0.912, seed=2, baseline=0.93),
    *({**row, "label": 3} for row in evaluations.rows(6, 1.0, seed=3, baseline=1.0)),
]
PLAIN = Check(
    metric="sparse_categorical_accuracy", slice="all", output="", change=False, value=0.912,
    lower=0.881, upper=0.934, confidence=0.95, slices=1, burden="none", judged=0.912,
    at_least=0.9, at_most=None, margin=0.012, passed=True, counts={"eval": 450},
)  # fmt: skip


@pytest.fixture(scope="module")
def decision(tmp_path_factory) -> Decision:
    splits = {"train": with_four_outputs(TRAIN), "eval": with_four_outputs(EVAL)}
    folder = tmp_path_factory.mktemp("decision")
    result = evaluations.run(folder, splits, Gate().eval_config(), baseline=True)
    return result.decision


def with_four_outputs(rows):
    more = np.zeros(1, np.float32)
    return [{**row, "p": np.append(row["p"], more), "q": np.append(row["q"], more)} for row in rows]


def check_of(decision: Decision, metric: str, change: bool = False) -> Check:
    (found,) = [c for c in decision.checks if (c.metric, c.change) == (metric, change)]
    return found


def accuracy(rows, of: str = "p", label: int | None = None) -> float:
    kept = [row for row in rows if label in (None, row["label"])]
    return float(np.mean([np.argmax(row[of]) == row["label"] for row in kept]))


def test_a_gap_has_both_sides(decision):
    gap = check_of(decision, "sparse_categorical_accuracy_gap")
    sides = {part.of: part for part in gap.parts}
    assert sides["train"].value == pytest.approx(accuracy(TRAIN))
    assert sides["eval"].value == pytest.approx(accuracy(EVAL))
    assert (sides["train"].examples, sides["eval"].examples) == (900, 456)
    assert sides["train"].value - sides["eval"].value == pytest.approx(gap.value)
    said = f"train accuracy {accuracy(TRAIN):.4f}, eval {accuracy(EVAL):.4f}: gap {gap.value:.4f}, "
    assert gap.sentence().startswith(f"{said}between ")
    assert gap.sentence().endswith("with 95 % confidence; allowed 0.05")


def test_a_change_has_both_models(decision):
    change = check_of(decision, "sparse_categorical_accuracy", change=True)
    assert [(p.of, p.value) for p in change.parts] == [
        ("candidate", pytest.approx(accuracy(EVAL))),
        ("baseline", pytest.approx(accuracy(EVAL, "q"))),
    ]
    assert change.sentence().startswith(
        f"candidate accuracy {accuracy(EVAL):.4f}, baseline {accuracy(EVAL, 'q'):.4f}: "
        f"change {change.value:+.4f}, between -"
    )


def test_a_worst_slice_has_every_slice_on_both_splits(decision):
    worst = check_of(decision, "worst_sparse_categorical_accuracy_by_label")
    found = {(part.of, part.slice): part for part in worst.parts}
    assert len(found) == len(worst.parts) == 4 + 3  # The small class is not in the train split.
    for label in range(3):
        for split, rows in (("train", TRAIN), ("eval", EVAL)):
            part = found[split, f"label: {label}"]
            assert part.value == pytest.approx(accuracy(rows, label=label))
            assert part.lower < part.value <= part.upper
            assert part.examples == sum(row["label"] == label for row in rows)
            assert part.counted == (split == "eval")
    small = found["eval", "label: 3"]
    assert small.examples == 6 and not small.counted
    label = min(range(3), key=lambda label: accuracy(EVAL, label=label))
    assert worst.worst == found["eval", f"label: {label}"]
    # The worst is judged on the interval that all slices have together.
    assert worst.slices == 3
    assert min(found["eval", f"label: {k}"].lower for k in range(3)) == worst.lower
    assert f"where label is {label}, between" in worst.sentence()
    assert "for 3 slices together" in worst.sentence()


def test_a_decision_is_read_as_it_was_written(decision):
    assert Decision.from_json(decision.to_json()) == decision
    assert json.loads(decision.to_json())["sentence"] == decision.sentence()
    assert decision.sentence().startswith("refused: ")
    assert all(reason in decision.sentence() for reason in decision.reasons())


def test_the_burden_of_proof_is_said_where_it_decides():
    few = dataclasses.replace(PLAIN, burden="model", judged=0.881, margin=-0.019, passed=False)
    assert few.sentence().endswith("; needed 0.9, which 450 examples do not show")
    spared = dataclasses.replace(PLAIN, value=0.89, burden="gate", judged=0.934)
    assert spared.sentence().endswith("0.9, and 450 examples do not show that it is broken")
    assert PLAIN.sentence() == (
        "eval accuracy 0.912, between 0.881 and 0.934 with 95 % confidence; needed 0.9"
    )


def test_rounding_hides_no_breach():
    close = dataclasses.replace(
        PLAIN, value=0.8999996, lower=None, judged=0.8999996, margin=-4e-7, passed=False
    )
    assert close.sentence() == "eval accuracy 0.8999996; needed 0.9"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"value": None, "why": "it is nan"}, "eval accuracy could not be computed: it is nan"),
        ({"why": "all labels are 1 there, and it ranks classes"}, "but all labels are 1 there"),
        ({"gated": False}, "too few examples, not gated"),
        ({"output": "left"}, "eval accuracy of output 'left' 0.912"),
        ({"slice": "group: a, label: 3"}, "eval accuracy where group is a, label is 3 0.912"),
        ({"at_most": 0.95}, "allowed 0.9 to 0.95"),
        ({"at_least": None, "at_most": 0.95}, "; allowed 0.95"),
    ],
    ids=["nan", "ranking", "few", "output", "slice", "range", "at most"],
)
def test_what_else_a_sentence_says(change, said):
    assert said in dataclasses.replace(PLAIN, **change).sentence()


def test_a_side_that_is_unknown_is_said():
    unknown = Part("sparse_categorical_accuracy", "train", "all", None, None, None, 0)
    known = dataclasses.replace(unknown, of="eval", value=0.9)
    gap = dataclasses.replace(
        PLAIN, metric="sparse_categorical_accuracy_gap", parts=(unknown, known)
    )
    assert gap.sentence().startswith("train accuracy unknown, eval 0.9: gap 0.912")


def test_many_reasons_are_counted():
    faults = tuple(Fault(f"reason {number}") for number in range(9))
    said = Decision((PLAIN,), faults).sentence()
    assert said == "refused: reason 0. reason 1. reason 2. And 6 more"


def test_the_closest_check_is_the_one_that_is_told():
    near = dataclasses.replace(PLAIN, metric="auc", margin=0.001)
    small = dataclasses.replace(PLAIN, metric="recall", margin=-1.0, gated=False, passed=False)
    decision = Decision((PLAIN, small, near), ())
    assert decision.closest_first() == (near, PLAIN, small)
    assert decision.sentence().startswith("blessed: 2 checks passed; the closest: eval auc 0.912")
