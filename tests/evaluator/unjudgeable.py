"""What cannot be judged: what is wrong, what the decision says, what the stock node does."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import configs
import evaluations
import numpy as np
from configs import at_least, at_most, change, config, gated, own, per_slice
from tensorflow_model_analysis.proto import config_pb2

from tfx_updaters.components import testing

ROWS = 60
NAN, INF = float("nan"), float("inf")
ACCURATE = gated("SplitMetric", at_least(0.5))
NO_GAP = gated("GeneralizationGap", at_most(0.3))
GATE = config(ACCURATE, NO_GAP)
WEIGHTED = config(ACCURATE, NO_GAP, model="label_key: 'label' example_weight_key: 'w'")
CHANGED = config(
    gated("SplitMetric", at_least(0.5) + change("absolute", -0.1)), NO_GAP,
)  # fmt: skip
AUC = {"class_name": "AUC"}
LOSS = {"class_name": "SparseCategoricalCrossentropy"}
RANKED = config(gated("SplitMetric", at_least(0.5), metric=AUC))
RANKED_GAP = config(
    own("BinaryAccuracy", at_least(0.5)), gated("GeneralizationGap", at_most(0.3), metric=AUC)
)
BY_GROUP = "slicing_specs { } slicing_specs { feature_keys: 'group' }"

Splits = dict[str, list[dict[str, Any]]]


def good() -> Splits:
    """Nothing is wrong with these: accuracies of 1.0 and 0.9."""
    return {
        "train": evaluations.rows(ROWS, 1.0, 1, baseline=1.0, w=1.0),
        "eval": evaluations.rows(ROWS, 0.9, 2, baseline=0.9, w=1.0),
    }


def one_row(split: str = "eval", **features: Any) -> Splits:
    """One example of a split is other; a feature that is None it lacks."""
    found = good()
    row = {**found[split][3], **features}
    found[split][3] = {name: value for name, value in row.items() if value is not None}
    return found


def one_label(label: float | None) -> Splits:
    """Labels are floats, and one is this."""
    found = good()
    for rows in found.values():
        for row in rows:
            row["label"] = float(row["label"])
    found["eval"][3]["label"] = label
    if label is None:
        del found["eval"][3]["label"]
    return found


def only(count: int) -> Splits:
    """So few examples on the evaluation split, all of them judged right."""
    return {**good(), "eval": evaluations.rows(count, 1.0, 2, baseline=1.0, w=1.0)}


def one_output(**labels: Callable[[int], int]) -> Splits:
    """One output, nearly the label; the label of each row of a split by its number."""
    found = {}
    for seed, split in enumerate(("train", "eval")):
        value = labels.get(split, lambda number: number % 2)
        found[split] = [
            {"label": value(n), "p": np.float32([0.1 + 0.8 * (n % 2) + n / 1000]), "n": n + seed}
            for n in range(ROWS)
        ]
    return found


def shared(count: int) -> Splits:
    """Examples of the evaluation split that the train split has as well."""
    found = good()
    return {**found, "train": found["train"] + found["eval"][:count]}


@dataclass(frozen=True)
class Case:
    """Something that cannot be judged.

    Attributes:
        said: what the decision names.
        stock: what the stock Evaluator does with the same.
        splits: the data.
        config: as our node takes it.
        baseline: whether there is one.
        broken: what is done to the folder of the `candidate` or of the `baseline`.
        files: what is done to the folder of the examples.
        node: arguments of the node.
    """

    said: str
    stock: str
    splits: Callable[[], Splits] = good
    config: config_pb2.EvalConfig = field(default_factory=lambda: GATE)
    baseline: bool = False
    broken: Mapping[str, Callable[[Path], Any]] = field(default_factory=dict)
    files: Callable[[Path], Any] = lambda folder: None
    node: Mapping[str, Any] = field(default_factory=dict)


def emptied(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def cut_off(folder: Path) -> None:
    path = folder / "Format-Serving" / "saved_model.pb"
    path.write_bytes(path.read_bytes()[:100])


def no_files(split: str) -> Callable[[Path], None]:
    return lambda folder: emptied(folder / f"Split-{split}")


def nan(model: str) -> Splits:
    found = good()
    for rows in found.values():
        for row in rows:
            row[model] = np.full(3, np.nan, np.float32)
    return found


THREE_NAN, THREE_INF = np.full(3, np.nan, np.float32), np.float32([0.1, INF, 0.1])

CASES = {
    # Predictions
    "prediction-nan": Case(
        r"prediction of the candidate is NaN or infinite in split 'eval' \(1 examples\)", "blessed",
        lambda: one_row(p=THREE_NAN),
    ),
    "prediction-infinite": Case(
        "prediction of the candidate is NaN or infinite", "blessed", lambda: one_row(p=THREE_INF)
    ),
    "prediction-nan-under-a-metric-of-tfma": Case(
        "prediction of the candidate is NaN or infinite", "blessed", lambda: one_row(p=THREE_NAN),
        config(own("SparseCategoricalAccuracy", at_least(0.5))),
    ),
    "prediction-nan-without-labels": Case(
        "prediction of the candidate is NaN or infinite", "blessed", lambda: one_row(p=THREE_NAN),
        config(own("ExampleCount", at_least(10)), model=""),
    ),
    "prediction-nan-on-the-reference": Case(
        "NaN or infinite in split 'train'", "blessed", lambda: one_row("train", p=THREE_NAN)
    ),
    "prediction-nan-of-the-baseline": Case(
        "prediction of the baseline is NaN or infinite", "blessed", lambda: one_row(q=THREE_NAN),
        CHANGED, baseline=True,
    ),
    "baseline-nan-throughout": Case(
        r"prediction of the baseline .* \(60 examples\)", "blessed", lambda: nan("q"), CHANGED,
        baseline=True,
    ),
    # Labels
    "label-nan": Case("label is missing, NaN or infinite", "blessed", lambda: one_label(NAN)),
    "label-missing": Case("label is missing", "raises", lambda: one_label(None)),
    "label-too-high": Case(
        "label is outside the 3 classes of the candidate", "blessed", lambda: one_row(label=3)
    ),
    "label-negative": Case("label is outside the 3 classes", "blessed", lambda: one_row(label=-1)),
    "label-fractional": Case("label is outside the 3 classes", "blessed", lambda: one_label(0.5)),
    "label-too-high-on-the-reference": Case(
        "outside the 3 classes of the candidate in split 'train'", "blessed",
        lambda: one_row("train", label=3),
    ),
    "label-2-of-a-binary-metric": Case(
        "label is outside 0 to 1, for BinaryAccuracy", "raises",
        lambda: one_output(eval=lambda number: 2 if number == 3 else number % 2),
        config(gated("SplitMetric", at_least(0.5), metric={"class_name": "BinaryAccuracy"})),
    ),
    "label-2-of-auc": Case(
        "label is outside 0 to 1, for AUC", "raises",
        lambda: one_output(eval=lambda number: 2 if number == 3 else number % 2), RANKED,
    ),
    "label-key-misspelt": Case(
        "the examples have no label 'lable'", "raises",
        config=config(ACCURATE, model="label_key: 'lable'"),
    ),
    "label-key-misspelt-under-a-metric-of-tfma": Case(
        "the examples have no label 'lable'", "raises",
        config=config(
            own("SparseCategoricalAccuracy", at_least(0.5)), model="label_key: 'lable'"
        ),
    ),
    # Weights
    "weight-nan": Case(
        "example weight is missing, NaN or infinite", "refused", lambda: one_row(w=NAN), WEIGHTED
    ),
    "weight-infinite": Case(
        "example weight is missing, NaN or infinite", "refused", lambda: one_row(w=INF), WEIGHTED
    ),
    "weight-negative": Case(
        r"example weight is negative in split 'eval' \(1 examples\)", "blessed",
        lambda: one_row(w=-1.0), WEIGHTED,
    ),
    "weight-missing-in-a-row": Case(
        "example weight is missing", "raises", lambda: one_row(w=None), WEIGHTED
    ),
    "weight-key-misspelt": Case(
        r"example weight is missing, .* \(60 examples\)", "blessed",
        config=config(ACCURATE, model="label_key: 'label' example_weight_key: 'wieght'"),
    ),
    # One class
    "one-class-under-auc": Case(
        "all labels are 1 there, and it ranks classes", "refused",
        lambda: one_output(eval=lambda _: 1), RANKED,
    ),
    "one-class-in-a-gap-of-auc": Case(
        "auc gap could not be computed: all labels are 0 there", "blessed",
        lambda: one_output(eval=lambda _: 0), RANKED_GAP,
    ),
    "one-class-slices-under-auc": Case(
        "all labels are 0 there, and it ranks classes", "blessed", one_output,
        config(
            own("BinaryAccuracy", at_least(0.5)),
            gated("WorstSlice", at_most(0.1), metric={
                "class_name": "GeneralizationGap", "module": configs.MODULE,
                "config": {"metric": AUC},
            }, by=["label"], worst="highest"),
        ),
    ),
    # Splits
    "evaluation-split-without-examples": Case(
        "there are no examples in split 'eval'", "refused", lambda: {**good(), "eval": []}
    ),
    "evaluation-split-without-files": Case(
        "there are no examples in split 'eval'", "raises", files=no_files("eval")
    ),
    "evaluation-split-misspelt": Case(
        r"no such split; there are \['train', 'eval'\] in split 'evall'", "raises",
        node={"example_splits": ["evall"]},
    ),
    "reference-split-without-examples": Case(
        "there are no examples in split 'train'", "blessed", lambda: {**good(), "train": []}
    ),
    "reference-split-without-files": Case(
        "there are no examples in split 'train'", "blessed", files=no_files("train")
    ),
    "reference-split-misspelt": Case(
        "no such split", "blessed", node={"reference_split": "trian"}
    ),
    "split-of-a-metric-misspelt": Case(
        "no such split; .* in split 'tset'", "blessed",
        config=config(ACCURATE, gated("SplitMetric", at_least(0.5), split="tset")),
    ),
    "reference-with-the-content-of-the-evaluation": Case(
        "100 % of the examples are in split 'train' too", "blessed",
        lambda: {"train": good()["eval"], "eval": good()["eval"]},
    ),
    "examples-that-both-splits-have": Case(
        r"10 % of the examples are in split 'train' too; 0 % are allowed in split 'eval' "
        r"\(6 examples\)", "blessed", lambda: shared(6),
    ),
    "more-shared-examples-than-allowed": Case(
        "10 % of the examples are in split 'train' too; 9 % are allowed", "blessed",
        lambda: shared(6), node={"max_overlap": 0.09},
    ),
    "examples-that-another-reference-has": Case(
        "100 % of the examples are in split 'more' too", "blessed",
        lambda: {**good(), "more": good()["eval"]},
        config(ACCURATE, gated("GeneralizationGap", at_most(0.3), reference="more")),
    ),
    # Too few examples
    "one-example-for-a-t-interval": Case(
        "no bound can be had of 1 examples", "blessed", lambda: only(1),
        config(gated("SplitMetric", at_most(5), metric=LOSS, burden="model")),
    ),
    "five-examples-for-the-model-to-show": Case(
        "accuracy 1, between 0.5655 and 1 .*; needed 0.8, which 5 examples do not show",
        "blessed", lambda: only(5), config(gated("SplitMetric", at_least(0.8), burden="model")),
    ),
    "all-slices-too-small": Case(
        "no slice by group has 40 examples on each split", "blessed",
        config=config(
            ACCURATE, gated("WorstSlice", at_least(0.5), by=["group"], min_examples=40)
        ),
    ),
    "all-gated-slices-too-small": Case(
        "no slice that it is for has 100 examples on each split", "blessed",
        config=config(
            gated(
                "SplitMetric", per_slice("feature_keys: 'group'", at_least(0.5)), min_examples=100
            ),
            slices=BY_GROUP,
        ),
    ),
    # Models
    "baseline-empty": Case(
        "the baseline does not load", "raises", config=CHANGED, baseline=True,
        broken={"baseline": emptied},
    ),
    "baseline-cut-off": Case(
        "the baseline does not load", "raises", config=CHANGED, baseline=True,
        broken={"baseline": cut_off},
    ),
    "candidate-empty": Case("the candidate does not load", "raises", broken={"candidate": emptied}),
    "candidate-cut-off": Case(
        "the candidate does not load", "raises", broken={"candidate": cut_off}
    ),
    "baseline-of-another-task": Case(
        "label is outside the 2 classes of the baseline", "blessed",
        lambda: {
            name: [{**row, "q": np.float32([0.5, 0.5])} for row in rows]
            for name, rows in good().items()
        }, CHANGED, baseline=True,
    ),
    "relative-change-of-what-is-not-above-0": Case(
        "a relative change of a baseline that is not above 0 means nothing", "blessed",
        lambda: {
            "train": evaluations.rows(ROWS, 1.0, 1, baseline=0.5),
            "eval": evaluations.rows(ROWS, 0.8, 2, baseline=0.9),
        },
        config(
            ACCURATE,
            gated("GeneralizationGap", change("relative", 0.1, "LOWER_IS_BETTER")),
        ), baseline=True,
    ),
    # What the thresholds name
    "metric-that-is-not-there": Case(
        "accurasy could not be computed", "refused",
        config=config(
            own("ExampleCount"), f"thresholds {{ key: 'accurasy' value {{ {at_least(0)} }} }}"
        ),
    ),
    "feature-that-is-not-there": Case(
        "accuracy where grup could not be computed: no slice that it is for", "refused",
        config=config(
            gated("SplitMetric", per_slice("feature_keys: 'grup'", at_least(0.5))),
            slices="slicing_specs { feature_keys: 'grup' } slicing_specs { }",
        ),
    ),
    "value-that-is-not-there": Case(
        "accuracy where group is c could not be computed: no slice that it is for", "refused",
        config=config(
            gated(
                "SplitMetric",
                per_slice("feature_values { key: 'group' value: 'c' }", at_least(0.5)),
            ),
            slices=BY_GROUP,
        ),
    ),
    "slices-that-are-not-computed": Case(
        "accuracy where group could not be computed", "refused",
        config=config(gated("SplitMetric", per_slice("feature_keys: 'group'", at_least(0.5)))),
    ),
    "worst-slice-of-a-feature-that-is-not-there": Case(
        "no slice by grup", "blessed",
        config=config(ACCURATE, gated("WorstSlice", at_least(0.5), by=["grup"])),
    ),
}  # fmt: skip


def inputs_of(case: Case, folder: Path, made: Any) -> dict[str, Any]:
    splits = case.splits()
    row = next(rows for rows in splits.values() if rows)[0]
    examples = testing.write_examples(folder / "examples", splits)
    case.files(folder / "examples")
    found = {"examples": [examples], "model": [made("p", len(row["p"]))]}
    if case.baseline:
        found["baseline_model"] = [made("q", len(row["q"]))]
    for which, breaks in case.broken.items():
        name = {"candidate": "model", "baseline": "baseline_model"}[which]
        shutil.copytree(found[name][0].uri, folder / which)
        breaks(folder / which)
        found[name] = [evaluations.stored(folder / which)]
    return found


def stock_outcome(folder: Path, inputs: Any, of: config_pb2.EvalConfig, **node: Any) -> str:
    """What the stock executor says of the same config without what is ours."""
    node = {name: value for name, value in node.items() if name == "example_splits"}
    try:
        said = evaluations.evaluate(folder, inputs, configs.stock(of), stock=True, **node).blessed
    except Exception:
        return "raises"
    return {None: "no verdict", 0: "refused", 1: "blessed"}[said]
