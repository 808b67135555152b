"""PNG files that hold nothing but their pixels, which are examples as they are."""

import struct
import zlib

# By bits a value and type of colour, as the header has them; others are read as one of these.
CHANNELS = {(8, 0): 1, (16, 0): 1, (8, 2): 3}
# All chunks that such a file has: no turn, transparency, palette, profile, text or picture more.
CHUNKS = (b"IHDR", b"IDAT", b"IEND")


def bare(data: bytes) -> int:
    """Channels of a PNG file whose copy would show the same and hold the same; 0 if it is none.

    Its checksums are right, which Pillow does not ask of pixels, while other readers do.

    Args:
        data: the content of a file that Pillow could decode.

    References:
        PNG specification (third edition), 5.3: chunk layout; 11.2.1: image header.
    """
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return 0
    at, kind, view = 8, b"", memoryview(data)
    while kind != b"IEND":
        if len(data) < at + 12:
            return 0
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if kind not in CHUNKS or view[end : end + 4] != _check(view[at + 4 : end]):
            return 0
        at = end + 4
    return CHANNELS.get((data[24], data[25]), 0) if at == len(data) else 0


def _check(chunk: memoryview) -> bytes:
    return zlib.crc32(chunk).to_bytes(4)
