"""The stranger's penguins again, with an updater that their `run_fn` asks for."""

from penguin import fit_and_save, make_keras_model, preprocessing_fn  # noqa: F401

from tfx_updaters.components import updater_from


def run_fn(fn_args):
    """What TFX's Trainer calls."""
    model = make_keras_model()
    model.compile(
        optimizer=updater_from(fn_args),
        loss="sparse_categorical_crossentropy",
        metrics=["sparse_categorical_accuracy"],
    )
    fit_and_save(model, fn_args)
