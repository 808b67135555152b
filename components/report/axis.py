"""An axis of a picture: numbers as positions in percent, and its ticks."""

import math
from collections.abc import Sequence

ROOM = 0.04  # of an axis, left free at both ends
TICKS = 6  # at most

Tick = tuple[float, str]


class Axis:
    """From the lowest number to the highest, with some room."""

    def __init__(self, numbers: Sequence[float]):
        low, high = min(numbers), max(numbers)
        spread = (high - low) or abs(high) or 1.0
        self.low, self.span = low - ROOM * spread, spread * (1 + 2 * ROOM)
        if high == low:
            self.low -= spread / 2

    def at(self, value: float) -> float:
        """In percent."""
        return round(100 * (value - self.low) / self.span, 2)

    def ticks(self, least: float = 0.0) -> list[Tick]:
        """At multiples of 1, 2 or 5 times a power of ten, `least` apart at least."""
        rough = max(self.span / TICKS, least)
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough)
        first = math.ceil(self.low / step)
        last = math.floor((self.low + self.span) / step)
        digits = max(0, -math.floor(math.log10(step)))
        return [
            (self.at(each * step), f"{each * step + 0.0:.{digits}f}")
            for each in range(first, last + 1)
        ]


def short(value: float) -> str:
    """With four decimals at most; a very large or small number in powers of ten."""
    if value and not 1e-4 <= abs(value) < 1e6:
        return f"{value:.3g}"
    return f"{value:.4f}".rstrip("0").removesuffix(".")
