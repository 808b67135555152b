"""Docker, Podman or Buildah: what builds images on this machine and starts commands in them."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfx_updaters.kfp.errors import ConfigError, ImageError, nearest

# In the order in which they are looked for.
ENGINES = ("docker", "podman", "buildah")


@dataclass(frozen=True)
class Engine:
    """One of `ENGINES`, by its program.

    Attributes:
        name: of the program.
    """

    name: str

    def build(
        self,
        context: Path,
        tag: str,
        target: str,
        arguments: Mapping[str, str],
        secrets: Mapping[str, Path],
    ) -> None:
        """Builds a target of the `Dockerfile` in `context`; its output is this process's.

        Args:
            context: the folder.
            tag: what the image is to be called.
            target: the stage.
            arguments: of the build, by name.
            secrets: files that are mounted while it is built, by id.

        Raises:
            ImageError: the build failed.
        """
        command = [self.name, "build", "--target", target, "--tag", tag]
        # The others keep the layers for the next build by default.
        command += ["--layers"] if self.name == "buildah" else []
        for name, value in arguments.items():
            command += ["--build-arg", f"{name}={value}"]
        for name, path in secrets.items():
            command += ["--secret", f"id={name},src={path}"]
        status = subprocess.run([*command, str(context)], check=False).returncode
        if status:
            raise ImageError(
                f"{self.name} build failed with status {status}; what failed is in its output"
            )

    def run(
        self,
        image: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        volumes: Mapping[str, str],
        log: Path,
    ) -> int:
        """Runs a command in a new container to its end, its output in `log`; the exit status.

        The image's entrypoint is passed over, as in a pod. Its files are read-only, but for
        Buildah's, which are discarded. The user is the one that the image names if this process
        is root's, else this process's own.

        Args:
            image: that is here, or can be pulled.
            command: the command; it starts in the image's own folder.
            environment: variables besides the image's.
            volumes: where folders of this machine are in the container, by their paths here.
            log: the file. It says so where there is no such image.
        """
        options = [word for here, there in volumes.items() for word in ("-v", f"{here}:{there}")]
        options += [word for k, v in environment.items() for word in ("--env", f"{k}={v}")]
        if self.name == "buildah":
            return self._run_in_working_container(image, options, command, log)
        if os.getuid():
            options += ["--user", f"{os.getuid()}:{os.getgid()}"]
            options += ["--userns", "keep-id"] if self.name == "podman" else []
        options += ["--entrypoint", command[0]]
        words = [self.name, "run", "--rm", "--read-only", *options, image, *command[1:]]
        return _logged(words, log)

    def _run_in_working_container(self, image, options, command, log: Path) -> int:
        """Buildah's containers are made and removed by hand; what is done in them is discarded."""
        made = subprocess.run(
            [self.name, "from", "--quiet", image], capture_output=True, text=True, check=False
        )
        if made.returncode:
            log.write_text(made.stderr)
            return made.returncode
        container = made.stdout.strip()
        try:
            return _logged([self.name, "run", *options, container, "--", *command], log)
        finally:
            subprocess.run([self.name, "rm", container], capture_output=True, check=False)


def find(name: str | None = None) -> Engine:
    """The engine of that name, or the first of `ENGINES` that works here.

    Docker's client without its daemon, for one, does not.

    Raises:
        ConfigError: there is no engine of that name.
        ImageError: it does not work here, or none does.
    """
    if name is not None and name not in ENGINES:
        raise ConfigError(f"engine: there is no '{name}'; {nearest(name, ENGINES)}")
    tried = {each: _lacks(each) for each in ([name] if name else ENGINES)}
    for each, lacking in tried.items():
        if not lacking:
            return Engine(each)
    reasons = "; ".join(f"{each}: {lacking}" for each, lacking in tried.items())
    raise ImageError(
        f"nothing that builds or runs images works here: {reasons}. Install one, such as "
        "`apt-get install buildah`"
    )


def _lacks(name: str) -> str:
    """Why an engine does not work; nothing if it does."""
    if not shutil.which(name):
        return "not installed"
    done = subprocess.run([name, "info"], capture_output=True, text=True, check=False)
    lines = done.stderr.strip().splitlines()
    return (lines[-1] if lines else f"status {done.returncode}") if done.returncode else ""


def _logged(words: Sequence[str], log: Path) -> int:
    with log.open("wb") as file:
        return subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, check=False
        ).returncode
