"""What the components refuse, each with a sentence that a user can act on."""


class ComponentError(ValueError):
    """The root of what the components raise.

    ComponentError
        DataError           the data: the path, the records, or their features
        ConfigError         an argument of a component
        ModelError          a model that cannot be trained here
        CheckpointError     a checkpoint of another training
        DivergedError       a loss that is not finite
    """


class DataError(ComponentError):
    """The data cannot be used: the path, the records, or their features.

    The message says what was found, what is needed, and where.
    """


class ConfigError(ComponentError):
    """An argument that cannot be: what was received, what is allowed, the nearest name."""


class ModelError(ComponentError):
    """A model that does not import, is none of Keras, or does not fit the data or the devices."""


class CheckpointError(ComponentError):
    """A checkpoint belongs to another training than the one that would go on from it."""


class DivergedError(ComponentError):
    """The loss became NaN or infinite: the model is of no use and is not saved."""
