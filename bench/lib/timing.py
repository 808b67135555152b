"""Ratios of two things' times, in turn: the same noise falls on both."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 9
SECONDS = 10.0
SAMPLE = 0.02


@dataclass(frozen=True)
class Ratio:
    """Ours over theirs, and what theirs over itself gives on this machine at this time.

    Attributes:
        value: the median over the rounds.
        low, high: quartiles of theirs over a second copy of itself: what is noise.
        theirs: its median in milliseconds.
        rounds: how many.
    """

    value: float
    low: float
    high: float
    theirs: float
    rounds: int

    def __str__(self) -> str:
        band = f"{self.low:.2f}-{self.high:.2f}"
        theirs = f"built-in {self.theirs:7.2f} ms"
        return f"{self.value:5.2f}  A/A {band}  {theirs}  {self.rounds} rounds"


def ratio(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    again: Callable[[], object],
    least: float = SECONDS,
) -> Ratio:
    """The ratio of the calls' times: ours, theirs, and a second copy of theirs, in turn.

    Each round times all three and begins with another one; a sample lasts about `SAMPLE`
    seconds. There are `ROUNDS` of them, and more until `least` seconds have passed.
    """
    calls = {"ours": ours, "theirs": theirs, "again": again}
    for call in calls.values():
        seconds(call, 3)
    count = max(1, round(SAMPLE / seconds(theirs, 3)))
    rounds: list[dict[str, float]] = []
    began = time.perf_counter()
    while len(rounds) < ROUNDS or time.perf_counter() - began < least:
        order = [list(calls)[(len(rounds) + place) % 3] for place in range(3)]
        rounds.append({name: seconds(calls[name], count) for name in order})
    values = [2 * r["ours"] / (r["theirs"] + r["again"]) for r in rounds]
    low, _, high = statistics.quantiles([r["again"] / r["theirs"] for r in rounds], n=4)
    theirs_ms = 1000 * statistics.median(r["theirs"] for r in rounds)
    return Ratio(statistics.median(values), low, high, theirs_ms, len(rounds))


def seconds(call: Callable[[], object], count: int) -> float:
    """Seconds of one call, the mean of `count`."""
    began = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - began) / count
