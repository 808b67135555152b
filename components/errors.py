"""What the components refuse, each with a sentence that a user can act on."""


class ComponentError(ValueError):
    """Something that a component cannot work with. The message says what was received.

    - `ArgumentError`: an argument of a node, or of a function for a `run_fn`.
    - `DataError`: the data.
    - `ModelError`: a model that cannot be trained here.
    - `InjectionError`: a training that the updater did not get into.
    - `CheckpointError`: a checkpoint of another training.
    - `DivergedError`: a loss that is not finite.
    - `WorkerError`: a worker that was lost, time and again.
    - `DynamicsError`: a record of the training.
    - `StudyError`: a comparison that could not answer, or its folder.

    What an updater itself is refused for is `tfx_updaters.optimizers.UpdaterError`.
    """


class ArgumentError(ComponentError):
    """An argument that cannot be taken: what was received, what is allowed, the nearest name."""


class DataError(ComponentError):
    """The data cannot be used: the path, the records, or their features.

    The message says what was found, what is needed, and where.
    """


class ModelError(ComponentError):
    """A model that does not import, is none of Keras, or does not fit the data or the devices."""


class InjectionError(ComponentError):
    """The chosen updater did not make all updates of a training: nothing of it is kept.

    Nothing was compiled, nothing was trained, or another optimizer took a step. The message
    says which, and what to do.
    """


class CheckpointError(ComponentError):
    """A checkpoint belongs to another training than the one that would go on from it."""


class DivergedError(ComponentError):
    """The loss became NaN or infinite: the model is of no use and is not saved."""


class WorkerError(ComponentError):
    """A process of those that train together was killed, more often than is borne."""


class DynamicsError(ComponentError):
    """The training's dynamics cannot be recorded, or what is at a path is no record of them.

    The message says what was received and what is allowed.
    """


class StudyError(ComponentError):
    """A study that cannot answer its question, or a folder that holds another one.

    The message says what was received and what is allowed, or what differs.
    """
