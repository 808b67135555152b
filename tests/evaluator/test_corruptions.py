"""Each corruption against its definition, and what all of them keep."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tfx_updaters.components import testing
from tfx_updaters.components.errors import ArgumentError, DataError
from tfx_updaters.components.evaluator.corrupted import corrupt
from tfx_updaters.components.evaluator.corruptions import KINDS, Corruption

IMAGES = ("noise", "blur", "contrast", "occlusion", "shift")
WINDOWS = ("spikes", "dropouts", "drift", "scaling")


def values(name: str, count: int = 7, seed: int = 0) -> np.ndarray:
    """Examples that the corruption is for."""
    shape = (count, 12, 10, 3) if name in IMAGES else (count, 40, 2)
    return np.random.default_rng(seed).random(shape, np.float32)


def made(name: str, strength: float | None = None, **more) -> Corruption:
    return Corruption(name, "x", strength, **more)


def test_every_name_is_tested():
    assert {*IMAGES, *WINDOWS} == set(KINDS)


@pytest.mark.parametrize("name", [*IMAGES, *WINDOWS])
class TestAll:
    def test_strength_zero_changes_nothing(self, name):
        found = made(name, 0).of(values(name))
        np.testing.assert_array_equal(found, values(name))

    def test_changes_every_example_and_keeps_shape_and_type(self, name):
        before = values(name)
        found = made(name).of(before)
        assert found.shape == before.shape and found.dtype == before.dtype
        assert (found != before).reshape(len(before), -1).any(axis=1).all()
        np.testing.assert_array_equal(before, values(name))  # The input is left alone.

    def test_does_not_depend_on_the_batch_or_the_place_in_it(self, name):
        before = values(name)
        whole = made(name).of(before)
        np.testing.assert_array_equal(whole[::-1], made(name).of(before[::-1]))
        alone = [made(name).of(before[i : i + 1]) for i in range(len(before))]
        np.testing.assert_array_equal(whole, np.concatenate(alone))

    def test_works_without_channels(self, name):
        before = values(name)[..., 0]
        with_one = made(name).of(before[..., None])[..., 0]
        np.testing.assert_array_equal(made(name).of(before), with_one)

    def test_an_empty_batch_stays_empty(self, name):
        assert made(name).of(values(name)[:0]).shape == values(name)[:0].shape


@pytest.mark.parametrize("name", ["noise", "occlusion", "shift", *WINDOWS])
def test_seed_and_content_choose_the_random_numbers(name):
    before = values(name, 30)
    assert (made(name, seed=1).of(before) != made(name).of(before)).any()
    np.testing.assert_array_equal(made(name, seed=1).of(before), made(name, seed=1).of(before))
    twice = made(name).of(np.concatenate([before, before]))
    np.testing.assert_array_equal(twice[:30], twice[30:])


def test_noise_has_its_standard_deviation_and_no_mean():
    gray = np.full((40, 50, 50), 0.5) + 1e-6 * np.arange(40)[:, None, None]
    noise = made("noise", 0.05).of(gray) - gray
    assert noise.std() == pytest.approx(0.05, rel=0.02)
    assert abs(noise.mean()) < 4 * 0.05 / math.sqrt(noise.size)
    # Examples have noise of their own.
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.1


def test_noise_of_twice_the_strength_is_the_same_noise_twice():
    gray = np.full((1, 9, 9), 0.5)
    one, two = (made("noise", s).of(gray) - gray for s in (0.01, 0.02))
    np.testing.assert_allclose(two, 2 * one)


def test_blur_spreads_a_point_to_a_gaussian_and_leaves_channels_apart():
    point = np.zeros((1, 41, 41, 2))
    point[0, 20, 20, 0] = 1
    found = made("blur", 2).of(point)[0]
    offset = np.arange(41) - 20
    assert found[..., 0].sum() == pytest.approx(1)
    assert (found[..., 0].sum(axis=1) * offset**2).sum() == pytest.approx(4, rel=0.01)
    assert (found[..., 0].sum(axis=0) * offset**2).sum() == pytest.approx(4, rel=0.01)
    assert not found[..., 1].any()


def test_blur_leaves_a_constant():
    gray = np.full((1, 8, 8), 0.3)
    np.testing.assert_allclose(made("blur", 3).of(gray), gray)


def test_contrast_scales_about_the_mean_of_each_image_and_channel():
    before = values("contrast").astype(float)
    found = made("contrast", 0.75).of(before)
    np.testing.assert_allclose(found.mean(axis=(1, 2)), before.mean(axis=(1, 2)))
    np.testing.assert_allclose(found.std(axis=(1, 2)), 0.25 * before.std(axis=(1, 2)))


def test_occlusion_covers_one_box_of_its_area_with_the_middle():
    before = np.random.default_rng(0).random((50, 20, 10), np.float32)
    found = made("occlusion", 0.25).of(before)
    corners = set()
    for old, new in zip(before, found, strict=True):
        rows, columns = np.nonzero(old != new)
        assert len(rows) == 10 * 5
        assert np.ptp(rows) == 9 and np.ptp(columns) == 4
        assert (new[rows, columns] == 0.5).all()
        corners.add((rows.min(), columns.min()))
    assert len(corners) > 20


def test_shift_moves_up_or_down_and_to_a_side_and_repeats_the_edge():
    before = np.random.default_rng(0).random((40, 10, 20), np.float32)
    found = made("shift", 0.2).of(before)
    padded = np.pad(before, ((0, 0), (2, 2), (4, 4)), mode="edge")
    seen = set()
    for number, image in enumerate(found):
        for down, right in ((0, 0), (0, 8), (4, 0), (4, 8)):
            if (image == padded[number, down : down + 10, right : right + 20]).all():
                seen.add((down, right))
                break
        else:
            pytest.fail(f"image {number} was moved in no such way")
    assert len(seen) == 4


def test_spikes_are_five_percent_of_each_channel_and_of_their_height():
    before = values("spikes", 60).astype(float)
    added = made("spikes", 4).of(before) - before
    assert ((added != 0).sum(axis=1) == 2).all()  # Of 40 points.
    height = np.abs(added).sum(axis=1) / 2
    np.testing.assert_allclose(height, 4 * before.std(axis=1))
    assert 0.3 < (added[added != 0] > 0).mean() < 0.7
    # Channels have spikes of their own.
    assert ((added[..., 0] != 0) != (added[..., 1] != 0)).any()


def test_dropouts_hold_the_last_values_of_all_channels_for_their_share_of_the_time():
    before = values("dropouts", 60)
    found = made("dropouts", 0.25).of(before)
    starts = set()
    for old, new in zip(before, found, strict=True):
        lost = np.flatnonzero((old != new).any(axis=1))
        assert len(lost) == 10 and np.ptp(lost) == 9
        assert (new[lost] == old[lost[0] - 1]).all()
        starts.add(lost[0])
    assert len(starts) > 10


def test_a_dropout_of_everything_leaves_the_first_value():
    found = made("dropouts", 1).of(values("dropouts"))
    assert (found == values("dropouts")[:, :1]).all()


def test_drift_is_a_line_to_its_height():
    before = values("drift", 60).astype(float)
    line = made("drift", 3).of(before) - before
    np.testing.assert_allclose(line[:, 0], 0, atol=1e-12)
    np.testing.assert_allclose(np.abs(line[:, -1]), 3 * before.std(axis=1))
    np.testing.assert_allclose(np.diff(line, n=2, axis=1), 0, atol=1e-12)
    assert 0.3 < (line[:, -1] > 0).mean() < 0.7


def test_scaling_multiplies_or_divides_the_whole_window():
    before = values("scaling", 60).astype(float)
    factor = made("scaling", 0.5).of(before) / before
    np.testing.assert_allclose(factor, factor[:, :1, :1] * np.ones_like(factor))
    ups = factor[:, 0, 0] > 1
    np.testing.assert_allclose(factor[ups], 1.5)
    np.testing.assert_allclose(factor[~ups], 1 / 1.5)
    assert 0.3 < ups.mean() < 0.7


@pytest.mark.parametrize("name", WINDOWS)
def test_windows_are_bounded_if_asked(name):
    strength = 1 if name == "dropouts" else 50
    found = made(name, strength, range=(0.1, 0.9)).of(values(name))
    assert found.min() >= np.float32(0.1) and found.max() <= np.float32(0.9)


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("kind", ["uint8", "int64"])
def test_whole_numbers_are_0_to_255_and_stay_whole(name, kind):
    before = (values(name) * 255).astype(kind)
    found = made(name).of(before)
    assert found.dtype == before.dtype
    assert found.min() >= 0 and found.max() <= 255
    # Not wrapped around: a strong noise reaches both ends.
    strong = made("noise", 10).of(before)
    assert ((strong == 0) | (strong == 255)).mean() > 0.9


@pytest.mark.parametrize("name", ["blur", "contrast"])
def test_a_corruption_scales_with_the_range(name):
    before = values(name).astype(float)
    wide = made(name, range=(-3, 5)).of(8 * before - 3)
    np.testing.assert_allclose(wide, 8 * made(name).of(before) - 3, atol=1e-12)


@pytest.mark.parametrize("wrong", [1.5, -0.01, math.nan], ids=["above", "below", "not a number"])
def test_images_out_of_the_range_are_refused(wrong):
    before = values("noise")
    before[3, 2, 1, 0] = wrong
    with pytest.raises(DataError, match="'x' has values outside of the range 0 to 1"):
        made("noise").of(before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "nois"}, r"'nois' \(did you mean 'noise'\?\); noise, blur"),
        ({"name": ["noise"]}, r"received corruption \['noise'\]"),
        ({"strength": -1}, "strength: received -1; 0 to inf"),
        ({"strength": math.inf}, "strength: received inf"),
        ({"strength": "much"}, "strength: received 'much'"),
        ({"name": "contrast", "strength": 1.1}, "strength: received 1.1; 0 to 1 is allowed"),
        ({"shape": [8]}, r"shape: received \(8,\); None or 2 or 3 sizes"),
        ({"shape": [8, 0]}, "shape: received"),
        ({"shape": 8}, "shape: received 8"),
        ({"name": "drift", "shape": [8, 8, 1]}, "shape: received .*; None or 1 or 2 sizes"),
        ({"range": [1, 1]}, "range: received"),
        ({"range": [0, math.inf]}, "range: received"),
        ({"range": 255}, "range: received 255"),
        ({"seed": -1}, "seed: received -1"),
        ({"seed": 1 << 32}, "seed: received"),
        ({"feature": ""}, "feature: received ''"),
    ],
    ids=[
        "near name", "no name", "negative", "infinite", "text", "more than all", "one size",
        "size 0", "no sizes", "too many sizes", "empty range", "infinite range", "no range",
        "negative seed", "large seed", "no feature",
    ],
)  # fmt: skip
def test_what_is_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        Corruption(**{"name": "noise", "feature": "x", **arguments})


def test_it_tells_all_that_makes_a_difference():
    first = Corruption("noise", "x", 0.1, [8, 8], [0, 16], 3)
    assert str(first) == "noise 0.1 of x 8x8 in 0..16 seed 3"
    assert len({str(Corruption("blur", "x", strength)) for strength in (1, 1 + 1e-12)}) == 2


class TestSerialized:
    """The same on serialized examples."""

    def test_numbers_change_and_all_else_stays(self):
        before = values("noise", 5)[..., 0]
        rows = [
            {"x": image, "label": number, "text": b"abc", "many": np.arange(number + 1.0)}
            for number, image in enumerate(before)
        ]
        noise = made("noise", shape=(12, 10))
        found = corrupt([testing.example(row) for row in rows], noise)
        wanted = [
            testing.example({**row, "x": image})
            for row, image in zip(rows, noise.of(before), strict=True)
        ]
        for one, other in zip(found, wanted, strict=True):
            assert tf.train.Example.FromString(one) == tf.train.Example.FromString(other)

    def test_whole_numbers(self):
        before = np.arange(64).reshape(1, 8, 8)
        found = corrupt([testing.example({"x": before})], made("blur", shape=(8, 8)))
        values = tf.train.Example.FromString(found[0]).features.feature["x"].int64_list.value
        np.testing.assert_array_equal(np.reshape(values, (1, 8, 8)), made("blur").of(before))

    def test_a_window_needs_no_shape(self):
        before = values("drift", 3)[..., 0]
        found = corrupt([testing.example({"x": each}) for each in before], made("drift"))
        values_ = [
            tf.train.Example.FromString(each).features.feature["x"].float_list.value
            for each in found
        ]
        np.testing.assert_array_equal(np.asarray(values_, np.float32), made("drift").of(before))

    @pytest.mark.parametrize("form", ["png", "jpeg"])
    def test_encoded_images_of_any_size_become_png(self, form):
        images = [(values("noise", 1, 3)[0, :size] * 255).astype(np.uint8) for size in (12, 7)]
        encode = tf.io.encode_png if form == "png" else tf.io.encode_jpeg
        rows = [testing.example({"x": encode(image).numpy()}) for image in images]
        for old, new in zip(rows, corrupt(rows, made("contrast")), strict=True):
            decoded = [
                tf.io.decode_image(
                    tf.train.Example.FromString(each).features.feature["x"].bytes_list.value[0]
                ).numpy()
                for each in (old, new)
            ]
            wanted = made("contrast").of(decoded[0][None])[0]
            np.testing.assert_array_equal(decoded[1], wanted)

    @pytest.mark.parametrize(
        ("row", "corruption", "message"),
        [
            ({"image": [1.0]}, Corruption("noise", "imge"), "'imge' .did you mean 'image'"),
            ({"x": np.zeros(64)}, made("noise"), "holds numbers: noise needs the shape"),
            ({"x": np.zeros(63)}, made("noise", shape=(8, 8)), "63 values .* 8x8 needs 64"),
            ({"x": b"\x00"}, made("noise"), "no PNG, JPEG, BMP or GIF"),
            ({"x": b"\x00"}, made("drift"), "holds bytes: drift is of windows"),
        ],
        ids=["no such feature", "no shape", "another shape", "no image", "no window"],
    )
    def test_what_is_refused(self, row, corruption, message):
        with pytest.raises(DataError, match=message):
            corrupt([testing.example(row)], corruption)

    def test_an_example_without_the_feature_is_refused(self):
        rows = [testing.example({"x": np.zeros(4)}), testing.example({"label": 1})]
        with pytest.raises(DataError, match="0 values in an example"):
            corrupt(rows, made("drift"))

    def test_an_example_without_an_image_is_refused(self):
        image = tf.io.encode_png(np.zeros((4, 4, 1), np.uint8)).numpy()
        rows = [testing.example({"x": image}), testing.example({"label": 1})]
        with pytest.raises(DataError, match="no image in an example"):
            corrupt(rows, made("noise"))
