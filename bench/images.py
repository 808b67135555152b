"""Size of the images for nodes, and seconds until a node's program has started in one.

    bench/images.py [IMAGE ...]

Images are those that `tfx-updaters kfp image` built; without any only what CUDA adds is printed:
the size of its packages as the index says it. On a machine with other work the time of a core says
more than the wall clock.
"""

import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

from lib.bars import Bar

from tfx_updaters.kfp.engine import Engine, find

PROJECT = Path(__file__).resolve().parents[1]
TOOLS = PROJECT / ".setup/python/tools"
ENTRYPOINT = ("python", "-m", "tfx_updaters.kfp.entrypoint", "--help")
ROUNDS = 3
MEGABYTE = 1e6


# Python looks for bytecode there, and there is none.
UNCOMPILED = {"PYTHONPYCACHEPREFIX": "/tmp/none"}


def printed(engine: Engine, image: str, *command: str, **variables: str) -> str:
    """What a command prints in a new container."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        if engine.run(image, command, variables, {}, log):
            raise SystemExit(f"{' '.join(command)} in {image}: {log.read_text()}")
        return log.read_text()


def seconds(engine: Engine, image: str, *command: str, **variables: str) -> tuple[float, float]:
    """The medians of a command's wall time and of its time of a core, its container's included.

    A container of Docker's or Podman's may be no child of this process: its time of a core is not
    seen then.
    """
    walls, cores = [], []
    for _ in range(ROUNDS):
        began, before = time.perf_counter(), os.times()
        printed(engine, image, *command, **variables)
        after = os.times()
        walls.append(time.perf_counter() - began)
        cores.append(sum(after[2:4]) - sum(before[2:4]))
    return statistics.median(walls), statistics.median(cores)


def measured(engine: Engine, image: str) -> Iterator[Bar]:
    """Size and start of an image."""
    size = int(printed(engine, image, "sh", "-c", "du -sxm / 2>/dev/null | cut -f1"))
    yield Bar(f"{image}, unpacked, MB", size, None)
    empty = seconds(engine, image, "true")
    yield Bar("an empty container, s", empty[0], None)
    for what, variables in (("", {}), (" without bytecode", UNCOMPILED)):
        wall, core = seconds(engine, image, *ENTRYPOINT, **variables)
        yield Bar(f"a node's program has started{what}, s", wall - empty[0], None)
        if engine.name == "buildah":
            yield Bar(f"the same{what}, s of a core", core - empty[1], None)


def cuda() -> list[Bar]:
    """The download that `gpu` has besides: the pinned packages of CUDA for x86-64."""
    sys.path.insert(0, str(PROJECT / "environment"))
    import pip_settings

    pins = (PROJECT / "environment/constraints.txt").read_text().splitlines()
    names = [pin for pin in pins if pin.startswith("nvidia-")]
    document = (
        f'[project]\nname = "cuda"\nversion = "0"\nrequires-python = "==3.11.*"\n'
        f"dependencies = {names}\n[tool.uv]\n"
        "environments = [\"sys_platform == 'linux' and platform_machine == 'x86_64'\"]\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pyproject.toml").write_text(document)
        command = [TOOLS / "bin/uv", "lock", "-q", "--python", sys.executable]
        environment = {**os.environ, **pip_settings.for_uv(TOOLS)}
        subprocess.run(command, cwd=folder, env=environment, check=True)
        packages = tomllib.loads(Path(folder, "uv.lock").read_text())["package"]
    sizes = [
        wheel["size"]
        for package in packages
        for wheel in package.get("wheels", [])
        if "manylinux" in wheel["url"] and "x86_64" in wheel["url"]
    ]
    return [
        Bar("packages of CUDA", len(sizes), None),
        Bar("gpu image, more to download, MB", sum(sizes) / MEGABYTE, None),
    ]


def main(arguments: list[str]) -> int:
    """Prints one line for each number; none has a bar."""
    of_images = (bar for image in arguments for bar in measured(find(), image))
    for bar in itertools.chain(cuda(), of_images):
        print(bar, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
