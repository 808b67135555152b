"""PNG files that hold nothing but their pixels, which are examples as they are."""

import struct
import zlib

from PIL import Image

# By bits a value and type of colour, as the header has them, what Pillow calls the image and its
# pixels in the file; others are decoded as those of any file.
MODES = {(8, 0): ("L", "L"), (16, 0): ("I;16", "I;16B"), (8, 2): ("RGB", "RGB")}
# All chunks that such a file has: no turn, transparency, palette, profile, text or picture more.
CHUNKS = (b"IHDR", b"IDAT", b"IEND")
BEGIN = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


def bare(data: bytes, most_pixels: int) -> Image.Image | None:
    """The image of a PNG file whose copy would show the same and hold the same; else none.

    Its checksums are right, which Pillow does not ask of pixels, while other readers do. It is
    decoded several times as fast as by `Image.open`, which looks for all that is not there.

    Args:
        data: the content of a file.
        most_pixels: a larger one is none; it takes no memory.

    References:
        PNG specification (third edition), 5.3: chunk layout; 11.2.1: image header.
    """
    if not data.startswith(BEGIN):
        return None
    width, height, bits, colour, compression, filters, interlaced = struct.unpack_from(
        ">IIBBBBB", data, len(BEGIN)
    )
    mode, raw = MODES.get((bits, colour), ("", ""))
    pixels = _pixels(data)
    if not mode or pixels is None or compression or filters or interlaced > 1:
        return None
    if not 0 < width * height <= most_pixels:
        return None
    try:
        return Image.frombytes(mode, (width, height), pixels, "zip", raw, interlaced)
    except (ValueError, OSError):
        return None  # `Image.open` says what is wrong with it.


def _pixels(data: bytes) -> bytes | None:
    """All of its IDAT chunks; none if there is another chunk, or something wrong."""
    at, kind, view, found = 8, b"", memoryview(data), []
    while kind != b"IEND":
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        end = at + 8 + length
        if kind not in CHUNKS or (kind == b"IHDR") != (at == 8):
            return None
        if int.from_bytes(data[end : end + 4]) != zlib.crc32(view[at + 4 : end]):
            return None
        if kind == b"IDAT":
            found.append(view[at + 8 : end])
        at = end + 4
    return b"".join(found) if at == len(data) else None
