"""The study's statistics: what its intervals cover, how often equal arms are called different.

Results are made of numbers, not trained: 2 arms beside a reference on 2 conditions, 10 seeds.
"""

import sys
from pathlib import Path

import numpy as np
from scipy import stats

from tfx_updaters.components.study import power
from tfx_updaters.components.study.arms import Arm
from tfx_updaters.components.study.conditions import Condition
from tfx_updaters.components.study.paired import Paired
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.trials import Point, Result
from tfx_updaters.components.study.verdict import NOT_SHOWN, verdicts

sys.path.insert(0, str(Path(__file__).resolve().parent))
from lib.bars import Bar

SEEDS, STUDIES, DRAWS = 10, 1000, 2000
ARMS = (Arm("sgd", "sgd"), Arm("momentum", "momentum"), Arm("clip", "magnitude_clip"))
PLAN = Plan(ARMS, (Condition(), Condition("outliers", 0.1)), seeds=SEEDS)
# Two standard errors of a share of 0.05, and of 0.95.
LUCK = 2 * (0.05 * 0.95 / DRAWS) ** 0.5
DRAWN = {
    "normal": lambda random: random.normal(size=SEEDS),
    "skewed": lambda random: random.exponential(size=SEEDS) - 1,
    "heavy tails": lambda random: random.standard_t(3, size=SEEDS),
}
PEERS = ("BCa", "percentile")


def study(random: np.random.Generator, planted: float) -> list:
    """Verdicts on equal arms, of which the last has an advantage in the first condition."""
    results = {}
    for condition, arm in PLAN.pairs():
        gain = planted if (condition, arm) == (PLAN.conditions[0], ARMS[-1]) else 0.0
        values = 0.9 + gain + random.normal(0, 0.01, SEEDS)
        results[str(condition), arm.name] = [
            Result("done", "", [Point(1, 0.0, {}, {}, {"accuracy": value})]) for value in values
        ]
    return verdicts(PLAN, results)


def calls() -> list[Bar]:
    """Equal arms that are called different, and planted differences that are found."""
    random = np.random.default_rng(0)
    different = [any(v.call != NOT_SHOWN for v in study(random, 0)) for _ in range(STUDIES)]
    level = 1 - (1 - PLAN.confidence) / PLAN.comparisons
    size = power.smallest(SEEDS, level) * 0.01 * 2**0.5
    found = [
        any(v.call == "better" and v.arm == "clip" for v in study(random, size)[:2])
        for _ in range(STUDIES)
    ]
    return [
        Bar("studies of equal arms with one called different", float(np.mean(different)), 0.05),
        Bar("planted differences found", float(np.mean(found)), None, least=0.80),
    ]


def coverage() -> list[Bar]:
    """How often 95 % intervals of 10 differences hold the mean; SciPy's for comparison."""
    bars = []
    for name, drawn in DRAWN.items():
        random = np.random.default_rng(0)
        draws = [drawn(random) for _ in range(DRAWS)]
        ours = [low <= 0 <= high for low, high in (Paired(tuple(d)).interval(0.95) for d in draws)]
        bars.append(Bar(f"ours, {name}", float(np.mean(ours)), None, least=0.95 - LUCK))
        for method in PEERS:
            found = [
                stats.bootstrap((d,), np.mean, n_resamples=999, method=method, rng=random)
                for d in draws
            ]
            held = [f.confidence_interval.low <= 0 <= f.confidence_interval.high for f in found]
            bars.append(Bar(f"{method}, {name}", float(np.mean(held)), None))
    return bars


def main() -> int:
    """Prints the bars; 1 if one is short."""
    bars = [*calls(), *coverage()]
    print(*bars, sep="\n")
    return int(any(bar.short for bar in bars))


if __name__ == "__main__":
    sys.exit(main())
