"""An image as an example: its bytes where nothing changes, and a file that changed meanwhile."""

import numpy as np
import pytest
import tensorflow as tf
from drawn import picture
from PIL import ExifTags, Image

from tfx_updaters.components import DataError, ImageConfig
from tfx_updaters.components.examples import image_layout
from tfx_updaters.components.examples.image_file import scan
from tfx_updaters.components.examples.image_plan import plan
from tfx_updaters.components.examples.image_record import example
from tfx_updaters.components.examples.image_scans import Scans


@pytest.fixture
def planned(folder):
    def of(stored=1, **options):
        root = folder(*[f"{label}/{n}.png" for label in "ab" for n in range(20)], channels=stored)
        listing = image_layout.find(root)
        scans = Scans.of(scan(root, file) for file in listing.files)
        return root, plan(scans, listing, ImageConfig(**options))

    return of


def image_of(serialized):
    return tf.train.Example.FromString(serialized).features.feature["image"].bytes_list.value[0]


@pytest.mark.parametrize(
    ("stored", "options", "kept"),
    [
        (1, {}, True),
        (3, {}, True),
        (1, {"size": (20, 24)}, True),
        (1, {"size": (20, 25)}, False),
        (1, {"channels": 3}, False),
        (3, {"channels": 1}, False),
        (1, {"encoding": "float"}, False),
    ],
)
def test_what_is_asked_for_already_is_taken_as_it_is(planned, stored, options, kept):
    root, found = planned(stored, **options)
    assert {image.as_it_is for image in found.images} == {kept}
    made = example(root, found.images[0], found.config)
    if kept:
        assert image_of(made) == (root / found.images[0].file.path).read_bytes()
    elif found.config.encoding == "png":
        shown = tf.io.decode_png(image_of(made)).numpy()
        assert shown.shape == (*found.config.size, found.config.channels)


def test_metadata_is_left_behind(planned):
    root, found = planned()
    file = root / found.images[0].file.path
    before = np.asarray(Image.open(file))
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = "secret"
    Image.open(file).save(file, exif=exif)
    assert b"secret" in file.read_bytes()
    listing = image_layout.find(root)
    again = plan(Scans.of(scan(root, each) for each in listing.files), listing, ImageConfig())
    assert not again.images[0].as_it_is
    png = image_of(example(root, again.images[0], again.config))
    assert b"secret" not in png
    np.testing.assert_array_equal(tf.io.decode_png(png).numpy()[..., 0], before)


@pytest.mark.parametrize("options", [{}, {"encoding": "float"}])
def test_a_file_that_changes_after_its_scan_is_refused(planned, options):
    root, found = planned(**options)
    image = found.images[3]
    picture(99, channels=1).save(root / image.file.path)
    with pytest.raises(DataError, match=f"{image.file.path} was changed .* another content"):
        example(root, image, found.config)
    (root / image.file.path).unlink()
    with pytest.raises(DataError, match=f"{image.file.path} was changed .* No such file"):
        example(root, image, found.config)
