"""Chains against Keras' built-in optimizers: step, graph, memory and tracing time, as ratios."""

import dataclasses
import functools
import math
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
from lib.bars import Bar
from lib.steps import (
    MODELS,
    apply_function,
    least_function,
    operations,
    small_variables,
    training_step,
)
from lib.timing import ratio

from tfx_updaters.optimizers import (
    AddDecayedWeights,
    ChainedOptimizer,
    Clip,
    ScaleByAdam,
    ScaleByLion,
    ScaleByRms,
    Trace,
    get,
    names,
)

RATE = 1e-4
SMALL, GROUPS = 60, 20
ITEM = {"float32": 4, "int32": 4, "int64": 8}
GOALS = {
    f"{SMALL} variables, momentum": 0.9, f"{SMALL} variables, adam": 0.9,
    f"{GROUPS} groups, momentum": 0.85,
}  # fmt: skip
JIT = {"jit off": False, "jit on": True}
# A bar, and what was measured for it.
Found = tuple[Bar, object]


@dataclasses.dataclass(frozen=True)
class Pair:
    """A chain and the built-in optimizer that it is equal to."""

    ours: Callable[[], Any]
    theirs: Callable[[], Any]


def pair(transforms: list, theirs: Callable[..., Any], **arguments: Any) -> Pair:
    """A chain and a built-in at the same learning rate."""
    return Pair(
        functools.partial(ChainedOptimizer, RATE, transforms),
        functools.partial(theirs, RATE, **arguments),
    )


def packed(both: Pair) -> Pair:
    """The same chain with `packed_state`."""
    chain = both.ours().transforms
    return Pair(lambda: ChainedOptimizer(RATE, chain, packed_state=True), both.theirs)


PAIRS = {
    "clip, SGD": pair([Clip(0.5)], keras.optimizers.SGD, clipvalue=0.5),
    "momentum": pair([Trace(0.9)], keras.optimizers.SGD, momentum=0.9),
    "adam": pair([ScaleByAdam()], keras.optimizers.Adam),
    "adamw": pair([ScaleByAdam(), AddDecayedWeights(0.004)], keras.optimizers.AdamW),
    "lion": pair([ScaleByLion()], keras.optimizers.Lion),
    "rmsprop": pair([ScaleByRms()], keras.optimizers.RMSprop),
}
COEFFICIENTS = {f"group{g:02d}": 0.5 + 0.02 * g for g in range(GROUPS)}


def multi_optimizer() -> Any:
    """Keras' way to a momentum for each group."""
    made = {g: keras.optimizers.SGD(RATE, momentum=m) for g, m in COEFFICIENTS.items()}
    return keras.optimizers.MultiOptimizer(lambda variable: made[variable.path.split("/")[0]])


BY_GROUP = Pair(lambda: ChainedOptimizer(RATE, [Trace(COEFFICIENTS)]), multi_optimizer)


def training_steps() -> Iterator[Found]:
    """The whole training step of two CNNs."""
    for size, model in MODELS.items():
        for mode, jit in JIT.items():
            for name, both in PAIRS.items():
                made = (both.ours, both.theirs, both.theirs)
                found = ratio(*(training_step(model(), make(), jit) for make in made))
                yield Bar(f"step, {name}, {size}, {mode}", found.value, 1.05), found


def small_steps() -> Iterator[Found]:
    """The optimizer's step alone on many small variables; compiled, with packed state too."""
    pairs = {f"{SMALL} variables, {name}": both for name, both in PAIRS.items()}
    pairs[f"{GROUPS} groups, momentum"] = BY_GROUP
    for mode, jit in JIT.items():
        for name, both in pairs.items():
            goal = GOALS.get(name, 1.05)
            if jit and goal < 1:
                yield _alone(f"{name}, {mode}, packed", packed(both), jit, goal)
                goal = 1.05
            yield _alone(f"{name}, {mode}", both, jit, goal)
    theirs = (apply_function(PAIRS["momentum"].theirs(), _small(), True) for _ in range(2))
    least = ratio(least_function(_small()), *theirs)
    yield Bar(f"{SMALL} variables, assignments alone, jit on", least.value, None), least


def _small() -> list:
    return small_variables(SMALL, GROUPS)


def _alone(name: str, both: Pair, jit: bool, goal: float) -> Found:
    made = (both.ours, both.theirs, both.theirs)
    found = ratio(*(apply_function(m(), _small(), jit) for m in made))
    return Bar(name, found.value, goal), found


def graphs() -> Iterator[Found]:
    """Operations of the optimizer's step, as traced and after TensorFlow's own pruning."""
    for name, both in {**PAIRS, "groups": BY_GROUP}.items():
        variables = _small()
        ours, theirs = (
            operations(apply_function(m(), variables)) for m in (both.ours, both.theirs)
        )
        for place, kind in enumerate(("traced", "run")):
            yield Bar(f"operations {kind}, {name}", ours[place], theirs[place]), ours[place]


def tracing() -> Iterator[Found]:
    """Seconds to trace the optimizer's step."""
    for name, both in PAIRS.items():
        made = (both.ours, both.theirs, both.theirs)
        calls = [_trace(make(), MODELS["50 k"]().trainable_variables) for make in made]
        found = ratio(*calls)
        yield Bar(f"tracing, {name}", found.value, 1.1), found


def _trace(optimizer: Any, variables: list) -> Callable[[], Any]:
    return lambda: apply_function(optimizer, variables).get_concrete_function()


def memory() -> Iterator[Found]:
    """Bytes of state beyond what the transforms of each named updater declare."""
    variables = MODELS["50 k"]().trainable_variables
    kept_by_keras = _bytes(keras.optimizers.SGD(RATE), variables)
    for name in names():
        optimizer = get(name).optimizer()
        held = _bytes(optimizer, variables) - kept_by_keras
        declared = sum(_declared(transform, variables) for transform in optimizer.transforms)
        yield Bar(f"bytes not declared, {name}", abs(held - declared), 0), f"{held} held"


def _bytes(optimizer: Any, variables: list) -> int:
    optimizer.build(variables)
    return sum(math.prod(v.shape) * ITEM[v.dtype] for v in optimizer.variables)


def _declared(transform: Any, variables: list) -> int:
    """What `slots` and `shared_slots` ask for on these variables, in bytes."""
    total = sum(4 * math.prod(slot.shape) for slot in transform.shared_slots().values())
    applies = transform.resolve([variable.path for variable in variables])
    for variable, values in zip(variables, applies, strict=True):
        for slot in transform.slots().values() if values is not None else ():
            shape = variable.shape if slot.shape is None else slot.shape
            total += math.prod(shape) * ITEM[variable.dtype]
    return total


def main() -> int:
    """Prints what is measured as it comes, then a line for each bar; 1 if one is short."""
    bars = []
    for part in (graphs, memory, tracing, small_steps, training_steps):
        print(f"{part.__doc__}", flush=True)
        for bar, found in part():
            print(f"  {bar.name:<44} {found}", flush=True)
            bars.append(bar)
        keras.backend.clear_session()
    print(*bars, sep="\n")
    return int(any(bar.short for bar in bars))


if __name__ == "__main__":
    sys.exit(main())
