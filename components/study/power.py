"""The smallest difference that a study could have shown."""

import functools

import numpy as np

from tfx_updaters.components.study.paired import Paired

POWER = 0.8
DRAWS = 1000


@functools.lru_cache(maxsize=64)
def smallest(count: int, confidence: float) -> float:
    """The difference that `count` pairs show 8 times in 10, in their standard deviations.

    The differences are taken to be normal. An interval moves with their mean, so that a draw of
    them around zero shows each difference that is larger than what its interval reaches below
    zero. Infinite where so few pairs show nothing.

    Args:
        count: pairs, two or more.
        confidence: level of the interval that has to leave zero out.
    """
    random = np.random.default_rng(1)
    draws = random.standard_normal((DRAWS, count))
    reach = [-Paired(tuple(draw)).interval(confidence)[0] for draw in draws]
    return float(np.quantile(reach, POWER, method="higher"))
