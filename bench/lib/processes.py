"""What a function returns in a process of its own, in which everything is imported already."""

import multiprocessing
import resource
import sys
from collections.abc import Callable
from typing import Any

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "tfx.components.evaluator.executor",
        "tfx_updaters.components.evaluator.executor",
        "tfx_updaters.components.testing",
        "lib.gate_nodes",
    ]
)


def measured(measure: Callable[..., Any], *arguments: Any) -> Any:
    """What `measure` returns; it has to be a function of a module."""
    here, there = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=_send, args=(there, measure, *arguments))
    process.start()
    there.close()
    try:
        return here.recv()
    except EOFError:
        sys.exit(f"{measure.__name__} failed")
    finally:
        process.join()


def peak() -> float:
    """The most MiB that this process or one of those that it started and saw end has had."""
    kinds = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds) / 1024


def _send(pipe: Any, measure: Any, *arguments: Any) -> None:
    pipe.send(measure(*arguments))
