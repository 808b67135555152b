"""Rows that belong together, brought together in files: more of them than memory should hold."""

import os
import tempfile
from types import TracebackType
from typing import Self


class Spill:
    """Bytes by number, in a temporary folder that is gone with it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()

    def __enter__(self) -> Self:
        """Itself, to be closed."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """Removes what it holds."""
        self._folder.cleanup()

    def add(self, number: int, data: bytes) -> None:
        """Appends to what the number has."""
        with open(self._path(number), "ab") as file:
            file.write(data)

    def take(self, number: int) -> bytes:
        """What the number has, which is removed."""
        path = self._path(number)
        if not os.path.exists(path):
            return b""
        with open(path, "rb") as file:
            data = file.read()
        os.unlink(path)
        return data

    def _path(self, number: int) -> str:
        return os.path.join(self._folder.name, str(number))
