"""Drops under corruptions, made by the node in its one pass, beside NumPy's."""

import json
from pathlib import Path

import evaluations
import linear
import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import roc_auc_score
from tensorflow_model_analysis.proto import config_pb2

from tfx_updaters.components import testing
from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.evaluator import batches, estimates, intervals
from tfx_updaters.components.evaluator.corruptions import Corruption
from tfx_updaters.components.evaluator.metrics import CorruptionDrop, WorstSlice
from tfx_updaters.components.evaluator.metrics.gated import MODULE

SHAPE = [linear.SIDE, linear.SIDE]
NAMES = ("noise", "occlusion", "shift")
STRENGTHS = {"noise": 0.3, "occlusion": 0.3, "shift": 0.4}
ACCURACY = {"class_name": "SparseCategoricalAccuracy"}
LOSS = {"class_name": "SparseCategoricalCrossentropy"}
# Left is positive, right negative: what the labels say.
SIDES = np.repeat([[1.0] * 4 + [-1.0] * 4], 8, axis=0)
TOP = SIDES * (np.arange(8) < 4)[:, None]


def metric(class_name: str = "CorruptionDrop", at_most: float | None = None, **config):
    """An entry of an EvalConfig."""
    found = config_pb2.MetricConfig(class_name=class_name, module=MODULE, config=json.dumps(config))
    if at_most is not None:
        found.threshold.value_threshold.upper_bound.value = at_most
    return found


def drop(inner=ACCURACY, corruptions=STRENGTHS, at_most: float | None = None, **config):
    config = {"feature": "image", "shape": SHAPE, "corruptions": corruptions, **config}
    return metric(at_most=at_most, metric=inner, **config)


def config(*metrics, signature: str = "", slices: tuple[str, ...] = ()) -> config_pb2.EvalConfig:
    return config_pb2.EvalConfig(
        model_specs=[config_pb2.ModelSpec(label_key="label", signature_name=signature)],
        slicing_specs=[
            config_pb2.SlicingSpec(),
            *(config_pb2.SlicingSpec(feature_keys=[name]) for name in slices),
        ],
        metrics_specs=[config_pb2.MetricsSpec(metrics=list(metrics))],
    )


ROWS = linear.examples(600, seed=1)
IMAGES = np.stack([row["image"] for row in ROWS])
LABELS = np.asarray([row["label"] for row in ROWS])


def right(weights, images=IMAGES) -> np.ndarray:
    return (linear.predictions(images, weights).argmax(axis=1) == LABELS).astype(float)


def losses(weights, images=IMAGES) -> np.ndarray:
    return -np.log(linear.predictions(images, weights)[np.arange(len(LABELS)), LABELS])


def area(images: np.ndarray) -> float:
    return float(
        roc_auc_score(np.eye(2)[LABELS].ravel(), linear.predictions(images, SIDES).ravel())
    )


def under(name: str, strength: float | None = None) -> np.ndarray:
    strength = STRENGTHS[name] if strength is None else strength
    return Corruption(name, "image", strength, SHAPE).of(IMAGES)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Examples, a candidate that looks at all pixels and a baseline that does at half of them."""
    folder = tmp_path_factory.mktemp("inputs")
    splits = {"train": linear.examples(400, seed=2), "eval": ROWS}
    return {
        "examples": [testing.write_examples(folder / "examples", splits)],
        "model": [linear.model(folder / "model", SIDES)],
        "baseline_model": [linear.model(folder / "baseline", TOP)],
    }


def run(folder: Path, inputs, *metrics, baseline: bool = False, **more) -> evaluations.Result:
    given = {k: v for k, v in inputs.items() if baseline or k != "baseline_model"}
    return evaluations.evaluate(folder, given, config(*metrics, **more))


def check(result: evaluations.Result, name: str, where: str = "all", change: bool = False):
    found = [
        each
        for each in result.decision.checks
        if (each.metric, each.slice, each.change) == (name, where, change)
    ]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("signature", ["", "raw"], ids=["serialized", "tensors"])
def test_drops_are_those_of_numpy(tmp_path, inputs, signature):
    result = run(
        tmp_path, inputs,
        drop(at_most=1), drop(of="worst", at_most=1), drop(LOSS, at_most=100),
        drop(LOSS, of="worst", at_most=100), signature=signature,
    )  # fmt: skip
    assert result.blessed == 1, result.decision.sentence()
    drops = [right(SIDES).mean() - right(SIDES, under(name)).mean() for name in NAMES]
    assert min(drops) > 0.03  # There is something to see.
    accuracy = "sparse_categorical_accuracy"
    mean, worst = (
        check(result, f"{accuracy}{kind}")
        for kind in ("_corruption_drop", "_worst_corruption_drop")
    )
    assert mean.value == pytest.approx(np.mean(drops), abs=1e-9)
    assert worst.value == pytest.approx(max(drops), abs=1e-9)
    rises = [losses(SIDES, under(name)).mean() - losses(SIDES).mean() for name in NAMES]
    loss = "sparse_categorical_crossentropy"
    assert check(result, f"{loss}_corruption_drop").value == pytest.approx(np.mean(rises), rel=1e-4)
    worst_loss = check(result, f"{loss}_worst_corruption_drop")
    assert worst_loss.value == pytest.approx(max(rises), rel=1e-4)
    counts = {"eval": 600} | {
        f"eval+{name} {strength} of image 8x8": 600 for name, strength in STRENGTHS.items()
    }
    assert mean.counts == counts and result.decision.splits == counts


def test_the_interval_is_that_of_the_same_examples(tmp_path, inputs):
    result = run(
        tmp_path, inputs, drop(corruptions={"noise": 0.3}, at_most=1),
        drop(LOSS, {"noise": 0.3}, at_most=9),
    )  # fmt: skip
    change = right(SIDES) - right(SIDES, under("noise"))
    wanted = intervals.agresti_min(change.mean(), np.abs(change).mean(), len(change), 0.95)
    found = check(result, "sparse_categorical_accuracy_corruption_drop")
    assert (found.lower, found.upper) == pytest.approx(wanted, abs=1e-9)
    rise = losses(SIDES, under("noise")) - losses(SIDES)
    wanted = estimates.PairedMean(
        estimates.sums(rise, np.ones(len(rise))).sum(axis=0), False
    ).interval(0.95)
    found = check(result, "sparse_categorical_crossentropy_corruption_drop")
    assert (found.lower, found.upper) == pytest.approx(wanted, rel=1e-4)


def test_other_batches_give_the_same_numbers(tmp_path, inputs, monkeypatch):
    metrics = drop(at_most=1), drop(LOSS, of="worst", at_most=100)
    first = run(tmp_path / "2048", inputs, *metrics)
    monkeypatch.setattr(batches, "MOST", 37)
    second = run(tmp_path / "37", inputs, *metrics)
    for one, other in zip(first.decision.checks, second.decision.checks, strict=True):
        for field in ("value", "lower", "upper"):
            assert getattr(one, field) == pytest.approx(getattr(other, field), abs=1e-7)


def test_a_seed_gives_other_noise(tmp_path, inputs):
    # Under one name, two seeds are two views.
    names = [f"seed {seed}" for seed in (0, 5, 5)]
    result = run(
        tmp_path, inputs,
        *(
            drop(LOSS, {"noise": 0.3}, seed=int(name[-1]), name=f"{name}, {place}", at_most=9)
            for place, name in enumerate(names)
        ),
    )  # fmt: skip
    first, second, third = (each.value for each in result.decision.checks)
    assert first != second and second == third
    assert {*result.decision.splits} == {
        "eval", "eval+noise 0.3 of image 8x8", "eval+noise 0.3 of image 8x8 seed 5"
    }  # fmt: skip


def test_a_limit_refuses_on_the_bound_that_the_burden_names(tmp_path, inputs):
    change = right(SIDES) - right(SIDES, under("noise"))
    low, high = intervals.agresti_min(change.mean(), np.abs(change).mean(), len(change), 0.95)
    limit = (change.mean() + high) / 2
    burdens = ("model", "gate", "none")
    result = run(
        tmp_path, inputs,
        *(
            drop(corruptions={"noise": 0.3}, burden=burden, name=burden, at_most=limit)
            for burden in burdens
        ),
    )  # fmt: skip
    assert result.blessed == 0
    judged = {burden: check(result, burden) for burden in burdens}
    assert [judged[burden].passed for burden in burdens] == [False, True, True]
    assert judged["model"].judged == pytest.approx(high)
    assert judged["gate"].judged == pytest.approx(low)


def test_encoded_images(tmp_path):
    images = np.rint(IMAGES * 255).astype(np.uint8)
    rows = [
        {"image": tf.io.encode_png(image[..., None]).numpy(), "label": int(label)}
        for image, label in zip(images, LABELS, strict=True)
    ]
    inputs = {
        "examples": [testing.write_examples(tmp_path / "examples", {"eval": rows})],
        "model": [linear.model(tmp_path / "model", SIDES, encoded=True)],
    }
    result = run(tmp_path, inputs, drop(shape=None, at_most=1))
    drops = [
        right(SIDES, images / 255).mean()
        - right(
            SIDES, Corruption(name, "image", STRENGTHS[name]).of(images[..., None]) / 255
        ).mean()
        for name in NAMES
    ]
    found = check(result, "sparse_categorical_accuracy_corruption_drop")
    # An image whose halves are as bright to a few parts in a million may be taken for the other.
    assert found.value == pytest.approx(np.mean(drops), abs=1.5 / 600)
    assert found.value > 0.03


def test_with_a_baseline(tmp_path, inputs):
    change = drop(corruptions={"noise": 0.3}, at_most=1)
    change.threshold.change_threshold.direction = config_pb2.MetricDirection.LOWER_IS_BETTER
    change.threshold.change_threshold.absolute.value = 0.0
    result = run(tmp_path, inputs, change, baseline=True)
    drops = [
        right(weights).mean() - right(weights, under("noise")).mean() for weights in (SIDES, TOP)
    ]
    name = "sparse_categorical_accuracy_corruption_drop"
    assert check(result, name).value == pytest.approx(drops[0], abs=1e-9)
    found = check(result, name, change=True)
    assert found.value == pytest.approx(drops[0] - drops[1], abs=1e-9)
    assert found.lower < found.value < found.upper
    assert result.blessed == int(found.value <= 0)
    values = result.values("baseline")[()]
    assert float(values[name]["value"]) == pytest.approx(drops[1], abs=1e-9)


def test_slices_and_the_worst_of_them(tmp_path, inputs):
    inner = {"metric": ACCURACY, "feature": "image", "shape": SHAPE, "corruptions": STRENGTHS}
    worst = {"class_name": "CorruptionDrop", "module": MODULE, "config": inner}
    result = run(
        tmp_path, inputs, drop(at_most=1),
        metric("WorstSlice", metric=worst, by=["label"], at_most=1), slices=("label",),
    )  # fmt: skip
    drops = {
        label: np.mean(
            [
                right(SIDES)[label == LABELS].mean()
                - right(SIDES, under(name))[label == LABELS].mean()
                for name in NAMES
            ]
        )
        for label in (0, 1)
    }
    name = "sparse_categorical_accuracy_corruption_drop"
    for label, wanted in drops.items():
        assert check(result, name, f"label: {label}").value == pytest.approx(wanted, abs=1e-9)
    found = check(result, f"worst_{name}_by_label")
    assert found.value == pytest.approx(max(drops.values()), abs=1e-9)


def test_beside_other_metrics(tmp_path, inputs):
    """The user's own metric, a gap, a metric by row, one on a corrupted view, no corruption."""
    view = "evaluation+noise 0.3 of image 8x8"
    own = config_pb2.MetricConfig(class_name="SparseCategoricalAccuracy")
    own.threshold.value_threshold.lower_bound.value = 0.9
    area_inner = {"class_name": "AUC"}
    result = run(
        tmp_path, inputs, own,
        metric("GeneralizationGap", metric=ACCURACY, at_most=0.5),
        metric("SplitMetric", metric=ACCURACY, split=view, name="on_noise", at_most=1),
        drop(area_inner, {"noise": 0.3}, higher_is_better=True, name="by_row", at_most=1),
        drop(corruptions={"noise": 0}, name="nothing", at_most=0),
        drop({"class_name": "CalibrationError", "module": MODULE}, {"noise": 0.3}, at_most=1),
    )  # fmt: skip
    assert result.blessed == 1, result.decision.sentence()
    clean, noisy = right(SIDES), right(SIDES, under("noise"))
    # TFMA's own metrics see the clean examples only.
    accuracy = check(result, "sparse_categorical_accuracy")
    assert accuracy.value == pytest.approx(clean.mean(), abs=1e-9)
    assert check(result, "on_noise").value == pytest.approx(noisy.mean(), abs=1e-9)
    # TFMA's area is of 10,000 thresholds, of both classes together.
    wanted = area(IMAGES) - area(under("noise"))
    assert wanted > 0.01
    assert check(result, "by_row").value == pytest.approx(wanted, abs=1e-3)
    nothing = check(result, "nothing")
    assert nothing.value == 0 and nothing.upper < 0.01
    error = check(result, "calibration_error_corruption_drop")
    assert error.lower < error.value < error.upper
    # The corrupted copies are no examples that two splits share.
    assert result.decision.shared == 0


class TestRefused:
    """What cannot be corrupted or judged refuses the model, with its reason."""

    def test_no_such_feature(self, tmp_path, inputs):
        result = run(tmp_path, inputs, drop(feature="imge", at_most=1))
        assert result.blessed == 0
        sentence = result.decision.sentence()
        assert "no feature 'imge' (did you mean 'image'?)" in sentence
        assert "split 'eval+noise 0.3 of imge 8x8' (600 examples)" in sentence

    def test_values_out_of_the_range(self, tmp_path, inputs):
        result = run(tmp_path, inputs, drop(range=[0, 0.5], at_most=1))
        assert result.blessed == 0
        assert "outside of the range 0 to 0.5" in result.decision.sentence()

    def test_a_prediction_on_corrupted_examples_that_is_nan(self, tmp_path, inputs):
        brightest = IMAGES.max(axis=(1, 2)), under("occlusion").max(axis=(1, 2))
        limit = np.float32(np.quantile(brightest[0], 0.9))
        splits = {"eval": [row for row in ROWS if row["image"].max() > limit]}
        examples = testing.write_examples(tmp_path / "examples", splits)
        fragile = linear.model(tmp_path / "fragile", SIDES, fails_up_to=limit)
        given = {**inputs, "examples": [examples], "model": [fragile]}
        result = run(tmp_path, given, drop(corruptions={"occlusion": 0.3}, at_most=1))
        assert result.blessed == 0
        (fault,) = result.decision.faults
        assert fault.why == "prediction of the candidate is NaN or infinite"
        assert fault.split == "eval+occlusion 0.3 of image 8x8"
        assert 0 < fault.examples == ((brightest[0] > limit) & (brightest[1] <= limit)).sum()

    def test_a_bad_label_is_told_once(self, tmp_path, inputs):
        splits = {"eval": [*ROWS[:50], {**ROWS[50], "label": 2}]}
        examples = testing.write_examples(tmp_path / "examples", splits)
        result = run(tmp_path, {**inputs, "examples": [examples]}, drop(at_most=1))
        assert result.blessed == 0
        (fault,) = result.decision.faults
        assert (fault.split, fault.examples) == ("eval", 1)

    def test_records_that_hold_more(self, tmp_path, inputs):
        examples = testing.write_examples(tmp_path / "examples", {"eval": ROWS[:9]})
        examples.set_string_custom_property("payload_format", "FORMAT_TF_SEQUENCE_EXAMPLE")
        result = run(tmp_path, {**inputs, "examples": [examples]}, drop(at_most=1))
        assert result.blessed == 0
        assert "these are FORMAT_TF_SEQUENCE_EXAMPLE" in result.decision.sentence()


def test_a_schema_that_knows_less_than_the_model_reads(tmp_path, inputs):
    schema = testing.write_schema(tmp_path / "schema", {"label": ("int", [])})
    given = {**inputs, "schema": [schema]}
    result = run(tmp_path, given, drop(corruptions={"noise": 0.3}, at_most=1))
    drop_ = right(SIDES).mean() - right(SIDES, under("noise")).mean()
    found = check(result, "sparse_categorical_accuracy_corruption_drop")
    assert found.value == pytest.approx(drop_, abs=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"of": "median"}, "of is mean or worst, not 'median'"),
        ({"corruptions": []}, "corruptions are a list"),
        ({"corruptions": "noise"}, "corruptions are a list"),
        ({"corruptions": ["blurr"]}, "did you mean 'blur'"),
        ({"corruptions": {"noise": -1}}, "strength: received -1"),
        ({"shape": [8]}, "shape: received"),
        ({"metric": {"class_name": "AUC"}}, "say whether a good model has a high one"),
    ],
    ids=["of", "none", "text", "near name", "strength", "shape", "direction"],
)
def test_arguments_that_are_refused(arguments, message):
    given = {"metric": ACCURACY, "feature": "image", "corruptions": ["noise"], **arguments}
    with pytest.raises(ArgumentError, match=message):
        CorruptionDrop(**given)


def test_names_and_directions():
    given = {"metric": LOSS, "feature": "image", "corruptions": ["noise", "blur"]}
    assert CorruptionDrop(**given).name == "sparse_categorical_crossentropy_corruption_drop"
    assert not CorruptionDrop(**given).higher_is_better
    inner = {"class_name": "CorruptionDrop", "module": MODULE, "config": given}
    assert WorstSlice(inner, ["label"]).worst == "highest"
    assert set(WorstSlice(inner, ["label"]).corruptions()) == {
        "evaluation+noise 0.1 of image", "evaluation+blur 1.0 of image"
    }  # fmt: skip
