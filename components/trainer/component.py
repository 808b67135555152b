"""The Trainer node: TFX's own, with the parameter update as an argument."""

from collections.abc import Mapping
from typing import Any

from tfx import types
from tfx.components import Trainer as StockTrainer
from tfx.proto import trainer_pb2

from tfx_updaters.optimizers import UpdaterConfig, from_json

RUN_FN = "tfx_updaters.components.trainer.fit.run_fn"


class Trainer(StockTrainer):
    """Trains a CNN with the chosen updater; outputs `model` and `model_run`, as TFX's Trainer does.

    The updater travels as JSON in `custom_config["updater"]`, where any `run_fn` finds it.
    """

    def __init__(
        self,
        *,
        examples: types.BaseChannel,
        updater: UpdaterConfig | Mapping[str, Any] | str,
        shape: tuple[int, int, int],
        classes: int,
        transform_graph: types.BaseChannel,
        schema: types.BaseChannel | None = None,
        train_args: trainer_pb2.TrainArgs,
        eval_args: trainer_pb2.EvalArgs | None = None,
        batch_size: int = 32,
        seed: int = 0,
    ):
        """The arguments that TFX's Trainer has mean the same here.

        Args:
            examples: transformed examples with splits `train` and `eval`.
            updater: a configured updater, or its JSON; checked here, when the pipeline is built.
            shape: (height, width, channels) of an image.
            classes: number of classes.
            transform_graph: the graph that made the examples; it is exported with the model.
            schema: of the raw examples.
            train_args: `num_steps`, the number of updates.
            eval_args: stock; the whole evaluation split is used, whatever `num_steps` says.
            batch_size: examples in an update.
            seed: of the initial weights and of the order of examples.

        Raises:
            UpdaterError: no such updater, or a hyper-parameter that it refuses.
        """
        config = updater if isinstance(updater, UpdaterConfig) else from_json(updater)
        super().__init__(
            run_fn=RUN_FN,
            examples=examples,
            transform_graph=transform_graph,
            schema=schema,
            train_args=train_args,
            eval_args=eval_args or trainer_pb2.EvalArgs(),
            custom_config={
                "updater": config.to_json(),
                "shape": list(shape),
                "classes": classes,
                "batch_size": batch_size,
                "seed": seed,
            },
        )
