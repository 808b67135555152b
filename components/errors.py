"""What the components refuse, each with a sentence that a user can act on."""


class DataError(ValueError):
    """The data cannot be used: the path, the records, or their features.

    The message says what was found, what is needed, and where.
    """


class DynamicsError(ValueError):
    """The training's dynamics cannot be recorded, or what is at a path is no record of them.

    The message says what was received and what is allowed.
    """
