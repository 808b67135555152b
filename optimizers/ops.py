"""`keras.ops`, imported at its first use: a chain is described and checked without a backend."""


def __getattr__(name: str):
    import keras

    return getattr(keras.ops, name)
