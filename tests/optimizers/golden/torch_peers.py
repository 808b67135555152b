"""The same updates in torch."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import walk

RATE = 0.05
ADAM = {"lr": RATE, "betas": (0.8, 0.95), "eps": 1e-2}
RMS = {"lr": RATE, "alpha": 0.8, "eps": 1e-12}
# A decay of the momentum's warm-up so fast that there is none: Nadam with a constant momentum.
NO_WARM_UP = {"momentum_decay": 1e4}

Tensors = Sequence[torch.Tensor]


def sgd(tensors: Tensors, **arguments: Any) -> torch.optim.Optimizer:
    """SGD at the walk's rate."""
    return torch.optim.SGD(tensors, RATE, **arguments)


def damped(tensors: Tensors) -> torch.optim.Optimizer:
    """SGD whose dampening holds for the first step too: torch spares it, but with a buffer of 0."""
    optimizer = sgd(tensors, momentum=0.9, dampening=0.4)
    for tensor in tensors:
        optimizer.state[tensor]["momentum_buffer"] = torch.zeros_like(tensor)
    return optimizer


def by_layer(tensors: Tensors) -> torch.optim.Optimizer:
    """SGD with one momentum for the convolution and another for the rest."""
    groups = [{"params": tensors[:2], "momentum": 0.5}, {"params": tensors[2:], "momentum": 0.9}]
    return torch.optim.SGD(groups, RATE)


PEERS: dict[str, Callable[[Tensors], torch.optim.Optimizer]] = {
    "clip_grad_norm": sgd,
    "clip_grad_value": sgd,
    "sgd": lambda t: sgd(t, momentum=0.9, weight_decay=0.1),
    "sgd_nesterov": lambda t: sgd(t, momentum=0.9, weight_decay=0.1, nesterov=True),
    "sgd_dampening": damped,
    "sgd_while_rate_falls": lambda t: torch.optim.SGD(t, 0.1, momentum=0.9),
    "sgd_by_layer": by_layer,
    "adam": lambda t: torch.optim.Adam(t, **ADAM),
    "adam_coupled_decay": lambda t: torch.optim.Adam(t, **ADAM, weight_decay=0.1),
    "adamw": lambda t: torch.optim.AdamW(t, **ADAM, weight_decay=0.1),
    "nadam": lambda t: torch.optim.NAdam(t, **ADAM, **NO_WARM_UP),
    "rmsprop": lambda t: torch.optim.RMSprop(t, **RMS),
    "rmsprop_centered": lambda t: torch.optim.RMSprop(t, **RMS, centered=True),
    "rmsprop_momentum": lambda t: torch.optim.RMSprop(t, **{**RMS, "lr": 0.01}, momentum=0.9),
}
# What is done to the gradients before the step.
BEFORE: dict[str, Callable[[Tensors], Any]] = {
    "clip_grad_norm": lambda t: torch.nn.utils.clip_grad_norm_(t, 2.0),
    "clip_grad_value": lambda t: torch.nn.utils.clip_grad_value_(t, 0.5),
}
# The factor on the rate from one step to the next.
RATE_FALLS = {"sgd_while_rate_falls": 0.8 ** (1 / 7)}


def walked(name: str) -> np.ndarray:
    """The walk of a peer."""
    tensors = [torch.nn.Parameter(torch.tensor(w)) for w in walk.start()]
    optimizer = PEERS[name](tensors)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, RATE_FALLS.get(name, 1.0))

    def step(gradients: walk.Arrays) -> walk.Arrays:
        for tensor, gradient in zip(tensors, gradients, strict=True):
            tensor.grad = torch.tensor(gradient)
        BEFORE.get(name, lambda _: None)(tensors)
        optimizer.step()
        scheduler.step()
        return [tensor.detach().numpy().copy() for tensor in tensors]

    return walk.walked(step)
