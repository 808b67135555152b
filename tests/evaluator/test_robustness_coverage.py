"""Coverage of the 95 % intervals of drops, on answers of which the truth is known."""

import numpy as np

from tfx_updaters.components.evaluator import estimates, measures


class TestCoverage:
    """Of the 95 % intervals, on right and wrong answers of which the truth is known."""

    REPEATS, COUNT = 1000, 200
    RIGHT = 0.95
    # The shares of right answers that become wrong under each corruption; of wrong ones a fifth
    # becomes right.
    FLIPPED = (0.02, 0.06, 0.06)
    TRUTH = (0.95 * 0.02 - 0.05 * 0.2, *(2 * [0.95 * 0.06 - 0.05 * 0.2]))

    def estimates(self, rng: np.random.Generator):
        """Paired drops under each corruption, and the first one as if of other examples."""
        measure = measures.find("SparseCategoricalAccuracy", {})
        assert measure is not None
        count = self.COUNT
        weights, labels, groups = np.ones(count), np.zeros(count), np.zeros(count, int)
        clean = rng.random(count) < self.RIGHT
        first = measure.rows(labels, _answers(clean), weights, groups).sum(axis=0)
        drops, second = [], first
        for flip in self.FLIPPED:
            drawn = rng.random(count)
            answers = _answers(np.where(clean, drawn >= flip, drawn < 0.2))
            second = measure.rows(labels, answers, weights, groups).sum(axis=0)
            pairs = measure.pairs(labels, _answers(clean), answers, weights).sum(axis=0)
            drops.append(measure.change(first, second, pairs))
        apart = estimates.Difference(measure.estimate(first), measure.estimate(second))
        return drops, apart

    def test_it_is_kept_and_the_paired_one_is_the_narrower(self):
        rng = np.random.default_rng(0)
        kept = {name: 0 for name in ("paired", "apart", "mean", "worst")}
        widths = {name: 0.0 for name in kept}
        for _ in range(self.REPEATS):
            drops, apart = self.estimates(rng)
            for name, estimate, truth in (
                ("paired", drops[-1], self.TRUTH[-1]),
                ("apart", apart, self.TRUTH[-1]),
                ("mean", estimates.Average(drops), np.mean(self.TRUTH)),
                ("worst", estimates.Worst(drops, highest=True), max(self.TRUTH)),
            ):
                low, high = estimate.interval(0.95)
                kept[name] += low <= truth <= high
                widths[name] += high - low
        shares = {name: count / self.REPEATS for name, count in kept.items()}
        # Three standard errors of the simulation are 0.02.
        assert 0.93 <= shares["paired"] <= 0.985, shares
        assert shares["apart"] >= shares["paired"], shares
        assert shares["mean"] >= 0.95 and shares["worst"] >= 0.93, shares
        assert widths["paired"] < 0.8 * widths["apart"], widths


def _answers(right: np.ndarray) -> np.ndarray:
    """Predictions of two classes; the label is always 0."""
    return np.stack([right, ~right.astype(bool)], axis=1).astype(float)
