"""An executor that does nothing."""

from typing import Any

from tfx.dsl.components.base.base_executor import BaseExecutor


class Executor(BaseExecutor):
    """What a node costs without its work."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:
        """Nothing."""
