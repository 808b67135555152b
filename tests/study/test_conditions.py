"""Conditions change the share of examples that they say, the same for the same seed."""

import numpy as np
import pytest

from tfx_updaters.components import ComponentError, StudyError
from tfx_updaters.components.study.conditions import Condition
from tfx_updaters.components.study.disturbed import disturbed

CLASSES = 4


@pytest.fixture
def arrays():
    random = np.random.default_rng(0)
    images = random.random((100, 6, 6, 1), dtype=np.float32)
    return {"image": images, "label": random.integers(CLASSES, size=100)}


def changed_rows(before, after, name):
    apart = before[name] != after[name]
    return np.flatnonzero(apart.reshape(len(apart), -1).any(1))


def test_clean_data_stay_as_they_are(arrays):
    after = disturbed(Condition(), arrays, "label", CLASSES, 0)
    assert all(np.array_equal(after[name], arrays[name]) for name in arrays)


@pytest.mark.parametrize("name", ["outliers", "noise", "occlusion", "label_noise"])
def test_the_share_of_examples_is_changed_and_nothing_else(arrays, name):
    copies = {key: value.copy() for key, value in arrays.items()}
    after = disturbed(Condition(name, 0.3), arrays, "label", CLASSES, 0)
    touched, left = ("label", "image") if name == "label_noise" else ("image", "label")
    assert len(changed_rows(arrays, after, touched)) == 30
    assert np.array_equal(after[left], arrays[left])
    assert all(np.array_equal(arrays[key], copies[key]) for key in arrays)


@pytest.mark.parametrize("name", ["outliers", "noise", "label_noise"])
def test_the_seed_decides_which(arrays, name):
    first, again, other = (
        disturbed(Condition(name, 0.3), arrays, "label", CLASSES, seed) for seed in (1, 1, 2)
    )
    touched = "label" if name == "label_noise" else "image"
    assert np.array_equal(first[touched], again[touched])
    assert not np.array_equal(
        changed_rows(arrays, first, touched), changed_rows(arrays, other, touched)
    )


def test_outliers_have_a_few_values_far_off(arrays):
    after = disturbed(Condition("outliers", 0.5, strength=20), arrays, "label", CLASSES, 0)
    moved = np.abs(after["image"] - arrays["image"])
    rows = changed_rows(arrays, after, "image")
    assert {int((moved[row] > 0).sum()) for row in rows} == {2}  # 5 % of 36 values
    np.testing.assert_allclose(moved[moved > 0], 20 * arrays["image"].std(), rtol=1e-5)


def test_outliers_among_encoded_pixels_are_as_far_off_as_the_model_sees_it():
    pixels = np.random.default_rng(0).integers(256, size=(50, 6, 6, 1)).astype(np.uint8)
    arrays = {"image": pixels, "label": np.zeros(50, int)}
    after = disturbed(Condition("outliers", 0.5), arrays, "label", CLASSES, 0)["image"]
    seen = pixels / 255
    moved = np.abs(after - seen)
    np.testing.assert_allclose(moved[moved > 1e-6], 10 * seen.std(), rtol=1e-4)
    assert (moved <= 1e-6).mean() > 0.9


def test_noisy_labels_are_other_classes_each_as_likely():
    arrays = {"label": np.zeros(9000, np.int64)}
    after = disturbed(Condition("label_noise", 1.0), arrays, "label", CLASSES, 0)["label"]
    assert np.bincount(after, minlength=CLASSES)[0] == 0
    assert np.bincount(after)[1:].min() > 2850


def test_a_corruption_that_does_not_fit_the_inputs_is_refused(arrays):
    with pytest.raises(ComponentError, match="shape"):
        disturbed(Condition("drift", 0.5), arrays, "label", CLASSES, 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("clean", Condition()),
        ("outliers=0.1", Condition("outliers", 0.1)),
        ("occlusion=1", Condition("occlusion", 1.0)),
        ("outliers=0.1:20", Condition("outliers", 0.1, 20.0)),
    ],
    ids=["clean", "outliers", "occlusion", "strength"],
)
def test_a_text_is_a_condition(text, expected):
    assert Condition.parsed(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("outlier=0.1", "did you mean 'outliers'"),
        ("outliers", "share: received 0"),
        ("outliers=2", "share: received 2"),
        ("outliers=nan", "share: received nan"),
        ("outliers=much", "outliers=much"),
        ("clean=0.1", "clean: share"),
        ("outliers=0.1:", "outliers=0.1:20"),
        ("outliers=0.1:-1", "strength: received -1"),
        ("label_noise=0.1:2", "none is allowed"),
    ],
    ids=[
        "unknown",
        "no share",
        "above 1",
        "nan",
        "no number",
        "clean",
        "no strength",
        "negative strength",
        "strength of labels",
    ],
)
def test_a_wrong_text_is_refused(text, expected):
    with pytest.raises(StudyError, match=expected):
        Condition.parsed(text)


@pytest.mark.parametrize(
    ("name", "strength"),
    [("label_noise", 1.0), ("outliers", 0), ("occlusion", 2)],
    ids=["labels have none", "no outlier", "more than all"],
)
def test_a_wrong_strength_is_refused(name, strength):
    with pytest.raises(ComponentError, match="strength"):
        Condition(name, 0.1, strength)
