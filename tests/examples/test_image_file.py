"""One image file: turned upright, brought to a size by a rule, and refused if it lies."""

import io
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from drawn import picture
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tfx_updaters.components import ImageConfig
from tfx_updaters.components.examples.image_file import MOST_PIXELS, encode, resized, scan
from tfx_updaters.components.examples.image_files import File

sides = st.integers(1, 40)


@given(sides, sides, sides, sides, st.sampled_from(["crop", "pad", "stretch"]))
@settings(max_examples=200, deadline=None)
def test_every_rule_gives_the_size(height, width, to_height, to_width, rule):
    image = Image.new("RGB", (width, height), "red")
    assert resized(image, (to_height, to_width), rule).size == (to_width, to_height)


@given(sides, sides, sides, sides)
@settings(max_examples=100, deadline=None)
def test_crop_and_stretch_show_nothing_that_was_not_there(height, width, to_height, to_width):
    image = Image.new("L", (width, height), 200)
    for rule in ("crop", "stretch"):
        assert np.asarray(resized(image, (to_height, to_width), rule)).min() == 200


@given(sides, sides, sides, sides)
@settings(max_examples=100, deadline=None)
def test_pad_keeps_all_of_it_and_its_proportions(height, width, to_height, to_width):
    inside = np.asarray(
        resized(Image.new("L", (width, height), 200), (to_height, to_width), "pad")
    ) == 200  # fmt: skip
    rows, columns = inside.any(axis=1), inside.any(axis=0)
    assert inside[rows][:, columns].all()
    assert rows.all() or columns.all()
    scale = min(to_height / height, to_width / width)
    assert rows.sum() == max(1, round(height * scale))
    assert columns.sum() == max(1, round(width * scale))
    for lines in (rows, columns):
        before, after = lines.argmax(), lines[::-1].argmax()
        assert 0 <= after - before <= 1, "not in the middle"


def test_crop_cuts_the_middle_out():
    pixels = np.zeros((10, 30), np.uint8)
    pixels[:, 10:20] = 255
    assert np.asarray(resized(Image.fromarray(pixels), (10, 10), "crop")).min() == 255


def stored(tmp_path, image, name="image.png", **options):
    image.save(tmp_path / name, **options)
    return File(name, "a")


def content(tmp_path, file):
    return (tmp_path / file.path).read_bytes()


def floats(tmp_path, file, **options):
    config = ImageConfig(encoding="float", **options)
    return encode(content(tmp_path, file), config)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honoured(tmp_path, orientation):
    upright = picture(1, 16, 24)
    stored_as = {
        1: [], 2: [Image.Transpose.FLIP_LEFT_RIGHT], 3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM], 5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90], 7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }  # fmt: skip
    image = upright
    for turn in stored_as[orientation]:
        image = image.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = stored(tmp_path, image, exif=exif)
    assert scan(tmp_path, file).size == (16, 24)
    shown = floats(tmp_path, file, channels=3).reshape(16, 24, 3)
    np.testing.assert_array_equal(shown, np.asarray(upright))


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.bmp"])
def test_lossless_formats_give_their_pixels(tmp_path, name):
    image = picture(2)
    options = {"lossless": True} if name == "a.webp" else {}
    file = stored(tmp_path, image, name, **options)
    png = encode(content(tmp_path, file), ImageConfig(channels=3))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png))), np.asarray(image))


def test_a_large_jpeg_is_as_a_whole_decoding_has_it(tmp_path):
    image = picture(3, 600, 800)
    file = stored(tmp_path, image, "a.jpg", quality=95)
    small = floats(tmp_path, file, channels=3, size=(60, 80)).reshape(60, 80, 3)
    whole = np.asarray(image.resize((80, 60), Image.Resampling.BILINEAR), np.float32)
    assert np.abs(small - whole).mean() < 2
    assert scan(tmp_path, file).size == (600, 800)


def test_sixteen_bits_are_kept(tmp_path):
    values = np.arange(0, 65536, 256, dtype=np.uint16).reshape(16, 16) + 7
    file = stored(tmp_path, Image.fromarray(values))
    png = encode(content(tmp_path, file), ImageConfig(channels=1))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png))), values)
    np.testing.assert_allclose(
        floats(tmp_path, file, channels=1), values.reshape(-1) / 257, rtol=1e-6
    )
    rgb = floats(tmp_path, file, channels=3).reshape(16, 16, 3)
    assert np.abs(rgb - values[..., None] / 257).max() <= 1
    assert scan(tmp_path, file).grey


def test_colour_is_told_from_grey(tmp_path):
    assert not scan(tmp_path, stored(tmp_path, picture(0))).grey
    grey = picture(0, channels=1)
    for mode in ("L", "RGB", "RGBA", "P", "LA"):
        assert scan(tmp_path, stored(tmp_path, grey.convert(mode))).grey, mode


def test_what_is_transparent_is_white(tmp_path):
    file = stored(tmp_path, Image.new("RGBA", (4, 4), (255, 0, 0, 0)))
    assert floats(tmp_path, file, channels=3).min() == 255


def header(width: int, height: int) -> bytes:
    """A PNG with this size in its header and next to nothing in it."""

    def chunk(kind, data):
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", size), chunk(b"IDAT", zlib.compress(b"\0" * 99)), chunk(b"IEND", b"")]
    )


def test_a_bomb_is_refused_without_filling_memory(tmp_path):
    (tmp_path / "bomb.png").write_bytes(header(60_000, 60_000))
    script = (
        "import resource\nfrom pathlib import Path\n"
        "from tfx_updaters.components.examples.image_file import scan\n"
        "from tfx_updaters.components.examples.image_files import File\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(scan(Path('.'), File('bomb.png', 'a')).fault)\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    fault, grown = done.stdout.splitlines()
    assert f"more than {MOST_PIXELS:,} pixels" in fault
    assert int(grown) < 50


def test_a_file_without_end_is_not_read(tmp_path):
    with (tmp_path / "long.png").open("wb") as file:
        file.truncate(2**40)
    assert "bytes; at most" in scan(tmp_path, File("long.png", "a")).fault


def test_the_limit_holds_below_where_pillow_refuses(tmp_path):
    (tmp_path / "large.png").write_bytes(header(10_000, 10_000))
    assert "10000 x 10000" in scan(tmp_path, File("large.png", "a")).fault


PNG = io.BytesIO()
picture(4).save(PNG, "PNG")
JPEG = io.BytesIO()
picture(4).save(JPEG, "JPEG")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "no PNG"),
        (b"only text\n", "no PNG"),
        (b"GIF89a" + b"\0" * 100, "no PNG"),
        (PNG.getvalue()[:-40], ""),
        (JPEG.getvalue()[:-40], "truncated"),
        (header(8, 8), ""),
    ],
    ids=["empty", "text", "gif", "cut png", "cut jpeg", "too little in it"],
)
def test_a_file_that_lies_has_a_fault(tmp_path, content, expected):
    (tmp_path / "a.png").write_bytes(content)
    fault = scan(tmp_path, File("a.png", "a")).fault
    assert fault and expected in fault
    assert "\n" not in fault


@given(st.binary(max_size=40), st.integers(0, 1000), st.sampled_from([PNG, JPEG]))
@settings(max_examples=150, deadline=None)
def test_damage_is_a_fault_or_an_image_and_never_an_exception(tmp_path_factory, damage, at, image):
    folder = tmp_path_factory.getbasetemp()
    content = image.getvalue()
    at %= len(content)
    (folder / "damaged").write_bytes(content[:at] + damage + content[at + len(damage) :])
    found = scan(folder, File("damaged", "a"))
    assert bool(found.fault) == (found.pixels is None)


def test_a_file_that_is_gone_has_a_fault(tmp_path):
    assert scan(tmp_path, File("gone.png", "a")).fault == "No such file or directory"
