"""Robustness: what a metric loses when the examples are corrupted."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.evaluator.corruptions import Corruption
from tfx_updaters.components.evaluator.estimates import Average, Estimate, Negative, Worst
from tfx_updaters.components.evaluator.inner import Inner
from tfx_updaters.components.evaluator.metrics.gated import EVALUATION, GatedMetric, Reading


class CorruptionDrop(GatedMetric):
    """How much worse `metric` is when the evaluation examples are corrupted: positive if it is.

    Of a metric that should be high, clean minus corrupted; of one that should be low, corrupted
    minus clean. Of several corruptions the mean of the drops, or the worst.

    Clean and corrupted are the same examples: the interval of each drop is paired, as that of a
    change between two models is. The interval of the mean is the mean of the ends, which is wider
    than need be; that of the worst is made of simultaneous intervals. The change of a drop against
    the baseline, and the drop of a metric that TFMA computes row by row, treat clean and corrupted
    as other examples, which is wider than need be where one model or metric that does well on the
    clean examples does so on the corrupted ones too.

    Args:
        metric: the inner metric: `class_name`, `module` and `config`.
        feature: what is corrupted: numbers, or images encoded as PNG, JPEG, BMP or GIF.
        corruptions: names, or the strength of each by its name; see
            `tfx_updaters.components.evaluator.corruptions.Corruption`.
        of: `mean` or `worst` of several corruptions.
        shape: as in `Corruption`; needed for images that are numbers.
        range: as in `Corruption`.
        seed: as in `Corruption`.
        higher_is_better: whether a good model has a high `metric`; needed if TFMA computes it row
            by row.
        name: the inner metric's name and `_corruption_drop`, or `_worst_corruption_drop`, by
            default.
        confidence: as in `GatedMetric`.
        burden: as in `GatedMetric`.
        min_examples: as in `GatedMetric`.
    """

    def __init__(
        self,
        metric: Mapping[str, Any],
        feature: str,
        corruptions: Sequence[str] | Mapping[str, float],
        of: str = "mean",
        shape: Sequence[int] | None = None,
        range: Sequence[float] | None = None,
        seed: int = 0,
        higher_is_better: bool | None = None,
        name: str | None = None,
        confidence: float = 0.95,
        burden: str = "none",
        min_examples: int = 1,
    ):
        self.inner = Inner.of(metric)
        if of not in ("mean", "worst"):
            raise ArgumentError(f"of is mean or worst, not {of!r}")
        if isinstance(corruptions, str) or not corruptions:
            raise ArgumentError(
                f"corruptions are a list, or strengths by name, not {corruptions!r}"
            )
        self.worst = of == "worst"
        self.higher_is_better = _is_higher_better(self.inner, higher_is_better)
        strengths = corruptions if isinstance(corruptions, Mapping) else dict.fromkeys(corruptions)
        made = [
            Corruption(each, feature, strength, shape, range, seed)
            for each, strength in strengths.items()
        ]
        self.by_view = {f"{EVALUATION}+{each}": each for each in made}
        suffix = "_worst_corruption_drop" if self.worst else "_corruption_drop"
        super().__init__(
            name or f"{self.inner.name()}{suffix}", confidence, burden, min_examples,
            metric=dict(metric), feature=feature, corruptions=corruptions, of=of, shape=shape,
            range=range, seed=seed, higher_is_better=higher_is_better,
        )  # fmt: skip

    def needs(self) -> Mapping[str, Sequence[Inner]]:
        return {view: [self.inner] for view in (EVALUATION, *self.by_view)}

    def corruptions(self) -> Mapping[str, Corruption]:
        return self.by_view

    def estimate(self, reading: Reading) -> Estimate:
        lost = [reading.lost(self.inner, view) for view in self.by_view]
        drops = lost if self.higher_is_better else [Negative(each) for each in lost]
        return Worst(drops, highest=True) if self.worst else Average(drops)


def _is_higher_better(inner: Inner, said: bool | None) -> bool:
    measure = inner.measure()
    if measure is not None:
        return measure.higher_is_better
    if said is None:
        raise ArgumentError(
            f"{inner.name()}: say whether a good model has a high one, with higher_is_better"
        )
    return said
