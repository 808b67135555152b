"""Which failures go away by themselves, and trying again after one of them."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import tenacity
import tensorflow as tf
from apache_beam.io.filesystem import BeamIOError

ATTEMPTS = 3
TYPES = (
    ConnectionError,
    TimeoutError,
    tf.errors.UnavailableError,
    tf.errors.DeadlineExceededError,
)
# Too many requests, and what a server says when it is not well.
STATUSES = frozenset({408, 429, 500, 502, 503, 504})


def is_transient(error: BaseException) -> bool:
    """Whether an object store, or the network to it, failed for now.

    Looks at the whole chain of causes and into what Beam collected: connections that broke or
    timed out, TensorFlow's `UnavailableError` and `DeadlineExceededError`, and the HTTP statuses
    408, 429, 500, 502, 503 and 504 of the clients for S3 and Google's storage.
    """
    return any(isinstance(each, TYPES) or _status(each) in STATUSES for each in _chain(error))


def trying_again(attempt: Callable[[], None], wait: float = 2.0) -> None:
    """Calls `attempt`, at most three times while it fails for now.

    Args:
        attempt: what may fail; it has to begin afresh each time.
        wait: seconds before the second try; twice as long before the third, and up to as much
            again by chance.
    """
    tenacity.Retrying(
        retry=tenacity.retry_if_exception(is_transient),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=tenacity.wait_exponential(wait) + tenacity.wait_random(0, wait),
        before_sleep=_say,
        reraise=True,
    )(attempt)


def _say(state: tenacity.RetryCallState) -> None:
    error = state.outcome and state.outcome.exception()
    logging.warning("try %d of %d failed for now: %s", state.attempt_number, ATTEMPTS, error)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        if isinstance(error, BeamIOError):
            details = error.exception_details or {}
            yield from (each for each in details.values() if isinstance(each, BaseException))
        error = error.__cause__ or error.__context__


def _status(error: Any) -> int | None:
    """The HTTP status: botocore's clients keep it in `response`, Google's in `code`."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    code = getattr(error, "code", None)
    return code if isinstance(code, int) else None
