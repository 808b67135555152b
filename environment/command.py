"""Runs the commands that a set-up is made of, and what stops one."""

import subprocess
from pathlib import Path

# Children keep the set-up's lock open: while one outlives a killed set-up, the next one waits.
HELD: list[int] = []


class SetupError(Exception):
    """First line: what is missing and the ways out. The rest: what the command printed."""


def run(*words: str | Path, env: dict[str, str] | None = None, missing: str = "") -> str:
    """Runs a command without a terminal and returns what it printed.

    Args:
        words: The command.
        env: Its environment; this process's where None.
        missing: What it means when the command fails, and the ways out, in a line.

    Raises:
        SetupError: The command failed.
    """
    done = subprocess.run(
        words,
        env=env,
        pass_fds=HELD,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode:
        command = " ".join(str(word) for word in words[:6])
        reason = missing or f"'{command} ...' failed with status {done.returncode}"
        raise SetupError(f"{reason}\n{done.stdout[-4000:]}".rstrip())
    return done.stdout
