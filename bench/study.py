"""The study's statistics and its speed.

What its intervals cover and how often equal arms are called different: results are made of numbers,
not trained, 2 arms beside a reference on 2 conditions, 10 seeds.

The time to train a small CNN on scikit-learn's digits with 10 seeds, against as many calls of
`keras.Model.fit` on arrays, one after the other, as one would write them: the same model, updater,
epochs and batch size, and an evaluation after each epoch; a study makes two. Both take turns in
this process, with TensorFlow's own numbers of threads, and make their graphs anew each time.
"""

import statistics
import sys
from pathlib import Path

import keras
import numpy as np
from scipy import stats
from sklearn import datasets

from tfx_updaters.components import TrainingConfig
from tfx_updaters.components.study import power
from tfx_updaters.components.study.arms import Arm
from tfx_updaters.components.study.conditions import Condition
from tfx_updaters.components.study.data import Data
from tfx_updaters.components.study.paired import Paired
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.pool import Pool, jobs
from tfx_updaters.components.study.training import Training
from tfx_updaters.components.study.trials import Point, Result, Trial
from tfx_updaters.components.study.verdict import NOT_SHOWN, verdicts
from tfx_updaters.components.trainer import cnn

sys.path.insert(0, str(Path(__file__).resolve().parent))
from lib import timing
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
ROUNDS, EPOCHS, MODEL = 3, 9, {"shape": [8, 8, 1], "classes": 10}


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


def digits() -> Data:
    """A fifth of them for the test."""
    images, labels = datasets.load_digits(return_X_y=True)
    arrays = {"image": images.reshape(-1, 8, 8, 1).astype("float32") / 16, "label": labels}
    order = np.random.default_rng(0).permutation(len(labels))
    test, train = np.split(order, [len(labels) // 5])
    return Data(*({k: v[rows] for k, v in arrays.items()} for rows in (train, test)))


def ours(data: Data) -> None:
    """The trainings of one arm, as `tfx-updaters compare` runs them."""
    plan = Plan(ARMS[:2], model_args=MODEL, training=TrainingConfig(epochs=EPOCHS), seeds=SEEDS)
    trials = [Trial(Condition(), plan.arms[1], 0, seed) for seed in range(SEEDS)]
    with Pool(Training(plan, data), jobs()) as train:
        assert all(result.status == "done" for _, result in train(trials))


def fits(data: Data) -> None:
    """The same as plain Keras."""
    for seed in range(SEEDS):
        keras.utils.set_random_seed(seed)
        train, validation = data.parts(0.2, seed)
        model = cnn.image(**MODEL)
        model.compile(
            optimizer=keras.optimizers.SGD(0.05, momentum=0.9),
            loss="sparse_categorical_crossentropy", metrics=["accuracy"],
        )  # fmt: skip
        model.fit(
            train["image"], train["label"], batch_size=32, epochs=EPOCHS, verbose=0,
            validation_data=(validation["image"], validation["label"]),
        )  # fmt: skip
        model.evaluate(data.test["image"], data.test["label"], verbose=0)


def speed() -> list[Bar]:
    """Seconds of both, and the median of their ratios."""
    data = digits()
    rounds = [
        [timing.seconds(lambda run=run: run(data), 1) for run in (ours, fits)]
        for _ in range(ROUNDS)
    ]
    each = zip(*rounds, strict=True)
    names = (f"seconds of {SEEDS} trainings, ours", f"seconds of {SEEDS} fits")
    return [
        *(Bar(n, statistics.median(s), None) for n, s in zip(names, each, strict=True)),
        Bar(f"{SEEDS} trainings / fits", statistics.median(a / b for a, b in rounds), 0.5),
    ]


def main() -> int:
    """Prints the bars; 1 if one is short."""
    bars = [*calls(), *coverage(), *speed()]
    print(*bars, sep="\n")
    return int(any(bar.short for bar in bars))


if __name__ == "__main__":
    sys.exit(main())
