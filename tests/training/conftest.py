"""Digits as TFX's artifacts."""

from pathlib import Path

import pytest
import trainings


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 digits to train on and 100 to evaluate, from `trainings.write_digits`."""
    folder = tmp_path_factory.mktemp("digits")
    trainings.write_digits(folder)
    return folder
