"""The chosen updater in the place of whatever optimizer a training compiles its models with."""

import contextlib
import functools
import inspect
import json
import logging
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras

from tfx_updaters.components.errors import InjectionError
from tfx_updaters.components.trainer.choice import Choice
from tfx_updaters.components.trainer.uses import Use, kept
from tfx_updaters.optimizers import ChainedOptimizer, saved

LOGGER = logging.getLogger(__name__)
BY_HAND = "make it with `updater_from(fn_args)` of tfx_updaters.components"
LOADING = "load_own_variables"
Around = Callable[[Callable[..., Any]], Callable[..., Any]]


@contextlib.contextmanager
def injected(
    choice: Choice, callbacks: Sequence[keras.callbacks.Callback] = ()
) -> Iterator["Injection"]:
    """A context in which every model that is compiled gets a new updater of this choice.

    Keras' methods are patched until it ends. It keeps the `LossScaleOptimizer` that an optimizer
    is wrapped in, and of the optimizer's own arguments `gradient_accumulation_steps` and
    `loss_scale_factor`. One optimizer object that is compiled with again gets the same updater
    again, with its state. An updater takes state from a file only if the same chain saved it, and
    has its own learning rate after it.

    Args:
        choice: the updater.
        callbacks: what every `fit` gets besides its own.

    Raises:
        InjectionError: another optimizer takes a step, or a `MultiOptimizer` is compiled with: at
            once. When it ends without an error: nothing was compiled, or no step was taken.
    """
    injection = Injection(choice, callbacks)
    with contextlib.ExitStack() as patches:
        patches.enter_context(_around(keras.Model, "compile", injection.compile))
        patches.enter_context(_around(keras.Model, "fit", injection.fit))
        for name in ("apply", "apply_gradients"):
            patches.enter_context(_around(keras.Optimizer, name, injection.step))
        for owner in (_owner(keras.Optimizer, LOADING), ChainedOptimizer):
            around = functools.partial(injection.load, owner)
            patches.enter_context(_around(owner, LOADING, around))
        try:
            yield injection
        except Exception as error:
            # AutoGraph wraps what is raised while it traces, and a training may do so too.
            if injection.refusal not in (None, error):
                raise injection.refusal from None
            raise
    injection.check()


class Injection:
    """What `injected` does, and has done so far.

    Attributes:
        uses: where the updater works, in the order of compiling.
        refusal: the error that was raised in the training, if there was one.
    """

    def __init__(self, choice: Choice, callbacks: Sequence[keras.callbacks.Callback]):
        self.choice = choice
        self.callbacks = callbacks
        self.uses: list[Use] = []
        self._made_for: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
        self.refusal: InjectionError | None = None

    def properties(self) -> dict[str, str | int]:
        """What the Model artifact is to say, by the name of the custom property."""
        return {
            "updater": self.choice.text,
            "updater_fingerprint": self.choice.fingerprint,
            "updater_steps": sum(use.steps for use in self.uses),
            "updater_replaced": json.dumps([use.to_json() for use in self.uses], default=str),
        }

    def check(self) -> None:
        """Whether the updater made the updates.

        Raises:
            InjectionError: it did not, or not all of them.
        """
        if self.refusal is not None:
            raise self.refusal
        if not self.uses:
            raise InjectionError(
                f"run_fn compiled no Keras 3 model, so {self.choice} was not used. scikit-learn "
                "and tf_keras cannot use it; for a loop of your own without compile, " + BY_HAND
            )
        if not any(use.steps for use in self.uses):
            models = ", ".join(str(use.model) for use in self.uses)
            raise InjectionError(
                f"run_fn compiled {models} and trained none of them: {self.choice} took no step. "
                "It has to call fit, or to apply gradients with the model's optimizer"
            )

    def compile(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`compile` with an updater as the optimizer."""

        def compile(*args: Any, **keywords: Any) -> Any:
            call = _bound(original, args, keywords)
            model, given = call.arguments["self"], call.arguments["optimizer"]
            with model.distribute_strategy.scope():
                given = keras.optimizers.get(given)
                call.arguments["optimizer"] = self._in_place_of(given, model.name)
            return original(*call.args, **call.kwargs)

        return compile

    def fit(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`fit` with the callbacks of this injection after its own."""

        def fit(*args: Any, **keywords: Any) -> Any:
            call = _bound(original, args, keywords)
            own = keras.tree.flatten(call.arguments["callbacks"] or [])
            call.arguments["callbacks"] = [*own, *self.callbacks]
            return original(*call.args, **call.kwargs)

        return fit

    def step(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """A step, which only updaters may take; it is seen when it is traced."""

        def step(optimizer: Any, *args: Any, **keywords: Any) -> Any:
            updater = _inside(optimizer)
            if not self.choice.made(updater):
                raise self._refuse(
                    f"{type(optimizer).__name__} '{optimizer.name}' took a step beside "
                    f"{self.choice}. Only what a model's compile gets as `optimizer` is replaced; "
                    "an optimizer for a loop of your own, or a second one: " + BY_HAND
                )
            self._note(updater, None)
            return original(optimizer, *args, **keywords)

        return step

    def load(self, owner: type, original: Callable[..., Any]) -> Callable[..., Any]:
        """Loading of state, which an updater takes only from the same chain."""

        def load(optimizer: Any, state: Any) -> None:
            inner_call = _owner(type(optimizer), LOADING) is not owner
            if inner_call or not self.choice.made(_inside(optimizer)):
                original(optimizer, state)
            elif _is_its_own(state, optimizer):
                with _rate_kept(optimizer):
                    original(optimizer, state)
            else:
                LOGGER.info("%s starts afresh: another optimizer's state is loaded", self.choice)

        return load

    def _in_place_of(self, given: Any, model: str) -> Any:
        """The updater, wrapped as the given optimizer is; the latter if it is one already."""
        replaced = _inside(given)
        if self.choice.made(replaced):
            self._note(replaced, model)
            return given
        if isinstance(replaced, keras.optimizers.MultiOptimizer):
            raise self._refuse(
                f"model '{model}' is compiled with a MultiOptimizer, and {self.choice} cannot take "
                "the place of several. Compile with one optimizer and give the updater rules by "
                f"layer, or for some layers only, {BY_HAND}"
            )
        if given is not None and given in self._made_for:
            return self._made_for[given]
        updater = self.choice.optimizer(**kept(replaced))
        self._note(updater, model, replaced)
        made = updater if given is replaced else _wrapped_like(given, updater)
        if given is not None:
            self._made_for[given] = made
        return made

    def _note(self, updater: Any, model: str | None, replaced: Any = None) -> None:
        if any(use.calls is updater._iterations for use in self.uses):
            return
        use = Use.of(updater, model, replaced)
        self.uses.append(use)
        where = f"model '{model}'" if model else "a loop of its own"
        LOGGER.info("%s trains with %s in place of: %s", where, self.choice, use)

    def _refuse(self, message: str) -> InjectionError:
        """The error, which is raised again at the end if the training caught it."""
        self.refusal = InjectionError(message)
        return self.refusal


def _owner(cls: type, name: str) -> type:
    """The class that an attribute is inherited from."""
    return next(base for base in cls.__mro__ if name in vars(base))


@contextlib.contextmanager
def _around(cls: type, name: str, around: Around) -> Iterator[None]:
    """Has `around(method)` in a method's place."""
    owner = _owner(cls, name)
    original = vars(owner)[name]
    setattr(owner, name, functools.wraps(original)(around(original)))
    try:
        yield
    finally:
        setattr(owner, name, original)


def _bound(function: Any, args: Sequence[Any], keywords: dict[str, Any]) -> Any:
    call = inspect.signature(function).bind(*args, **keywords)
    call.apply_defaults()
    return call


def _inside(optimizer: Any) -> Any:
    """The optimizer that takes the steps."""
    scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    return optimizer.inner_optimizer if scaled else optimizer


def _wrapped_like(given: Any, updater: Any) -> Any:
    return type(given)(
        updater,
        initial_scale=given.initial_scale,
        dynamic_growth_steps=given.dynamic_growth_steps,
        name=given.name,
    )


def _is_its_own(state: Any, optimizer: Any) -> bool:
    """Whether a chain equal to the optimizer's saved the state."""
    return isinstance(optimizer, ChainedOptimizer) and (saved.read(state) == optimizer.state_of())


@contextlib.contextmanager
def _rate_kept(optimizer: Any) -> Iterator[None]:
    """Gives an optimizer its learning rate back, unless that is a schedule."""
    rate = optimizer._learning_rate
    value = keras.ops.convert_to_numpy(rate) if isinstance(rate, keras.Variable) else None
    yield
    if value is not None:
        rate.assign(value)
