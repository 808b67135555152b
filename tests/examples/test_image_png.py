"""PNG files that are examples as they are, and those that are not."""

import io

import numpy as np
import pytest
from drawn import picture
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tfx_updaters.components.examples.image_png import bare

MOST = 10**6
GREY = picture(0, channels=1)
DEEP = Image.fromarray(np.arange(0, 65536, 256, dtype=np.uint16).reshape(16, 16))


def content(image, kind="PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(("image", "channels"), [(GREY, 1), (DEEP, 1), (picture(0), 3)])
def test_pixels_alone_are_kept(image, channels):
    large = image.resize((600, 500))
    for each, what in ((image, "one chunk of pixels"), (large, "several")):
        data = content(each)
        found = bare(data, MOST)
        assert (found.mode, found.size) == (each.mode, each.size), what
        opened = np.asarray(Image.open(io.BytesIO(data)))
        np.testing.assert_array_equal(np.asarray(found), opened, what)
        assert channels == (3 if found.mode == "RGB" else 1)


def text() -> PngInfo:
    made = PngInfo()
    made.add_text("Author", "someone")
    return made


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


@pytest.mark.parametrize(
    "data",
    [
        content(GREY, pnginfo=text()),
        content(GREY, exif=turned()),
        content(GREY, transparency=0),
        content(GREY, dpi=(72, 72)),
        content(GREY, save_all=True, append_images=[picture(1, channels=1)]),
        content(GREY.convert("1")),
        content(GREY.convert("P")),
        content(GREY.convert("LA")),
        content(GREY, "JPEG"),
        content(GREY) + b"more",
        content(GREY)[:-4] + b"abcd",
        content(GREY)[:-12],
        b"",
    ],
    ids=["text", "turned", "transparent", "dots an inch", "animated", "one bit", "palette", "alpha",
         "JPEG", "more after it", "wrong checksum", "without an end", "empty"],
)  # fmt: skip
def test_anything_else_is_encoded_anew(data):
    assert bare(data, MOST) is None


def test_a_checksum_that_pillow_does_not_look_at_is_looked_at():
    """TensorFlow's decoder would refuse the example."""
    data = bytearray(content(GREY))
    at = data.index(b"IEND") - 8
    data[at : at + 4] = b"abcd"  # Of the pixels.
    Image.open(io.BytesIO(data)).load()
    assert bare(bytes(data), MOST) is None
