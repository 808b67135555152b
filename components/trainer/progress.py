"""Epochs as log records, which a run's live view listens to, and as TensorBoard's events."""

import logging

import keras

LOGGER = logging.getLogger("tfx_updaters.training")


class LogEpochs(keras.callbacks.Callback):
    """Logs one record an epoch, with `epoch`, `epochs` and `metrics` as attributes."""

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Says where the training is, and the metrics of this epoch."""
        metrics = {name: float(value) for name, value in (logs or {}).items()}
        epochs = (self.params or {})["epochs"]
        text = ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
        LOGGER.info(
            "epoch %d of %d: %s",
            epoch + 1,
            epochs,
            text,
            extra={"epoch": epoch + 1, "epochs": epochs, "metrics": metrics},
        )


class EventsByEpoch(keras.callbacks.TensorBoard):
    """Keras' own, which by epochs makes a summary of each step's metrics too, and drops it."""

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Nothing: it took 1 ms a step, 7 % of one of a small CNN."""
