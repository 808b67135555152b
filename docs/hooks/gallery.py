"""What the pictures show: for each family, and for each named updater."""

import numpy as np
from pictures import Picture, Walk

from tfx_updaters import optimizers as o

WIDE = (-3.2, 3.2, -2.4, 2.4)
START = (-2.8, 1.8)


def bowl(x, y):
    """A round bowl."""
    return (x * x + y * y) / 2


def valley(x, y):
    """A bowl 20 times steeper along y."""
    return (x * x + 20 * y * y) / 2


def oval(x, y):
    """A bowl four times steeper along y."""
    return (x * x + 4 * y * y) / 2


def off_centre(x, y):
    """A bowl with its lowest point away from zero, steeper along x."""
    return (4 * (x - 2) ** 2 + (y - 1.5) ** 2) / 2


def faint(x, y):
    """A bowl whose lowest point is almost at y = 0."""
    return ((x - 2) ** 2 + (y - 0.3) ** 2) / 2


def cliff(x, y):
    """A plateau that ends in a steep slope."""
    return 4 * np.tanh(3 * np.hypot(x, y / 1.3) - 6) + (x * x + y * y) / 60


def saddle(x, y):
    """A ridge along x with a low point on each side."""
    return x * x / 2 + (y * y - 1) ** 2 / 2


def bent_valley(x, y):
    """Rosenbrock's function, ten times less steep."""
    return ((1 - x) ** 2 + 10 * (y - x * x) ** 2) / 10


def outliers(gradient, step):
    """Every fourth gradient has a second component that is far off, to either side in turn."""
    return gradient + np.array([0.0, 14.0]) * {3: 1, 7: -1}.get(step % 8, 0)


def bursts(gradient, step):
    """Every fourth gradient is 8 times too long."""
    return gradient * (8 if step % 4 == 3 else 1)


def late_outliers(gradient, step):
    """After ten calm steps, every fifth gradient is far off."""
    return gradient + np.array([8.0, -14.0]) * (step >= 10 and step % 5 == 0)


def broken(gradient, step):
    """Every fifth gradient is NaN."""
    return gradient * (np.nan if step % 5 == 4 else 1)


def noisy(gradient, step):
    """Gaussian noise, the same at each build."""
    return gradient + np.random.default_rng(step).normal(0, 1.5, 2)


FAMILIES = {
    "clip": Picture(bowl, START, [
        Walk("no clip", [], 0.15, 24, outliers),
        Walk("Clip(1)", [o.Clip(1.0)], 0.15, 24, outliers),
        Walk("ClipByNorm(1)", [o.ClipByNorm(1.0)], 0.15, 24, outliers),
    ], WIDE),
    "clip-adaptive": Picture(oval, START, [
        Walk("no clip", [], 0.1, 24, bursts),
        Walk("AdaptiveClip(0.5)", [o.AdaptiveClip(0.5)], 0.1, 24, bursts),
        Walk("AutoClip(50)", [o.AutoClip(50.0)], 0.1, 24, bursts),
    ], WIDE),
    "skip": Picture(bowl, START, [
        Walk("nothing skipped", [], 0.1, 30, late_outliers),
        Walk("SkipSpikes(3)", [o.SkipSpikes(3.0, warmup=5)], 0.1, 30, late_outliers),
    ], WIDE),
    "skip-nan": Picture(bowl, START, [
        Walk("nothing skipped", [], 0.1, 30, broken),
        Walk("SkipNotFinite()", [o.SkipNotFinite()], 0.1, 30, broken),
    ], WIDE),
    "decay": Picture(off_centre, (2.8, -1.7), [
        Walk("no decay", [o.ScaleByAdam()], 0.1, 120),
        Walk("coupled", [o.AddDecayedWeights(0.5), o.ScaleByAdam()], 0.1, 120),
        Walk("decoupled", [o.ScaleByAdam(), o.AddDecayedWeights(0.5)], 0.1, 120),
    ], (0.4, 3.2, -2, 2.2), (2, 1.5)),
    "decay-cautious": Picture(off_centre, (-1.5, -1.5), [
        Walk("AddDecayedWeights(1)", [o.AddDecayedWeights(1.0)], 0.1, 60),
        Walk("CautiousDecay(1)", [o.CautiousDecay(1.0)], 0.1, 60),
    ], (-2, 3, -2, 2.2), (2, 1.5)),
    "l1": Picture(faint, (-1.0, 1.8), [
        Walk("no penalty", [], 0.1, 60),
        Walk("AddDecayedWeights(0.5)", [o.AddDecayedWeights(0.5)], 0.1, 60),
        Walk("L1Proximal(0.5)", [o.L1Proximal(0.5)], 0.1, 60),
    ], (-1.6, 2.6, -0.8, 2.2), (2, 0.3)),
    "l2-to-start": Picture(off_centre, (-1.0, -1.5), [
        Walk("no pull", [], 0.1, 60),
        Walk("AddDecayedWeights(1)", [o.AddDecayedWeights(1.0)], 0.1, 60),
        Walk("L2ToStart(1)", [o.L2ToStart(1.0)], 0.1, 60),
    ], (-2, 3, -2, 2.2), (2, 1.5)),
    "momentum": Picture(valley, START, [
        Walk("plain", [], 0.02, 50),
        Walk("Trace(0.9)", [o.Trace(0.9)], 0.02, 50),
        Walk("Nesterov", [o.Trace(0.9, nesterov=True)], 0.02, 50),
    ], WIDE),
    "aggmo": Picture(valley, START, [
        Walk("Trace(0.99)", [o.Trace(0.99)], 0.01, 70),
        Walk("AggregatedTrace()", [o.AggregatedTrace()], 0.01, 70),
    ], WIDE),
    "torque": Picture(bowl, START, [
        Walk("Trace(0.9)", [o.Trace(0.9)], 0.05, 60, noisy),
        Walk("TorqueAwareTrace()", [o.TorqueAwareTrace()], 0.05, 60, noisy),
    ], WIDE),
    "damping": Picture(valley, START, [
        Walk("plain", [], 0.09, 30),
        Walk("DampRepeated(0.5)", [o.DampRepeated(0.5)], 0.09, 30),
    ], WIDE),
    "diffgrad": Picture(bowl, START, [
        Walk("ScaleByAdam()", [o.ScaleByAdam()], 0.3, 40),
        Walk("ScaleByDiffGrad()", [o.ScaleByDiffGrad()], 0.3, 40),
    ], WIDE),
    "scaling": Picture(valley, START, [
        Walk("plain", [], 0.04, 40),
        Walk("ScaleByRms()", [o.ScaleByRms()], 0.08, 40),
        Walk("ScaleByAdam()", [o.ScaleByAdam()], 0.15, 40),
        Walk("ScaleByAdan()", [o.ScaleByAdan()], 0.15, 40),
    ], WIDE),
    "sign": Picture(valley, START, [
        Walk("Sign()", [o.Sign()], 0.13, 30),
        Walk("ScaleByLion()", [o.ScaleByLion()], 0.13, 30),
    ], WIDE),
    "trust-ratio": Picture(valley, (-2.8, 0.4), [
        Walk("plain", [], 0.04, 30, layers=True),
        Walk("ScaleByTrustRatio(0.15)", [o.ScaleByTrustRatio(0.15)], 1.0, 30, layers=True),
    ], (-3.2, 1, -0.6, 0.6)),
    "scale": Picture(bowl, START, [
        Walk("plain", [], 0.1, 30, layers=True),
        Walk("first layer * 0.3", [o.Scale(o.LayerDecay(1.0, 0.3))], 0.1, 30, layers=True),
        Walk("first layer frozen", [o.Scale(o.Frozen("first"))], 0.1, 30, layers=True),
    ], WIDE),
    "normalize": Picture(cliff, (-2.9, -1.9), [
        Walk("plain", [], 0.15, 40),
        Walk("NormalizeByGlobalNorm()", [o.NormalizeByGlobalNorm()], 0.15, 40),
    ], WIDE),
    "balance": Picture(valley, (-2.8, 2.0), [
        Walk("plain", [], 0.04, 30, layers=True),
        Walk("BalanceNorms(0.5)", [o.BalanceNorms(0.5)], 0.04, 30, layers=True),
        Walk("BalanceNorms()", [o.BalanceNorms()], 0.04, 30, layers=True),
    ], WIDE),
    "centralize": Picture(off_centre, (-1.5, 1.0), [
        Walk("plain", [], 0.1, 40),
        Walk("Centralize()", [o.Centralize()], 0.1, 40),
    ], (-2, 3, -2.2, 2.2), (2, 1.5)),
    "cautious": Picture(valley, START, [
        Walk("Trace(0.9)", [o.Trace(0.9)], 0.02, 50),
        Walk("Trace(0.9), Cautious()", [o.Trace(0.9), o.Cautious()], 0.02, 50),
    ], WIDE),
    "lookahead": Picture(valley, START, [
        Walk("Trace(0.95)", [o.Trace(0.95)], 0.02, 60),
        Walk("then Lookahead(5, 0.5)", [o.Trace(0.95), o.Lookahead()], 0.02, 60),
    ], WIDE),
    "schedule-free": Picture(bowl, START, [
        Walk("plain", [], 0.3, 60, noisy),
        Walk("ScheduleFree: weights", [o.ScheduleFree()], 0.3, 60, noisy),
        Walk("ScheduleFree: mean x", [o.ScheduleFree()], 0.3, 60, noisy, slot="_x"),
    ], WIDE),
    "noise": Picture(saddle, (-2.4, 0.0), [
        Walk("plain", [], 0.1, 60),
        Walk("AddNoise(0.1)", [o.AddNoise(0.1)], 0.1, 60),
    ], (-2.8, 1.2, -1.6, 1.6), None),
    "where": Picture(valley, START, [
        Walk("Clip(2)", [o.Clip(2.0)], 0.08, 30, layers=True),
        Walk("Where('second', Clip(2))", [o.Where("second", o.Clip(2.0))], 0.08, 30, layers=True),
    ], WIDE),
    "every": Picture(bowl, START, [
        Walk("AddNoise(4)", [o.AddNoise(4.0, 0.0)], 0.1, 40),
        Walk("Every(10, AddNoise(4))", [o.Every(10, o.AddNoise(4.0, 0.0))], 0.1, 40),
    ], WIDE),
    "schedule": Picture(valley, START, [
        Walk("Trace(0.95)", [o.Trace(0.95)], 0.02, 60),
        Walk("0.95, then 0.5 from step 20", [o.Trace(o.Schedule(
            "PiecewiseConstantDecay", {"boundaries": [20], "values": [0.95, 0.5]}
        ))], 0.02, 60),
    ], WIDE),
}  # fmt: skip

# A rate at which each chain gets along the bent valley; its default where none is named.
RATES = {
    "sgd_agc": 0.5,
    "rmsprop": 0.03,
    "adam": 0.1,
    "adamw": 0.1,
    "cautious_adamw": 0.1,
    "nadam": 0.1,
    "diffgrad": 0.3,
    "adan": 0.1,
    "lion": 0.05,
    "lars": 0.1,
    "lamb": 0.1,
    "schedule_free_sgd": 0.2,
}
BENT = (-2.2, 2.2, -1.2, 3.4)


def _named(name: str) -> Picture:
    chain = o.get(name)
    rate = RATES.get(name, chain.learning_rate)
    label = f"{name}, learning rate {rate:g}"
    walks = [Walk(label, chain.transforms, rate, 120)]
    if any(t.final_slot for t in chain.transforms):
        walks.append(Walk("its mean x", chain.transforms, rate, 120, slot="_x"))
    return Picture(bent_valley, (-1.7, 2.6), walks, BENT, (1, 1))


PICTURES = {**FAMILIES, **{f"updater-{name}": _named(name) for name in o.names()}}
