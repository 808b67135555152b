"""What is refused on the way to Kubeflow Pipelines, with a sentence that a user can act on."""

import difflib
from collections.abc import Iterable


class KubeflowError(ValueError):
    """A pipeline that cannot go to Kubeflow Pipelines as it is. The message says what to do.

    - `ConfigError`: how nodes should run: an image, a `NodeConfig`, a pipeline root.
    - `UnsupportedError`: a node or a value in it that cannot run there.
    - `LedgerError`: the record of blessed models.
    """


class ConfigError(KubeflowError):
    """A setting that cannot be taken: what was received, what is allowed, the nearest name."""


class UnsupportedError(KubeflowError):
    """A node that open-source Kubeflow Pipelines cannot run: which, why, and what to do instead."""


class LedgerError(KubeflowError):
    """The record of blessed models cannot be read, or names a model that is gone."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint at the known name that is nearest to `name`, and all of them: the end of a message."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return (f"did you mean '{close[0]}'? " if close else "") + f"there are {', '.join(names)}"
