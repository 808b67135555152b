"""What is refused on the way to Kubeflow Pipelines, with a sentence that a user can act on."""

import difflib
from collections.abc import Iterable
from typing import Any


class KubeflowError(ValueError):
    """What cannot go to Kubeflow Pipelines, or did not run there. The message says what to do.

    - `ConfigError`: how nodes should run: an image and what is in it, a `NodeConfig`, a root.
    - `UnsupportedError`: a node or a value in it that cannot run there.
    - `ImageError`: an image that could not be built, or nothing here that builds or runs one.
    - `LedgerError`: the record of blessed models.
    - `DocumentError`: a compiled document that the backend would not take.
    - `HandedError`: what a node was handed does not fit its command.
    - `TaskError`: a task that could not be started, or whose outputs cannot be taken.
    - `LoadError`: the function that makes the pipeline.
    - `ServerError`: Kubeflow's server refused something, or could not be reached.
    - `RunFailedError`: a run, here or on a cluster, in which a task failed.
    """


class ConfigError(KubeflowError):
    """A setting that cannot be taken: what was received, what is allowed, the nearest name."""


class UnsupportedError(KubeflowError):
    """A node that open-source Kubeflow Pipelines cannot run: which, why, and what to do instead."""


class ImageError(KubeflowError):
    """An image could not be built, or nothing on this machine builds or runs images."""


class LedgerError(KubeflowError):
    """The record of blessed models cannot be read, or names a model that is gone."""


class DocumentError(KubeflowError):
    """The backend would not take this document: what was received, what is allowed."""


class HandedError(KubeflowError):
    """A node was handed something that it cannot make TFX's objects of, and what to do."""


class TaskError(KubeflowError):
    """A task's inputs cannot be resolved, or its outputs cannot be taken, as on the backend."""


class LoadError(KubeflowError):
    """The function that makes a pipeline is not there, fails, or gives none."""


class ServerError(KubeflowError):
    """Kubeflow's server refused something, or could not be reached, with what was done so far."""


class RunFailedError(KubeflowError):
    """A task of a run failed; those that depend on it did not run.

    Attributes:
        run: of a local run the `Run`, of one on a cluster the `Progress`: what every task did.
    """

    def __init__(self, message: str, run: Any):
        super().__init__(message)
        self.run = run


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint at the known name that is nearest to `name`, and all of them: the end of a message."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return (f"did you mean '{close[0]}'? " if close else "") + f"there are {', '.join(names)}"
