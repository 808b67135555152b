"""The chain, saved with an optimizer's state, so that no other chain takes the state over."""

from typing import Any

import numpy as np

from tfx_updaters.optimizers import apply
from tfx_updaters.optimizers.errors import UpdaterError

KEY = "chain"


def write(store: Any, chain: str) -> None:
    """Puts the chain's JSON beside the variables in a Keras file."""
    store[KEY] = np.frombuffer(chain.encode(), "uint8")


def read(store: Any) -> str | None:
    """The chain's JSON in a Keras file; None where another optimizer wrote it."""
    return bytes(np.asarray(store[KEY], "uint8")).decode() if KEY in list(store.keys()) else None


def check(found: str, chain: str) -> None:
    """Refuses state of another chain.

    Raises:
        UpdaterError: the chains differ; the message shows both.
    """
    if found != chain:
        raise UpdaterError(
            f"the saved state belongs to another chain\nsaved: {found}\nhere:  {chain}"
        )


def watch_checkpoints(optimizer: Any) -> None:
    """Has `tf.train.Checkpoint` save the chain and check it; only on TensorFlow there are any."""
    if apply.on_tensorflow():
        optimizer._chain_state = _python_state(optimizer)


def _python_state(optimizer: Any) -> Any:
    import tensorflow as tf

    class ChainState(tf.train.experimental.PythonState):
        """The chain as a text in a checkpoint."""

        def serialize(self) -> str:
            """What is saved."""
            return optimizer.state_of()

        def deserialize(self, string_value: Any) -> None:
            """Refuses what another chain has saved."""
            text = string_value.decode() if isinstance(string_value, bytes) else string_value
            check(str(text), optimizer.state_of())

    return ChainState()
