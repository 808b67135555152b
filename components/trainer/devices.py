"""What a training runs on, found at run time: CPU, one GPU, all GPUs, or several workers."""

import json
import logging
import os
from typing import Any

import tensorflow as tf

from tfx_updaters.components.errors import ArgumentError


def strategy() -> tf.distribute.Strategy:
    """The strategy for this machine, or for the workers that `TF_CONFIG` names.

    GPUs get memory as they need it. To be called before TensorFlow has used one.
    """
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    if workers() > 1:
        chosen = tf.distribute.MultiWorkerMirroredStrategy()
    elif len(tf.config.list_logical_devices("GPU")) > 1:
        chosen = tf.distribute.MirroredStrategy()
    else:
        chosen = tf.distribute.get_strategy()
    logging.info("training on %s", _text(gpus, chosen))
    return chosen


def workers() -> int:
    """How many processes train together."""
    cluster = json.loads(os.environ.get("TF_CONFIG") or "{}").get("cluster", {})
    return max(1, sum(len(cluster.get(kind, ())) for kind in ("chief", "worker")))


def _text(gpus: list, chosen: tf.distribute.Strategy) -> str:
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", "?") for gpu in gpus]
    devices = ", ".join(names) if names else f"CPU, {os.cpu_count()} cores"
    replicas = chosen.num_replicas_in_sync
    return f"{devices}; {type(chosen).__name__}, {replicas} replica{'s' if replicas > 1 else ''}"


def is_chief(chosen: tf.distribute.Strategy) -> bool:
    """Whether this worker writes what all share."""
    resolver = chosen.cluster_resolver
    if resolver is None or resolver.task_type is None:
        return True
    return resolver.task_type == "chief" or (
        resolver.task_type == "worker"
        and resolver.task_id == 0
        and "chief" not in resolver.cluster_spec().as_dict()
    )


def check_batch(chosen: tf.distribute.Strategy, micro_batch: int, accumulate: int) -> None:
    """Whether the batch can be split over the replicas.

    Raises:
        ArgumentError: it cannot, or gradients are to be accumulated on several replicas, which
            Keras 3 does not do.
    """
    replicas = chosen.num_replicas_in_sync
    if replicas > 1 and accumulate > 1:
        raise ArgumentError(
            f"accumulate: received {accumulate}; with {replicas} replicas 1 is allowed: "
            "they share the batch already"
        )
    if micro_batch % replicas:
        raise ArgumentError(
            f"batch_size: received {micro_batch}; a multiple of the {replicas} replicas is needed"
        )


def build_metrics(model: Any, batches: tf.data.Dataset) -> None:
    """Makes the metrics' variables before `fit`.

    With several workers Keras 3.15 makes them from the mean of a batch over replicas, and
    TensorFlow's strategy takes no nested batch there.
    """
    with model.distribute_strategy.scope():
        model._symbolic_build(data_batch=next(iter(batches)))
    if workers() > 1:
        model._maybe_symbolic_build = lambda iterator=None, data_batch=None: None
