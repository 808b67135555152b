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
        found = plan([scans], listing, ImageConfig(**options))
        (images,) = found.images()
        return root, images, found.config

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
    root, images, config = planned(stored, **options)
    assert {image.as_it_is for image in images} == {kept}
    made = example(root, images[0], config)
    if kept:
        assert image_of(made) == (root / images[0].path).read_bytes()
    elif config.encoding == "png":
        shown = tf.io.decode_png(image_of(made)).numpy()
        assert shown.shape == (*config.size, config.channels)


def test_metadata_is_left_behind(planned):
    root, images, _ = planned()
    file = root / images[0].path
    before = np.asarray(Image.open(file))
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = "secret"
    Image.open(file).save(file, exif=exif)
    assert b"secret" in file.read_bytes()
    listing = image_layout.find(root)
    again = plan([Scans.of(scan(root, each) for each in listing.files)], listing, ImageConfig())
    (images,) = again.images()
    assert not images[0].as_it_is
    png = image_of(example(root, images[0], again.config))
    assert b"secret" not in png
    np.testing.assert_array_equal(tf.io.decode_png(png).numpy()[..., 0], before)


@pytest.mark.parametrize("options", [{}, {"encoding": "float"}])
def test_a_file_that_changes_after_its_scan_is_refused(planned, options):
    root, images, config = planned(**options)
    image = images[3]
    picture(99, channels=1).save(root / image.path)
    with pytest.raises(DataError, match=f"{image.path} was changed .* another content"):
        example(root, image, config)
    (root / image.path).unlink()
    with pytest.raises(DataError, match=f"{image.path} was changed .* No such file"):
        example(root, image, config)
