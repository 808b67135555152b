"""What several tests of studies take."""

import numpy as np
import pytest

from tfx_updaters.components import testing


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    """Small images of two classes, as an artifact."""
    random = np.random.default_rng(0)
    rows = [
        {"image": random.normal(label, 1, 64).astype("float32"), "label": label}
        for label in [0, 1] * 40
    ]
    folder = tmp_path_factory.mktemp("examples")
    return testing.write_examples(folder / "all", {"train": rows[:60], "eval": rows[60:]})
