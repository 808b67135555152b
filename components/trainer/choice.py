"""The updater that a user chose: what may be passed, as JSON and back, as a new optimizer."""

import copy
import dataclasses
import difflib
import hashlib
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.optimizers import UpdaterConfig, UpdaterError, from_json, get

if TYPE_CHECKING:
    import keras

KEY = "updater"
ALLOWED = (
    "an UpdaterConfig, the name of an updater, the JSON of either as a mapping or as text, "
    "or a Keras optimizer"
)
# Optimizers that hold others, and what does their work.
WRAPPERS = {
    "LossScaleOptimizer": "give the optimizer inside; the training code scales the loss",
    "MultiOptimizer": "give a chain whose hyper-parameters are rules by layer",
}


@dataclasses.dataclass(frozen=True)
class Choice:
    """A chosen updater that was checked.

    Attributes:
        document: its JSON: that of `UpdaterConfig.to_json`, or what Keras serializes an
            optimizer to.
    """

    document: Mapping[str, Any]

    @classmethod
    def of(cls, value: Any) -> "Choice":
        """What the user passed; Keras is imported only for an optimizer of Keras.

        Raises:
            UpdaterError: it is none of those allowed, or refused by the catalogue or by Keras.
        """
        if isinstance(value, UpdaterConfig):
            return cls(value.to_json())
        if isinstance(value, str):
            value = _parsed(value)
        if _is_optimizer(value):
            return cls(_checked_by_keras(_serialized(value)))
        if not isinstance(value, Mapping):
            raise UpdaterError(f"updater: received {value!r}; {ALLOWED}, is allowed")
        if isinstance(value.get("config"), Mapping) and "class_name" in value:
            return cls(_checked_by_keras(value))
        return cls(from_json(value).to_json())

    @property
    def text(self) -> str:
        """The JSON in its canonical form: equal updaters have equal texts."""
        return json.dumps(self.document, sort_keys=True)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of `text`."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def __str__(self) -> str:
        if "class_name" in self.document:
            return in_a_line(self.document["class_name"], self.document["config"])
        config = from_json(self.document)
        return f"{config.name} ({config.describe()})"

    def optimizer(self, **keras_arguments: Any) -> "keras.optimizers.Optimizer":
        """A new optimizer, which `made` knows again; imports Keras.

        Args:
            **keras_arguments: those of every Keras optimizer, as `use_ema`.
        """
        if "class_name" in self.document:
            optimizer = _deserialized(self.document, keras_arguments)
        else:
            optimizer = from_json(self.document).optimizer(**keras_arguments)
        optimizer.chosen = self.fingerprint
        return optimizer

    def made(self, optimizer: Any) -> bool:
        """Whether the optimizer is one of this choice."""
        return getattr(optimizer, "chosen", None) == self.fingerprint


def updater_from(fn_args: Any, **keras_arguments: Any) -> "keras.optimizers.Optimizer":
    """A new optimizer: the updater of `fn_args.custom_config["updater"]`.

    For a `run_fn` under TFX's own Trainer, which was given `custom_config={"updater": ...}`; under
    ours it is the updater of the node. What is allowed there is what ours takes, as JSON.

    Args:
        fn_args: what TFX calls the `run_fn` with.
        **keras_arguments: those of every Keras optimizer, as `use_ema`.

    Raises:
        ArgumentError: there is no `custom_config`, or none with an updater.
        UpdaterError: the updater cannot be taken.
    """
    config = fn_args.custom_config
    if not isinstance(config, Mapping) or KEY not in config:
        keys = list(config) if isinstance(config, Mapping) else []
        near = difflib.get_close_matches(KEY, keys, n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise ArgumentError(
            f"fn_args.custom_config: received {config!r}; {hint}"
            f"give the Trainer custom_config={{'{KEY}': ...}} with {ALLOWED} as JSON"
        )
    return Choice.of(config[KEY]).optimizer(**keras_arguments)


def in_a_line(name: str, config: Mapping[str, Any]) -> str:
    """An optimizer's class with the arguments that say something."""
    told = {k: v for k, v in config.items() if k != "name" and v is not None and v is not False}
    if not told.get("use_ema"):
        told.pop("ema_momentum", None)
    return f"{name}({', '.join(f'{key}={_text(value)}' for key, value in told.items())})"


def _text(value: Any) -> str:
    if isinstance(value, Mapping) and "class_name" in value and "config" in value:
        return in_a_line(value["class_name"], value["config"])
    return f"{value:g}" if isinstance(value, float) else str(value)


def _parsed(text: str) -> Any:
    """A name, or JSON text: that starts with a brace."""
    if not text.lstrip().startswith("{"):
        return get(text).to_json()
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return from_json(text).to_json()  # raises, with line and column


def _is_optimizer(value: Any) -> bool:
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(value, keras.optimizers.Optimizer)


def _serialized(optimizer: Any) -> dict[str, Any]:
    """What Keras makes of it, without a name, as Keras counts the names that it gives."""
    import keras

    module = type(optimizer).__module__.partition(".")[0]
    if module not in ("keras", "tfx_updaters"):
        raise UpdaterError(
            f"updater: received an optimizer of {type(optimizer)}, which the training may not "
            "know; make it a transform of a ChainedOptimizer, or make it in your run_fn"
        )
    document = json.loads(json.dumps(keras.optimizers.serialize(optimizer)))
    document["config"].pop("name", None)
    return document


def _checked_by_keras(document: Mapping[str, Any]) -> dict[str, Any]:
    """What Keras serializes, if Keras can make an optimizer of it again."""
    if document["class_name"] in WRAPPERS:
        raise UpdaterError(
            f"updater: received a {document['class_name']}; {WRAPPERS[document['class_name']]}"
        )
    return _serialized(_deserialized(document, {}))


def _deserialized(document: Mapping[str, Any], keras_arguments: Mapping[str, Any]) -> Any:
    """The optimizer of a document that Keras serialized.

    Raises:
        UpdaterError: Keras does not take it.
    """
    import keras

    import tfx_updaters.optimizers.article
    import tfx_updaters.optimizers.chain  # noqa: F401 - registers its class

    document = copy.deepcopy(dict(document))
    document["config"] = {**document.get("config", {}), **keras_arguments}
    try:
        optimizer = keras.optimizers.deserialize(document)
    except UpdaterError:
        raise
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise _not_taken(document, str(error).splitlines()[0]) from error
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise _not_taken(document, "no such optimizer")
    return optimizer


def _not_taken(document: Mapping[str, Any], why: str) -> UpdaterError:
    line = in_a_line(str(document["class_name"]), document["config"])
    return UpdaterError(f"updater: Keras cannot make an optimizer of {line}: {why}")
