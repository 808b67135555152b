"""Models for the Evaluator."""

from typing import Any

import evaluations
import pytest


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Models by the feature that they predict and its size, made once."""
    found: dict[tuple[str, int], Any] = {}

    def make(feature: str, size: int) -> Any:
        if (feature, size) not in found:
            folder = tmp_path_factory.mktemp("models") / feature
            found[feature, size] = evaluations.model(folder, {feature: size})
        return found[feature, size]

    return make
