"""One image file: opened without trust, turned upright, brought to a size, encoded."""

import hashlib
import io
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from tfx_updaters.components.examples import image_png
from tfx_updaters.components.examples.image_config import ImageConfig
from tfx_updaters.components.examples.image_files import File
from tfx_updaters.components.examples.image_signature import SIDE

FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
# About 270 MB as RGB. Checked in the header, before memory is taken.
MOST_PIXELS = 89_478_485
# More than that many pixels take, uncompressed with four channels.
MOST_BYTES = 2**29
# A grey value of 16 bits in terms of 8: 65,535 is 255.
STEP_16 = 257.0
# Modes of Pillow whose values have no colour and 8 bits or less.
GREYS = ("1", "L", "LA")
# Orientations of EXIF that change height and width.
SIDEWAYS = (5, 6, 7, 8)


class UnreadableError(Exception):
    """A file that is no image that can be used; the message says why."""


class Scan(NamedTuple):
    """What is known of a file after it was read once.

    Attributes:
        file: which one.
        fault: why it cannot be used; empty if it can.
        digest: of its bytes; see `digest`.
        size: (height, width) as it is seen, turned upright.
        grey: whether it has no colour.
        pixels: all of it, at most 72 x 72 of grey or RGB; none of a file that cannot be used.
        bare: channels of a PNG file that holds nothing but its pixels, else 0; see `image_png`.
        length: of its bytes.
    """

    file: File
    fault: str = ""
    digest: bytes = b""
    size: tuple[int, int] = (0, 0)
    grey: bool = False
    pixels: np.ndarray | None = None
    bare: int = 0
    length: int = 0


def scan(folder: Path, file: File) -> Scan:
    """Reads and decodes a file once, whole."""
    try:
        data = read(f"{folder}/{file.path}")
        image, size, bare = _decoded(data, SIDE)
        plain = _plain(image, 1 if image.mode in GREYS else 3)
        if max(plain.size) > SIDE:
            plain = plain.resize((SIDE, SIDE), Image.Resampling.BOX)
        small = np.asarray(plain)
    except (UnreadableError, OSError) as error:
        return Scan(file, fault=_sentence(error))
    grey = small.ndim == 2 or bool((small == small[..., :1]).all())
    return Scan(file, "", digest(data), size, grey, small, bare, len(data))


def digest(data: bytes) -> bytes:
    """16 bytes that tell one content from another: BLAKE2b (RFC 7693)."""
    return hashlib.blake2b(data, digest_size=16).digest()


def read(path: str) -> bytes:
    """The content of a file.

    Raises:
        UnreadableError: it is too long.
        OSError: it cannot be read.
    """
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)  # In half the time of `open`.
    try:
        size = os.fstat(file).st_size
        if size > MOST_BYTES:
            raise UnreadableError(f"{size:,} bytes; at most {MOST_BYTES:,} are read")
        data = os.read(file, size)
        while len(data) < size and (more := os.read(file, size - len(data))):
            data += more
        return data
    finally:
        os.close(file)


def encode(data: bytes, config: ImageConfig) -> bytes | np.ndarray:
    """The image as the feature `image` holds it.

    Args:
        data: the content of a file that `scan` could read.
        config: with `channels`.

    Returns:
        the bytes of a PNG file, or float32 values of 0..255.

    Raises:
        UnreadableError: it is no such image.
    """
    smallest = 2 * max(config.size) if config.size else None
    image = _plain(_decoded(data, smallest)[0], config.channels or 3)
    if config.size:
        image = resized(image, config.size, config.resize)
    if config.encoding == "float":
        values = np.asarray(image, np.float32).reshape(-1)
        return values / STEP_16 if image.mode == "F" else values
    return _png(image)


def resized(image: Image.Image, size: tuple[int, int], rule: str) -> Image.Image:
    """The image in (height, width), by a rule of `ImageConfig`."""
    height, width = size
    method = Image.Resampling.BILINEAR
    if image.size == (width, height):
        return image
    if rule == "crop":
        return ImageOps.fit(image, (width, height), method)
    if rule == "stretch":
        return image.resize((width, height), method)
    scale = min(width / image.width, height / image.height)
    inner = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    padded = Image.new(image.mode, (width, height))
    offset = ((width - inner[0]) // 2, (height - inner[1]) // 2)
    padded.paste(image.resize(inner, method), offset)
    return padded


def _decoded(data: bytes, least: int | None) -> tuple[Image.Image, tuple[int, int], int]:
    """The image, upright, the (height, width) that it has in the file, and channels if bare."""
    image = image_png.bare(data, MOST_PIXELS)
    if image is None:
        return *_upright(data, least), 0
    return image, (image.height, image.width), 3 if image.mode == "RGB" else 1


def _upright(data: bytes, least: int | None) -> tuple[Image.Image, tuple[int, int]]:
    """The decoded image turned as its EXIF says, and the (height, width) that it has in the file.

    A JPEG may come smaller than it is, with no side below `least`: decoding is faster so.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise UnreadableError(f"{width} x {height} are more than {MOST_PIXELS:,} pixels")
        if least:
            image.draft(None, (least, least))
        image.load()
        turn = image.getexif().get(ExifTags.Base.Orientation, 1)
        if turn != 1:
            image = ImageOps.exif_transpose(image)
        if turn in SIDEWAYS:
            width, height = height, width
    except UnreadableError:
        raise
    except Image.DecompressionBombError as error:
        raise UnreadableError(f"more than {MOST_PIXELS:,} pixels: {error}") from error
    except UnidentifiedImageError as error:
        raise UnreadableError(f"no {', '.join(FORMATS)} image") from error
    except Exception as error:  # A broken file raises whatever its decoder happens to.
        raise UnreadableError(_sentence(error)) from error
    return image, (height, width)


def _plain(image: Image.Image, channels: int) -> Image.Image:
    """The image as RGB, as grey, or as grey of 16 bits in floats (mode F) where it has them.

    What is transparent becomes white.
    """
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        deep = Image.fromarray(np.asarray(image).astype(np.float32))
        return deep if channels == 1 else deep.point(lambda v: v / STEP_16).convert("RGB")
    if image.has_transparency_data:
        over = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(over, image.convert("RGBA"))
    mode = "L" if channels == 1 else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _png(image: Image.Image) -> bytes:
    if image.mode == "F":
        image = Image.fromarray(np.asarray(image).round().clip(0, 65_535).astype(np.uint16))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _sentence(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else ""
    return (getattr(error, "strerror", None) or text or type(error).__name__)[:200]
