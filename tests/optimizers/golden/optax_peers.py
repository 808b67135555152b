"""The same updates in optax."""

from collections.abc import Callable, Sequence
from typing import Any

import chains
import jax
import jax.numpy as jnp
import numpy as np
import optax
import walk

KERNELS = [path.endswith("kernel") for path in walk.SHAPES]
NOT_BIAS = [not path.endswith("bias") for path in walk.SHAPES]
RATE = 0.05
FALLS = optax.exponential_decay(0.1, 7, 0.8)
MOMENTUM_FALLS = optax.exponential_decay(0.95, 7, 0.8)


def at(*transforms: Any, rate: Any = RATE) -> optax.GradientTransformation:
    """A chain that ends with the learning rate."""
    return optax.chain(*transforms, optax.scale_by_learning_rate(rate))


def by_variable(make: Callable[[Any], Any], values: Sequence[Any]) -> optax.GradientTransformation:
    """A transformation for each variable, made from the variable's value."""
    labels = [str(place) for place in range(len(values))]
    made = {label: make(value) for label, value in zip(labels, values, strict=True)}
    return optax.partition(made, labels)


def units_first(inner: optax.GradientTransformation) -> optax.GradientTransformation:
    """Has the units on the first axis, where `optax.centralize` takes them to be."""

    def turned(tree: Any, source: int, target: int) -> Any:
        return [jnp.moveaxis(x, source, target) if x.ndim > 1 else x for x in tree]

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        updates, state = inner.update(turned(updates, -1, 0), state, params)
        return turned(updates, 0, -1), state

    return optax.GradientTransformation(inner.init, update)


def lookahead(inner: Any, period: int, share: float) -> optax.GradientTransformation:
    """`optax.lookahead`, of whose two sets of weights the fast one is the walk's."""
    outer = optax.lookahead(inner, period, share)

    def init(params: Any) -> Any:
        return outer.init(optax.LookaheadParams(params, params)), params

    def update(updates: Any, state: Any, params: Any) -> Any:
        inside, slow = state
        steps, inside = outer.update(updates, inside, optax.LookaheadParams(params, slow))
        return steps.fast, (inside, optax.apply_updates(slow, steps.slow))

    return optax.GradientTransformation(init, update)


def every(period: int, inner: Any) -> optax.GradientTransformation:
    """The inner transformation at each `period`-th step."""
    return optax.conditionally_transform(inner, lambda step: step % period == 0)


def decay_on_kernels(rate: Any) -> optax.GradientTransformation:
    """Weight decay on kernels alone; a scalar named gain is not one of normalization."""
    return optax.add_decayed_weights(rate, mask=NOT_BIAS)


ADAM = {"b1": 0.8, "b2": 0.95, "eps": 1e-2}

PEERS = {
    "clip": lambda: at(optax.clip(0.5)),
    "clip_by_global_norm": lambda: at(optax.clip_by_global_norm(2.0)),
    "clip_by_norm": lambda: at(optax.clip_by_block_rms(0.7)),
    "adaptive_clip": lambda: at(optax.adaptive_grad_clip(0.2, eps=0.1)),
    "skip_not_finite": lambda: optax.apply_if_finite(at(optax.clip(1.0), optax.trace(0.9)), 2),
    "coupled_decay": lambda: at(optax.add_decayed_weights(0.1), optax.trace(0.9)),
    "decoupled_decay": lambda: at(optax.trace(0.9), optax.add_decayed_weights(0.1)),
    "decay_on_kernels": lambda: at(optax.clip(1.0), decay_on_kernels(0.3)),
    "decay_falls": lambda: at(optax.add_decayed_weights(MOMENTUM_FALLS)),
    "trace": lambda: optax.sgd(RATE, 0.9),
    "trace_nesterov": lambda: optax.sgd(RATE, 0.9, nesterov=True),
    "trace_while_rate_falls": lambda: optax.sgd(FALLS, 0.9),
    "trace_that_falls": lambda: at(optax.inject_hyperparams(optax.trace)(decay=MOMENTUM_FALLS)),
    "trace_by_layer": lambda: at(by_variable(optax.trace, [0.5, 0.5, 0.9, 0.0])),
    "scale_by_adam": lambda: at(optax.scale_by_adam(**ADAM)),
    "scale_by_adam_nesterov": lambda: at(optax.scale_by_adam(**ADAM, nesterov=True)),
    "scale_by_rms": lambda: at(optax.scale_by_rms(0.8, eps=1e-2)),
    "scale_by_rms_centered": lambda: at(optax.scale_by_stddev(0.8, eps=1e-2)),
    "scale_by_lion": lambda: at(optax.scale_by_lion(0.8, 0.95)),
    # optax weighs the difference by 1 - b2 where the authors' code has b2: equal at 1/2.
    "scale_by_adan": lambda: at(optax.scale_by_adan(0.9, 0.5, 0.95, eps=1e-2)),
    "sign": lambda: optax.sign_sgd(RATE),
    "signum": lambda: at(optax.trace(0.9), optax.scale_by_sign()),
    "scale_by_trust_ratio": lambda: at(optax.scale_by_trust_ratio(trust_coefficient=0.3, eps=1e-2)),
    "centralize": lambda: at(units_first(optax.centralize()), optax.trace(0.9)),
    "normalize_by_global_norm": lambda: at(optax.normalize_by_update_norm(eps=1e-2)),
    "lookahead": lambda: lookahead(optax.sgd(RATE, 0.9), 6, 0.3),
    "schedule_free": lambda: optax.contrib.schedule_free_sgd(RATE, b1=0.8),
    "schedule_free_adam": lambda: optax.contrib.schedule_free(
        at(optax.scale_by_adam(0.0, 0.95, eps=1e-2)), RATE, b1=0.9
    ),
    "scale_by_layer": lambda: at(by_variable(optax.scale, [0.25, 0.25, 0.5, 1.0])),
    "where": lambda: at(optax.masked(optax.trace(0.9), KERNELS)),
    "every": lambda: at(every(3, optax.trace(0.9))),
    "article_order": lambda: at(
        optax.clip(1.0),
        optax.add_decayed_weights(0.1),
        by_variable(optax.trace, [0.5, 0.5, 0.9, 0.9]),
    ),
    "other_order": lambda: at(optax.add_decayed_weights(0.1), optax.clip(1.0), optax.trace(0.9)),
    "magnitude_clip": lambda: at(optax.clip(1.0), rate=0.1),
    "custom_weight_decay": lambda: at(optax.add_decayed_weights(0.0005), rate=0.1),
    "per_layer_momentum": lambda: optax.sgd(0.02, 0.9),
    "article": lambda: at(
        optax.clip(1.0), optax.add_decayed_weights(0.0005), optax.trace(0.9), rate=0.02
    ),
    "sgd": lambda: optax.sgd(0.1),
    "momentum": lambda: optax.sgd(0.05, 0.9),
    "nesterov": lambda: optax.sgd(0.05, 0.9, nesterov=True),
    "sgd_agc": lambda: optax.chain(
        optax.adaptive_grad_clip(0.01), optax.sgd(0.05, 0.9, nesterov=True)
    ),
    "rmsprop": lambda: optax.rmsprop(0.001, eps=1e-7),
    "adam": lambda: optax.adam(0.002),
    "adamw": lambda: optax.adamw(0.002, weight_decay=0.01),
    "nadam": lambda: optax.nadam(0.002),
    "lion": lambda: optax.lion(0.0005, weight_decay=0.01),
    "lars": lambda: optax.lars(0.05, 0.0005, NOT_BIAS, 0.1, trust_ratio_mask=NOT_BIAS),
    "lamb": lambda: at(
        optax.scale_by_adam(),
        decay_on_kernels(0.01),
        optax.masked(optax.scale_by_trust_ratio(), NOT_BIAS),
        rate=0.01,
    ),
    "lookahead_momentum": lambda: lookahead(optax.sgd(0.05, 0.9), 5, 0.5),
    "schedule_free_sgd": lambda: optax.contrib.schedule_free_sgd(0.5),
}


def walked(name: str) -> np.ndarray:
    """The walk of a peer."""
    peer = PEERS[name]()
    params = [jnp.asarray(w) for w in walk.start()]
    state = peer.init(params)

    @jax.jit
    def following(gradients: Any, state: Any, params: Any) -> Any:
        updates, state = peer.update(gradients, state, params)
        return optax.apply_updates(params, updates), state

    def step(gradients: walk.Arrays) -> walk.Arrays:
        nonlocal params, state
        params, state = following([jnp.asarray(g) for g in gradients], state, params)
        return params

    return walk.walked(step, broken=chains.OPTAX[name].broken)
