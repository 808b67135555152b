"""Which split and class an image gets, and what is refused."""

import hashlib
import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfx_updaters.components import DataError, ImageConfig
from tfx_updaters.components.examples import image_plan
from tfx_updaters.components.examples.image_file import Scan
from tfx_updaters.components.examples.image_files import File, Files
from tfx_updaters.components.examples.image_layout import Listing, Skipped
from tfx_updaters.components.examples.image_scans import Scans


def scanned(path, label="a", split="", look=None, size=(8, 8), fault="", grey=True):
    """A scan; images with the same `look` are near-copies."""
    number = zlib.crc32(path.encode()) if look is None else look
    pixels = np.random.default_rng(number).integers(0, 256, (8, 8), np.uint8)
    digest = hashlib.blake2b(path.encode(), digest_size=16).digest()
    file = File(path, label, split)
    return Scan(file, fault) if fault else Scan(file, "", digest, size, grey, pixels)


def plan(scans, *arguments):
    """Of scans in two lots."""
    half = len(scans) // 2
    return image_plan.plan([Scans.of(scans[:half]), Scans.of(scans[half:])], *arguments)


def listing(*splits, classes=(), skipped=()):
    return Listing(Path("images"), Files((), 0), splits, tuple(skipped), tuple(classes))


def many(count, **options):
    return [scanned(f"{i}.png", "ab"[i % 2], look=i, **options) for i in range(count)]


def splits(found):
    return {image.path: image.split for lot in found.images() for image in lot}


def test_content_decides_four_to_one_and_more_images_move_none():
    few, more = plan(many(500), listing(), ImageConfig()), plan(many(600), listing(), ImageConfig())
    share = sum(split == "eval" for split in splits(few).values()) / 500
    assert 0.15 < share < 0.25
    assert splits(few).items() <= splits(more).items()


def test_the_remainder_of_the_digest_is_the_place_among_the_shares():
    buckets = {"train": 5, "eval": 1, "test": 7}
    names = [name for name, share in buckets.items() for _ in range(share)]
    scans = many(300)
    found = splits(plan(scans, listing(), ImageConfig(), buckets))
    for scan in scans:
        assert found[scan.file.path] == names[int.from_bytes(scan.digest) % 13]


def test_shares_are_those_that_are_asked_for():
    found = plan(many(600), listing(), ImageConfig(), {"train": 1, "eval": 1, "test": 1})
    counts = [list(splits(found).values()).count(name) for name in ("train", "eval", "test")]
    assert all(160 < count < 240 for count in counts)


@given(st.lists(st.integers(0, 30), min_size=60, max_size=120))
@settings(max_examples=40, deadline=None)
def test_near_copies_never_lie_on_both_sides(looks):
    scans = [scanned(f"{i}.png", "ab"[i % 2], look=look) for i, look in enumerate(looks)]
    try:
        found = plan(scans, listing(), ImageConfig())
    except DataError as error:
        assert "no image for the split" in str(error)
        return
    of = splits(found)
    for look in set(looks):
        same = [f"{i}.png" for i, each in enumerate(looks) if each == look]
        assert len({of[path] for path in same}) == 1
        assert len(same) == 1 or tuple(sorted(same)) in found.copies


def test_near_copies_across_folders_of_splits_are_trained_on():
    scans = [
        scanned("train/1.png", "a", "train", look=1), scanned("eval/1.png", "a", "eval", look=1),
        scanned("train/2.png", "b", "train", look=2), scanned("eval/3.png", "b", "eval", look=3),
    ]  # fmt: skip
    found = plan(scans, listing("train", "eval"), ImageConfig())
    assert splits(found)["eval/1.png"] == "train"
    assert found.moved == ("eval/1.png",)
    assert found.copies == (("eval/1.png", "train/1.png"),)


def test_near_copies_with_two_labels_are_told():
    scans = [*many(40), scanned("x.png", "a", look=99), scanned("y.png", "b", look=99)]
    assert plan(scans, listing(), ImageConfig()).contradictions == (("x.png", "y.png"),)


def test_labels_are_places_in_the_classes_numbers_by_value():
    names = ["10", "9", "2"]
    scans = [scanned(f"{i}.png", names[i % 3], look=i) for i in range(90)]
    found = plan(scans, listing(), ImageConfig())
    assert found.classes == ("2", "9", "10")
    for image in (image for lot in found.images() for image in lot):
        assert found.classes[image.label] == names[int(image.path.removesuffix(".png")) % 3]


@pytest.mark.parametrize("most", [0, 1, 2])
def test_more_to_skip_than_allowed_is_refused_and_named(most):
    scans = [*many(40), scanned("bad.png", fault="it is text")]
    there = listing(skipped=[Skipped("a/notes.txt", "no image")])
    config = ImageConfig(max_skipped=most)
    if most == 2:
        found = plan(scans, there, config)
        assert [each.file for each in found.skipped] == ["a/notes.txt", "bad.png"]
        lines = found.files()["skipped.jsonl"].splitlines()
        assert json.loads(lines[1]) == {"file": "bad.png", "reason": "it is text"}
        assert "bad.png" not in splits(found)
        return
    with pytest.raises(DataError, match=r"2 files cannot be used, \d may.*bad.png: it is text"):
        plan(scans, there, config)


def test_an_empty_class_is_listed():
    there = listing(classes=("a", "b", "empty"))
    with pytest.raises(DataError, match="empty/: a class without an image"):
        plan(many(40), there, ImageConfig())
    found = plan(many(40), there, ImageConfig(max_skipped=1))
    assert found.classes == ("a", "b")


@pytest.mark.parametrize(
    ("scans", "expected"),
    [
        ([scanned("1.png"), scanned("2.png")], "one class, a"),
        ([scanned("1.png", fault="bad")], "no image can be read"),
        ([scanned("1.png", "a", look=1), scanned("2.png", "b", look=1)],
         "no image for the split"),
    ],
)  # fmt: skip
def test_too_little_is_refused(scans, expected):
    with pytest.raises(DataError, match=expected):
        plan(scans, listing(), ImageConfig(max_skipped=9))


def test_a_class_in_eval_alone_is_refused_where_folders_say_so():
    scans = [scanned("1", "a", "train"), scanned("2", "a", "eval"), scanned("3", "b", "eval")]
    with pytest.raises(DataError, match="classes b are in eval and not in train"):
        plan(scans, listing("train", "eval"), ImageConfig())


def test_a_class_in_eval_alone_is_trained_on_where_the_content_decides():
    for number in range(30):
        scans = [*many(40), scanned(f"rare-{number}.png", "rare", look=77)]
        assert splits(plan(scans, listing(), ImageConfig()))[f"rare-{number}.png"] == "train"


def test_images_of_several_sizes_need_a_size_as_floats():
    scans = [*many(30), scanned("x.png", "a", size=(9, 8), look=99)]
    with pytest.raises(DataError, match=r"2 sizes, 8x8 \(30\), 9x8 \(1\); .*--image-size"):
        plan(scans, listing(), ImageConfig(encoding="float"))
    assert plan(scans, listing(), ImageConfig(encoding="float", size=(4, 4))).config.size == (4, 4)
    assert plan(scans, listing(), ImageConfig()).config.size is None
    assert plan(many(30), listing(), ImageConfig()).config.size == (8, 8)


def test_one_image_with_colour_gives_all_of_them_three_channels():
    assert plan(many(30), listing(), ImageConfig()).config.channels == 1
    coloured = [*many(30), scanned("x.png", "a", grey=False, look=99)]
    assert plan(coloured, listing(), ImageConfig()).config.channels == 3
    assert plan(coloured, listing(), ImageConfig(channels=1)).config.channels == 1


def test_counts_name_every_class_in_every_split():
    counts = plan(many(100), listing(), ImageConfig()).counts()
    assert set(counts) == {"a", "b"} and set(counts["a"]) == {"train", "eval"}
    assert sum(sum(of.values()) for of in counts.values()) == 100
