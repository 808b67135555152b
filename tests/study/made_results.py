"""Results as a training leaves them, made of numbers."""

from collections.abc import Sequence

from tfx_updaters.components.study.trials import Point, Result


def result(
    test: float, *, validation: Sequence[float] = (), status: str = "done", train: float = 1.0
) -> Result:
    """A result that ends with this accuracy on the test split; untrained, it was 0.1.

    Args:
        test: accuracy in the end.
        validation: accuracies after each epoch of 10 steps and 2 seconds.
        status: of the training.
        train: accuracy on the examples that were trained on.
    """
    later = validation or (test,)
    points = [
        Point(10 * n, 2.0 * n, {}, {"accuracy": value}, {"accuracy": test - (len(later) - n) / 100})
        for n, value in enumerate(later, start=1)
    ]
    first = Point(0, 0.0, {}, {"accuracy": 0.1}, {"accuracy": 0.1})
    return Result(status, "", [first, *points], {"accuracy": train})
