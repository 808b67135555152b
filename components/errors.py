"""What the components refuse, each with a sentence that a user can act on."""


class ComponentError(ValueError):
    """Something that a component cannot work with. The message says what was received.

    - `ArgumentError`: an argument of a node, or of a function for a `run_fn`.
    - `DataError`: the data.
    - `InjectionError`: a training that the updater did not get into.

    What an updater itself is refused for is `tfx_updaters.optimizers.UpdaterError`.
    """


class ArgumentError(ComponentError):
    """An argument that cannot be taken; the message says what is allowed instead."""


class DataError(ComponentError):
    """The data cannot be used: the path, the records, or their features.

    The message says what was found, what is needed, and where.
    """


class InjectionError(ComponentError):
    """The chosen updater did not make all updates of a training: nothing of it is kept.

    Nothing was compiled, nothing was trained, or another optimizer took a step. The message
    says which, and what to do.
    """
