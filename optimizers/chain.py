"""`ChainedOptimizer`: a chain of transforms as one ordinary Keras optimizer."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from tfx_updaters.optimizers import apply, saved, schedules
from tfx_updaters.optimizers.errors import HyperparameterError, UpdaterError
from tfx_updaters.optimizers.hyper import Range
from tfx_updaters.optimizers.link import Link, Step, Told, Write, path
from tfx_updaters.optimizers.schedules import Schedule
from tfx_updaters.optimizers.transform import Transform, chain_of

# Arguments of Keras, and the transforms that would do the same a second time.
TWICE = {
    "weight_decay": ("add_decayed_weights", "cautious_decay"),
    "clipvalue": ("clip",),
    "clipnorm": ("clip_by_norm", "adaptive_clip"),
    "global_clipnorm": ("clip_by_global_norm", "auto_clip"),
}
RATE = Range(0, rule=False)


@keras.saving.register_keras_serializable(package="tfx_updaters")
class ChainedOptimizer(keras.optimizers.Optimizer):
    """variable <- variable - learning_rate * chain(gradient).

    The transforms run in the order given: after unscaling, accumulation and the all-reduce, each
    seeing all variables if it wants to. Order is meaning: a clip before a decay bounds the
    gradient, after it the sum of both.

    Loading a saved model needs this class registered: import `tfx_updaters.optimizers.chain`
    before.

    Attributes:
        listener: called at the end of each step with the statistics that the transforms tell,
            tensors by `Told`; in a compiled step, if it is there when the step is traced.
    """

    listener: Callable[[Mapping[Told, Any]], None] | None = None

    def __init__(
        self,
        learning_rate: Any = 0.01,
        transforms: Sequence[Transform | Mapping[str, Any]] = (),
        name: str = "chained_optimizer",
        packed_state: bool = False,
        **keras_arguments: Any,
    ):
        """Arguments beside the chain are those of every Keras optimizer.

        Args:
            learning_rate: a number, a schedule of Keras or a description of one, or a callable.
            transforms: transforms, or their JSON.
            name: of the optimizer.
            packed_state: keep the state of variables of up to 4,096 values together, in one
                variable for each slot: less to do for a step that XLA compiles, more for another.
            **keras_arguments: `use_ema`, `gradient_accumulation_steps`, `loss_scale_factor`, ...

        Raises:
            UpdaterError: a transform that cannot be taken, or an argument of Keras that does
                what a transform of the chain does already.
        """
        chain = chain_of(transforms)
        _refuse_twice(chain, keras_arguments)
        super().__init__(_rate(learning_rate), name=name, **keras_arguments)
        self.transforms = chain
        self.packed_state = packed_state
        self._chain = _Chain(chain)
        saved.watch_checkpoints(self)

    def chain_json(self) -> str:
        """The chain as canonical JSON: equal chains give equal texts."""
        return json.dumps([transform.to_json() for transform in self.transforms], sort_keys=True)

    def state_of(self) -> str:
        """What the state belongs to: the chain's JSON, and whether it is packed."""
        return self.chain_json() + (" with packed_state" if self.packed_state else "")

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the chain's canonical JSON."""
        return hashlib.sha256(self.chain_json().encode()).hexdigest()

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Resolves the rules against the variables' paths and makes the state.

        Raises:
            RuleError: a rule that does not fit the variables.
            UpdaterError: it was built for other variables before.
        """
        if self.built:
            self._check_variables_are_known(variables)
            return
        self._chain.resolve(variables)
        super().build(variables)
        self._chain.add_slots(self, variables)

    def _check_variables_are_known(self, variables: Sequence[Any]) -> None:
        known = self._trainable_variables_indices
        unknown = [path(v) for v in variables if self._var_key(v) not in known]
        if unknown:
            raise UpdaterError(
                f"optimizer '{self.name}' received the variables {', '.join(unknown)}; it was "
                f"built for {', '.join(path(v) for v in self._trainable_variables)}; make a new "
                "optimizer for each model"
            )

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Runs the chain on one gradient alone."""
        self._backend_update_step([gradient], [variable], learning_rate)

    def _backend_update_step(
        self, grads: Sequence[Any], trainable_variables: Sequence[Any], learning_rate: Any
    ) -> None:
        """Runs the chain on all gradients at once, then assigns what comes out."""
        variables = list(trainable_variables)
        with apply.gradients_off():
            step = Step(
                variables=variables,
                indices=[self._get_variable_index(variable) for variable in variables],
                gradients=apply.all_reduced(self, grads, variables),
                count=self._chain.count(self.iterations),
                rates={
                    dtype: keras.ops.cast(learning_rate, dtype)
                    for dtype in set(map(apply.precision, variables))
                },
                told=None if self.listener is None else {},
            )
            self._chain.run(self, step)
            if self.listener is not None:
                self.listener(step.told or {})

    def tells(self) -> list[Told]:
        """All statistics that a listener is told of, once the optimizer is built."""
        return [told for link in self._chain.links for told in link.tells()]

    def momentum(self, variable: Any) -> Any:
        """The state that is the variable's momentum, the last of several; None without one."""
        return self._chain.momentum(self._get_variable_index(variable))

    def finalize_variable_values(self, var_list: Sequence[Any]) -> None:
        """Keras calls it after `fit`: puts averages in place of the weights they stand for.

        Args:
            var_list: the model's weights; it may have more than the optimizer was built for.
        """
        super().finalize_variable_values(var_list)
        known = self._trainable_variables_indices
        for variable in (v for v in var_list if self._var_key(v) in known):
            final = self._chain.final(self._get_variable_index(variable))
            if final is not None:
                variable.assign(final)

    def get_config(self) -> dict[str, Any]:
        """Plain data; `from_config` takes it back."""
        transforms = [transform.to_json() for transform in self.transforms]
        config = {"transforms": transforms, "packed_state": self.packed_state}
        return {**super().get_config(), **config}

    def save_own_variables(self, store: Any) -> None:
        """Saves the state, and the chain that it belongs to."""
        super().save_own_variables(store)
        saved.write(store, self.state_of())

    def load_own_variables(self, store: Any) -> None:
        """Restores the state.

        Raises:
            UpdaterError: it is another chain's; the message shows both.
        """
        found = saved.read(store)
        if found is None:
            super().load_own_variables(store)
            return
        saved.check(found, self.state_of())
        super().load_own_variables({k: store[k] for k in list(store.keys()) if k != saved.KEY})


class _Chain:
    """The links of a chain, and the count of steps that were void.

    Not a list: Keras would track one, and TensorFlow save it.
    """

    def __init__(self, transforms: Sequence[Transform]):
        self.links = [Link(place, transform) for place, transform in enumerate(transforms)]
        self.skipped: Any = None

    def resolve(self, variables: Sequence[Any]) -> None:
        for link in self.links:
            link.resolve(variables)

    def add_slots(self, optimizer: ChainedOptimizer, variables: Sequence[Any]) -> None:
        for link in self.links:
            link.add_slots(optimizer, variables)
        if any(link.transform.vetoes for link in self.links):
            self.skipped = optimizer.add_variable((), "zeros", dtype="int", name="skipped")

    def count(self, iterations: Any) -> Any:
        """How many updates were done: steps that were void do not count."""
        done: Any = keras.ops.convert_to_tensor(iterations)
        if self.skipped is None:
            return done
        return done - keras.ops.cast(apply.read(self.skipped), done.dtype)

    def _may_fuse(self, link: Link, rates: Mapping[str, Any]) -> bool:
        """Whether those after it only add, and nothing can make the step void."""
        after = self.links[link.place + 1 :]
        fits = bool(rates) and all(other.transform.only_adds for other in after)
        return fits and self.skipped is None and apply.on_tensorflow()

    def run(self, optimizer: ChainedOptimizer, step: Step) -> None:
        """The updates through every transform, then into the variables."""
        updates, rates = step.gradients, step.rates
        for link in self.links:
            if link.transform.on_step and rates:
                updates, rates = _times_rate(updates, rates), {}
            updates = link.run(updates, step, fuse=self._may_fuse(link, rates))
        if step.vetoes:
            updates = self._void(updates, step)
        apply.descend(optimizer, step.variables, updates, rates)
        apply.assign(optimizer, [w.target for w in step.writes], [w.value for w in step.writes])

    def _void(self, updates: Sequence[Any], step: Step) -> list[Any]:
        """Where a transform vetoed the step: no update, every slot as it was, one more skipped."""
        where, void = keras.ops.where, step.vetoes[0]
        for veto in step.vetoes[1:]:
            void = keras.ops.logical_or(void, veto)
        for write in step.writes:
            if not write.despite_veto:
                old = apply.read(write.target)
                write.value = where(void, old, keras.ops.cast(write.value, old.dtype))
        skipped = apply.read(self.skipped)
        step.writes.append(Write(self.skipped, skipped + keras.ops.cast(void, skipped.dtype)))
        return [where(void, keras.ops.zeros_like(update), update) for update in updates]

    def final(self, index: int) -> Any:
        """What the last transform that averages has for the variable; None without one."""
        slot = self._last_slot("final_slot", index)
        return None if slot is None else apply.read(slot)

    def momentum(self, index: int) -> Any:
        return self._last_slot("momentum_slot", index)

    def _last_slot(self, kind: str, index: int) -> Any:
        """The variable's slot of that kind, of the last transform that has one."""
        for link in reversed(self.links):
            name = getattr(link.transform, kind)
            if name and link.slots[name][index] is not None:
                return link.slots[name][index]
        return None


def _times_rate(updates: Sequence[Any], rates: Mapping[str, Any]) -> list[Any]:
    return [update * rates[apply.precision(update)] for update in updates]


def _refuse_twice(chain: Sequence[Transform], keras_arguments: Mapping[str, Any]) -> None:
    for argument, names in TWICE.items():
        given = keras_arguments.get(argument)
        for place, transform in enumerate(chain):
            inner = getattr(transform, "inner", transform)
            if given is not None and inner.name in names:
                raise UpdaterError(
                    f"{argument}={given} and transforms[{place}], {transform}, do it twice; "
                    "leave one of them out"
                )


def _rate(value: Any) -> Any:
    """A learning rate as Keras takes it."""
    if isinstance(value, keras.optimizers.schedules.LearningRateSchedule) or callable(value):
        return value
    value = schedules.taken(value)
    if isinstance(value, Schedule):
        return value.keras()
    try:
        return float(RATE.taken("learning_rate", value))
    except HyperparameterError as error:
        raise HyperparameterError(
            f"{str(error).removesuffix(' is allowed')}, or a schedule, is allowed"
        ) from error
