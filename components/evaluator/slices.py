"""The slices of a batch's rows, as TFMA's own slicer names them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.slicer import slicer_lib

SliceKey = tuple[tuple[str, Any], ...]
OVERALL: SliceKey = ()


class Slices:
    """Finds the slices of rows; TFMA's slicer is asked once for each combination of values.

    Args:
        specs: of the slices; the overall one is always among them.
    """

    def __init__(self, specs: Sequence[config_pb2.SlicingSpec]):
        wanted = {slicer_lib.SingleSliceSpec(spec=spec) for spec in specs}
        self.specs = sorted({slicer_lib.SingleSliceSpec(), *wanted}, key=repr)
        self.features = sorted(
            {name for spec in specs for name in (*spec.feature_keys, *spec.feature_values)}
        )

    def of(self, extracts: Mapping[str, Any], models: Sequence[str]) -> dict[SliceKey, np.ndarray]:
        """The numbers of the rows of each slice."""
        raw = extracts[constants.FEATURES_KEY]
        transformed = _transformed(extracts, models)
        count = len(extracts[constants.INPUT_KEY])
        columns = {
            (place, name): _rows(features[name], count)
            for place, features in enumerate([*transformed, raw])
            for name in self.features
            if name in features
        }
        if not columns:
            return {OVERALL: np.arange(count)}
        combinations: dict[Any, list[int]] = {}
        for row, values in enumerate(zip(*columns.values(), strict=True)):
            combinations.setdefault(values, []).append(row)
        found: dict[SliceKey, list[int]] = {}
        for values, rows in combinations.items():
            dicts: list[dict[str, np.ndarray]] = [{} for _ in range(len(transformed) + 1)]
            for (place, name), value in zip(columns, values, strict=True):
                dicts[place][name] = np.asarray(value)
            keys = slicer_lib.get_slices_for_features_dicts(dicts[:-1], dicts[-1], self.specs)
            for key in set(keys):
                found.setdefault(key, []).extend(rows)
        return {key: np.sort(np.asarray(rows)) for key, rows in found.items()}


def in_words(where: SliceKey) -> str:
    """For people: `feature: value` pairs, or `all`."""
    return ", ".join(f"{name}: {value}" for name, value in where) or "all"


def applicable(spec: Any, where: SliceKey) -> bool:
    """Whether a threshold with that slicing spec, or with none, is for a slice."""
    if spec is None:
        return True
    if isinstance(spec, config_pb2.CrossSlicingSpec):
        return False
    return slicer_lib.SingleSliceSpec(spec=spec).is_slice_applicable(where)


def spec_in_words(spec: Any) -> str:
    """The features and values of a slicing spec, or `all`."""
    if spec is None:
        return "all"
    if isinstance(spec, config_pb2.CrossSlicingSpec):
        return f"{spec_in_words(spec.baseline_spec)} beside another slice"
    values = ", ".join(f"{name}: {value}" for name, value in spec.feature_values.items())
    return values or ", ".join(spec.feature_keys) or "all"


def membership(slices: Mapping[SliceKey, np.ndarray], rows: np.ndarray) -> sparse.csr_matrix:
    """Slices x the given rows (sorted numbers): 1 where the row is in the slice."""
    place, column = [], []
    for number, members in enumerate(slices.values()):
        kept = np.flatnonzero(np.isin(rows, members, assume_unique=True))
        place.append(np.full(len(kept), number))
        column.append(kept)
    pairs = np.concatenate(place), np.concatenate(column)
    ones = np.ones(len(pairs[0]))
    return sparse.csr_matrix((ones, pairs), shape=(len(slices), len(rows)))


def _transformed(extracts: Mapping[str, Any], models: Sequence[str]) -> list[Mapping[str, Any]]:
    """TFMA looks into these before the raw features."""
    found = extracts.get(constants.TRANSFORMED_FEATURES_KEY) or {}
    if len(models) == 1:
        return [found]
    return [found[model] for model in models if model in found]


def _rows(values: Any, count: int) -> list[Any]:
    """Each row's values as a tuple."""
    if hasattr(values, "indices"):  # Sparse: a row may have none or several.
        lists: list[list[Any]] = [[] for _ in range(count)]
        for place, value in zip(values.indices, values.values, strict=True):
            lists[place[0]].append(value)
        return [tuple(each) for each in lists]
    return [tuple(each) for each in np.asarray(values).reshape(count, -1).tolist()]
