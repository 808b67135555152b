"""The arrays that a study trains on, and how a seed splits them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.study import spans

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Data:
    """Examples in memory: those to train with, and those that models are judged by.

    Attributes:
        train: examples x shape, by feature, and the labels 0, 1, ...
        test: the same; nothing is chosen by them.
        label: the feature that is predicted.
        spans: of the training examples, if they are windows of series; see `spans.held_out`.

    Raises:
        DataError: a split is empty, features or counts differ, or a label is no whole number from
            0 on.
    """

    train: Arrays
    test: Arrays
    label: str = "label"
    spans: np.ndarray | None = None
    classes: int = field(init=False)

    def __post_init__(self) -> None:
        for split, arrays in (("train", self.train), ("test", self.test)):
            _check(split, arrays, self.label)
        if self.train.keys() != self.test.keys():
            raise DataError(f"train has {_names(self.train)}, test has {_names(self.test)}")
        object.__setattr__(self, "classes", int(self.train[self.label].max()) + 1)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of names, types, shapes and values of both splits, and of spans that overlap."""
        digest = hashlib.sha256(self.label.encode())
        for split in (self.train, self.test):
            for name, values in sorted(split.items()):
                digest.update(f"{name} {values.dtype.str} {values.shape}".encode())
                digest.update(np.ascontiguousarray(values).tobytes())
        if self._overlap:
            digest.update(np.ascontiguousarray(self.spans).tobytes())
        return digest.hexdigest()

    @cached_property
    def _overlap(self) -> bool:
        return self.spans is not None and spans.overlap(self.spans)

    def parts(self, share: float, seed: int) -> tuple[Arrays, Arrays]:
        """The training examples in two parts: without a share that validates, and that share.

        Windows that share samples with one that validates are in neither.

        Raises:
            DataError: one of them is empty.
        """
        count = len(self.train[self.label])
        held_out = round(share * count)
        if not 0 < held_out < count:
            raise DataError(f"{count} examples to train with: no share of {share} can validate")
        if self.spans is not None and self._overlap:
            validation, rest = spans.held_out(self.spans, held_out, seed)
        else:
            order = np.random.default_rng(seed).permutation(count)
            validation, rest = order[:held_out], order[held_out:]
        if not len(rest):
            raise DataError(
                f"{count} windows to train with: each overlaps one of the share of {share} that "
                "validates"
            )
        return (
            {name: values[rest] for name, values in self.train.items()},
            {name: values[validation] for name, values in self.train.items()},
        )


def _check(split: str, arrays: Arrays, label: str) -> None:
    if label not in arrays:
        raise DataError(f"split '{split}' has no label '{label}'; it has {_names(arrays)}")
    counts = {len(values) for values in arrays.values()}
    if len(counts) != 1 or not min(counts):
        raise DataError(f"split '{split}' has features of {sorted(counts)} examples")
    labels = arrays[label]
    if labels.dtype.kind not in "iu" or labels.ndim != 1 or labels.min() < 0:
        raise DataError(
            f"split '{split}': label '{label}' is {labels.dtype} of the shape {labels.shape}; one "
            "whole number from 0 on is needed for each example"
        )


def _names(arrays: Arrays) -> str:
    return ", ".join(sorted(arrays))
