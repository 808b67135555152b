"""What the way to Kubeflow Pipelines refuses, each with a sentence that a user can act on."""

from typing import Any


class KubeflowError(ValueError):
    """A pipeline or a node that cannot run on Kubeflow Pipelines. The message says what was found.

    - `DocumentError`: a compiled document that the backend would not take.
    - `HandedError`: what a node was handed does not fit its command.
    - `TaskError`: a task that could not be started, or whose outputs cannot be taken.
    - `RunFailedError`: a local run in which a task failed.
    """


class DocumentError(KubeflowError):
    """The backend would not take this document: what was received, what is allowed."""


class HandedError(KubeflowError):
    """A node was handed something that it cannot make TFX's objects of, and what to do."""


class TaskError(KubeflowError):
    """A task's inputs cannot be resolved, or its outputs cannot be taken, as on the backend."""


class RunFailedError(KubeflowError):
    """A task of a local run failed; those that depend on it did not run.

    Attributes:
        run: the `Run`, with what every task did.
    """

    def __init__(self, message: str, run: Any):
        super().__init__(message)
        self.run = run
