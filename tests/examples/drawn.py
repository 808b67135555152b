"""Images that a test can tell apart."""

import numpy as np
from PIL import Image


def picture(seed: int, height: int = 20, width: int = 24, channels: int = 3) -> Image.Image:
    """Smooth random waves: unlike each other for different seeds, and alike when compressed."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : 2 * np.pi : height * 1j, 0 : 2 * np.pi : width * 1j]
    planes = []
    for _ in range(channels):
        waves = (
            np.sin(rng.integers(1, 4) * y + rng.integers(1, 4) * x * rng.choice([-1, 1])
                   + rng.uniform(0, 7))
            for _ in range(3)
        )  # fmt: skip
        plane = sum(waves)
        planes.append(127.5 + 40 * plane)
    pixels = np.stack(planes, -1).clip(0, 255).astype("uint8")
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
