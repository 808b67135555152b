"""What stops a run: each carries the sentence that the user reads."""


class RunError(Exception):
    """A run that cannot start, or did not finish. The message says what happened and what to do."""


class WorkspaceError(RunError):
    """The root folder cannot be used: not writable, full, held by another run, or damaged."""


class NodeFailedError(RunError):
    """A node of the pipeline failed.

    Attributes:
        node: id of the node.
        cause: what went wrong, in one sentence.
    """

    def __init__(self, node: str, cause: str):
        super().__init__(f"{node} failed: {cause}")
        self.node = node
        self.cause = cause
