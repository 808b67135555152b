"""What an exception comes down to, in one line."""

import re

LONGEST = 300


def cause(error: BaseException) -> str:
    """The first exception of the chain as `Type: text`, without Beam's notes of the stage."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = re.sub(r"\s*\[while running '.*", "", str(error), flags=re.DOTALL)
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    name = type(error).__name__
    return f"{name}: {line}"[:LONGEST] if line else name
