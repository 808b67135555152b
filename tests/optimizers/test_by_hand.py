"""Transforms that have no peer to walk beside, written out in NumPy as their sources have them."""

import by_hand
import chains
import keras
import numpy as np
import ours
import pytest
import walk
from by_hand import each, global_norm, mean

from tfx_updaters.optimizers import (
    AddNoise,
    AggregatedTrace,
    AutoClip,
    BalanceNorms,
    Cautious,
    CautiousDecay,
    ChainedOptimizer,
    DampRepeated,
    Every,
    Frozen,
    L1Proximal,
    L2ToStart,
    LayerDecay,
    Scale,
    ScaleByAdan,
    ScaleByDiffGrad,
    Schedule,
    SkipSpikes,
    TorqueAwareTrace,
    Trace,
    Where,
)

RATE = 0.05


def assert_walks(transforms, rule, tolerance=5e-6):
    """The chain descends along what the rule says."""
    chain = ours.walked(chains.chain(*transforms, rate=RATE))
    walk.assert_same(chain, by_hand.descended(RATE, rule), tolerance)


def shortened(gradients, limit):
    """All gradients, shortened together to a global norm of at most `limit`."""
    factor = limit / max(global_norm(gradients), limit)
    return [g * factor for g in gradients]


@pytest.mark.parametrize(("percentile", "window"), [(10, 1000), (50, 7), (100, 5)])
def test_auto_clip_is_numpys_percentile_of_the_norms(percentile, window):
    """Seetharaman et al. (2020), algorithm 1, over the last `window` norms."""
    norms = []

    def rule(t, gradients, weights):
        norms.append(global_norm(gradients))
        return shortened(gradients, np.percentile(norms[-window:], percentile))

    assert_walks([AutoClip(percentile, window)], rule)


def test_skip_spikes_leaves_out_what_exceeds_the_running_norm():
    """After a warm-up of 5: no step where the norm is above 1.2 of the unbiased running mean's."""
    state = {"taken": 0, "left_out": 0}

    def rule(t, gradients, weights):
        norm = global_norm(gradients)
        unbiased = state.get("mean", 0.0) / max(1 - 0.8 ** state["taken"], 1e-30)
        if state["taken"] >= 5 and norm > 1.2 * unbiased:
            state["left_out"] += 1
            return [0 * g for g in gradients]
        mean(state, "mean", 0.8, norm)
        state["taken"] += 1
        return gradients

    assert_walks([SkipSpikes(1.2, decay=0.8, warmup=5, max_in_a_row=50)], rule)
    assert 3 < state["left_out"] < 30


@pytest.mark.parametrize("floor", [1e-3, 0.8])
def test_cautious_leaves_out_what_goes_uphill(floor):
    """Liang et al. (2024), the authors' code: u * mask / max(mean(mask), floor) of u * g > 0."""

    @each
    def rule(t, g, w, memory):
        trace = memory["trace"] = 0.9 * memory.get("trace", 0.0) + g
        mask = trace * g > 0
        return trace * mask / max(mask.mean(), floor)

    assert_walks([Trace(0.9), Cautious(floor)], rule)


def test_cautious_decay_decays_what_the_update_shrinks_already():
    """Chen et al. (2025), algorithm 1: u + rate * 1[u * w >= 0] * w."""

    @each
    def rule(t, g, w, memory):
        trace = memory["trace"] = 0.9 * memory.get("trace", 0.0) + g
        return trace + 0.2 * (trace * w >= 0) * w

    assert_walks([Trace(0.9), CautiousDecay(0.2)], rule)


def test_l1_proximal_is_soft_thresholding():
    """Beck and Teboulle (2009), equation 1.5: sign(v) * max(|v| - rate * l1, 0) of v = w - step."""

    def rule(t, gradients, weights):
        ahead = [w - RATE * g for w, g in zip(weights, gradients, strict=True)]
        return [np.sign(v) * np.maximum(np.abs(v) - RATE * 2.0, 0) for v in ahead]

    chain = ours.walked(chains.chain(L1Proximal(2.0), rate=RATE))
    walk.assert_same(chain, by_hand.stepped(rule))
    assert 0.05 < (chain[-1] == 0).mean() < 0.9


def test_l2_to_start_pulls_to_the_first_weights():
    """Li et al. (2018), equation 2: the gradient plus rate * (w - w0)."""
    start = walk.start()

    def rule(t, gradients, weights):
        return [g + 0.4 * (w - s) for g, w, s in zip(gradients, weights, start, strict=True)]

    assert_walks([L2ToStart(0.4)], rule)


def test_aggregated_trace_is_the_mean_of_traces():
    """Lucas et al. (2019), equation 4: v_i <- beta_i v_i + g; w descends along mean(v_i)."""

    @each
    def rule(t, g, w, memory):
        for beta in (0.0, 0.5, 0.95):
            memory[beta] = beta * memory.get(beta, 0.0) + g
        return (memory[0.0] + memory[0.5] + memory[0.95]) / 3

    assert_walks([AggregatedTrace((0.0, 0.5, 0.95))], rule)


def test_torque_aware_trace_counts_an_update_by_its_smoothed_cosine():
    """Malviya et al. (2024), equations 2 to 4: m <- beta m + (eps + (1 + s)/2) g."""

    @each
    def rule(t, g, w, memory):
        trace = memory.get("trace", np.zeros_like(g))
        lengths = np.linalg.norm(trace) * np.linalg.norm(g)
        cosine = np.sum(trace * g) / lengths if lengths else 0.0
        smoothed = mean(memory, "cosine", 0.7, cosine)
        memory["trace"] = 0.9 * trace + (0.01 + (1 + smoothed) / 2) * g
        return memory["trace"]

    assert_walks([TorqueAwareTrace(0.9, smoothing=0.7, eps=0.01)], rule)


def test_diffgrad_is_adam_times_its_friction():
    """Dubey et al. (2019), equations 4 to 6: sigmoid(|g - last g|) m_hat / (sqrt(v_hat) + eps)."""

    @each
    def rule(t, g, w, memory):
        friction = 1 / (1 + np.exp(-np.abs(memory.get("last", 0.0) - g)))
        memory["last"] = g
        m = mean(memory, "m", 0.8, g) / (1 - 0.8**t)
        v = mean(memory, "v", 0.95, g**2) / (1 - 0.95**t)
        return friction * m / (np.sqrt(v) + 1e-2)

    assert_walks([ScaleByDiffGrad(0.8, 0.95, 1e-2)], rule)


def test_adan_is_the_authors_code():
    """X. Xie et al., adan.py, `_single_tensor_adan` with betas (0.9, 0.8, 0.95)."""

    @each
    def rule(t, g, w, memory):
        difference = g - memory.get("last", g)
        memory["last"] = g
        m = mean(memory, "m", 0.9, g) / (1 - 0.9**t)
        d = mean(memory, "d", 0.8, difference) / (1 - 0.8**t)
        n = mean(memory, "n", 0.95, (g + 0.8 * difference) ** 2) / (1 - 0.95**t)
        return (m + 0.8 * d) / (np.sqrt(n) + 1e-2)

    assert_walks([ScaleByAdan(0.9, 0.8, 0.95, 1e-2)], rule)


def test_damp_repeated_makes_a_component_smaller_while_its_sign_stays():
    """The article: 'dampens updates that are repeatedly in the same direction'."""

    @each
    def rule(t, g, w, memory):
        repeated = np.sign(g) == memory.get("sign", 0.0)
        memory["sign"] = np.sign(g)
        return np.where(repeated, 0.3 * g, g)

    assert_walks([DampRepeated(0.3)], rule)


def test_balance_norms_moves_root_mean_squares_to_their_mean():
    """After Z. Chen et al., GradNorm (2018): rms <- rms^(1-s) * mean^s, here s = 0.6."""

    def rule(t, gradients, weights):
        sizes = np.array([np.sqrt(np.mean(g**2)) for g in gradients])
        factors = (sizes.mean() / sizes) ** 0.6
        return [g * f for g, f in zip(gradients, factors, strict=True)]

    assert_walks([BalanceNorms(0.6)], rule)


def test_scale_by_layer_decay_is_the_factor_to_the_number_of_layers_above():
    """Howard and Ruder (2018), section 3.2: conv, dense and head are three layers."""
    factors = {"conv/kernel": 0.25, "conv/bias": 0.25, "dense/kernel": 0.5, "head/gain": 1.0}
    rule = each(lambda t, g, w, memory: factors[memory["path"]] * g)
    assert_walks([Scale(LayerDecay(1.0, 0.5))], rule)


def test_a_frozen_layer_stays():
    rule = each(lambda t, g, w, memory: 0 * g if "conv" in memory["path"] else g)
    assert_walks([Scale(Frozen("conv"))], rule)


def test_where_sees_the_variables_that_match_and_no_others():
    """Their mean root mean square is the one of the two kernels."""

    def rule(t, gradients, weights):
        sizes = {k: np.sqrt(np.mean(gradients[k] ** 2)) for k in (0, 2)}
        return [
            g * np.mean(list(sizes.values())) / sizes[k] if k in sizes else g
            for k, g in enumerate(gradients)
        ]

    assert_walks([Where("kernel", BalanceNorms())], rule)


def test_every_keeps_state_between_the_steps_that_count():
    """At steps 1, 5, 9, ... the trace takes an update in and is the next one."""

    @each
    def rule(t, g, w, memory):
        if (t - 1) % 4:
            return g
        memory["trace"] = 0.9 * memory.get("trace", 0.0) + g
        return memory["trace"]

    assert_walks([Every(4, Trace(0.9))], rule)


def test_a_schedule_is_evaluated_at_the_number_of_updates_done():
    """The exponential decay of Keras' documentation: start * rate^(step / steps), step from 0."""
    momentum = Schedule(
        "ExponentialDecay", {"initial_learning_rate": 0.9, "decay_steps": 5, "decay_rate": 0.7}
    )

    @each
    def rule(t, g, w, memory):
        falling = 0.9 * 0.7 ** ((t - 1) / 5)
        memory["trace"] = (falling if memory["path"].startswith("conv") else 0.5) * memory.get(
            "trace", 0.0
        ) + g
        return memory["trace"]

    assert_walks([Trace({"conv": momentum, "default": 0.5})], rule)


def test_noise_has_the_variance_of_the_paper_and_is_fresh_at_each_step_and_variable():
    """Neelakantan et al. (2015), section 3: variance eta / (1 + t)^gamma, t from 0."""
    count = 20_000
    optimizer = ChainedOptimizer(1.0, [AddNoise(eta=0.3, gamma=0.9, seed=4)])
    variables = [keras.Variable(np.zeros(count), dtype="float32", name=name) for name in "ab"]
    optimizer.build(variables)
    before, drawn = np.zeros((2, count)), []
    for _ in range(4):
        optimizer.apply([keras.ops.zeros(count) for _ in variables], variables)
        after = np.stack([keras.ops.convert_to_numpy(v) for v in variables])
        drawn += list(before - after)
        before = after
    expected = np.repeat([0.3 / (1 + t) ** 0.9 for t in range(4)], 2)
    # The standard error of a variance from n normal numbers is sqrt(2 / n) of it: 1 %.
    np.testing.assert_allclose(np.var(drawn, axis=1), expected, rtol=0.05)
    assert np.abs(np.mean(drawn, axis=1)).max() < 5 * np.sqrt(0.3 / count)
    correlations = np.corrcoef(drawn)[~np.eye(8, dtype=bool)]
    assert np.abs(correlations).max() < 5 / np.sqrt(count)
