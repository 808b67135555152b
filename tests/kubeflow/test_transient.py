"""Failures that go away by themselves, and those that do not."""

import pytest
import tensorflow as tf

from tfx_updaters.kfp.transient import is_transient, trying_again


class ClientError(Exception):
    """As botocore's: what the server said is in `response`."""

    def __init__(self, status: int):
        super().__init__(status)
        self.response = {"ResponseMetadata": {"HTTPStatusCode": status}}


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        pytest.param(ConnectionResetError(), True, id="connection"),
        pytest.param(tf.errors.UnavailableError(None, None, "x"), True, id="tensorflow"),
        pytest.param(ClientError(503), True, id="service unavailable"),
        pytest.param(ClientError(429), True, id="too many requests"),
        pytest.param(ClientError(403), False, id="forbidden"),
        pytest.param(tf.errors.NotFoundError(None, None, "x"), False, id="not found"),
        pytest.param(ValueError("503"), False, id="a fault of ours"),
        pytest.param(FileNotFoundError(), False, id="a missing file"),
    ],
)
def test_what_goes_away_by_itself(error: BaseException, transient: bool) -> None:
    assert is_transient(error) is transient
    outer = RuntimeError("copying failed")
    outer.__cause__ = error
    assert is_transient(outer) is transient


def test_a_fault_of_ours_is_not_tried_again() -> None:
    calls = []

    def attempt() -> None:
        calls.append(1)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        trying_again(attempt)
    assert len(calls) == 1
