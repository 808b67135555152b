"""What stops a run: each carries the sentence that the user reads."""

from tfx_updaters.components.causes import cause

# How Python, Beam and TensorFlow say it, and how SQLite does.
FULL = ("No space left on device", "disk is full")


class RunError(Exception):
    """A run that cannot start, or did not finish. The message says what happened and what to do."""


class WorkspaceError(RunError):
    """The root folder cannot be used: not writable, full, held by another run, or damaged."""


class BeamOptionError(RunError):
    """A runner of Beam's or an option that cannot be taken: nothing was started."""


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


def sentence(error: BaseException) -> str:
    """The root cause in one line: the first exception of the chain, without Beam's stage notes."""
    if _is_full_disk(error):
        return "no space left on the disk that the run writes to; free some, or give another --root"
    return cause(error)


def _is_full_disk(error: BaseException | None) -> bool:
    """Whether an exception of the chain says so: handling one, on a full disk, fails as well."""
    while error is not None:
        if any(text in str(error) for text in FULL):
            return True
        error = error.__cause__ or error.__context__
    return False
