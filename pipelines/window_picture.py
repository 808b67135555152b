"""A window of sensor values as a picture: a line for each channel over time."""

import io
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw

# Pages show it at a third of that, so that lines come out smooth.
WIDTH, HEIGHT, LINE = 576, 288, 5
# Of channels in turn; each stands out from a light and from a dark page.
COLOURS = ("#3b82c4", "#d07a1e", "#9a6fd0", "#2a9d8f", "#d6478a", "#8f8f2c")


def legend(channels: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Each channel with the colour of its line."""
    return tuple((name, _colour(place)) for place, name in enumerate(channels))


def drawn(windows: Mapping[str, Sequence[np.ndarray]]) -> dict[str, list[bytes]]:
    """Windows by class as the bytes of PNG files, all on one scale.

    Args:
        windows: by class, each time steps x channels. A channel's lowest value in any of them is
            at the bottom, its highest at the top.
    """
    every = np.concatenate([window for of in windows.values() for window in of])
    low, high = every.min(axis=0), every.max(axis=0)
    span = np.where(high > low, high - low, 1)
    return {name: [_png((window - low) / span) for window in of] for name, of in windows.items()}


def _colour(channel: int) -> str:
    return COLOURS[channel % len(COLOURS)]


def _png(window: np.ndarray) -> bytes:
    """A picture of values of 0..1 on no ground."""
    image = Image.new("RGBA", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(image)
    across = np.linspace(LINE, WIDTH - LINE, len(window))
    for place, values in enumerate(window.T):
        down = LINE + (1 - values) * (HEIGHT - 2 * LINE)
        points = list(zip(across.tolist(), down.tolist(), strict=True))
        draw.line(points, fill=_colour(place), width=LINE, joint="curve")
    file = io.BytesIO()
    image.quantize(16).save(file, "PNG", optimize=True)
    return file.getvalue()
