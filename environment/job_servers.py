"""Sets up `.setup/flink`, `.setup/spark`: Beam's job servers, whose clusters run in their process.

`poms/` pins Beam's runners, and so all that they need; Maven fetches the jars, and what it keeps
beside them is removed. Java is that of the tools. A job server speaks the protocol that Beam's
Python SDK speaks: its version need not be that of the set-up.
"""

import os
import shlex
import shutil
import sys
from pathlib import Path

import install
import java
import maven
from command import run
from stages import Stage, digest

POMS = Path(__file__).parent / "poms"
SERVERS = {
    "flink": "org.apache.beam.runners.flink.FlinkJobServerDriver",
    "spark": "org.apache.beam.runners.spark.SparkJobServerDriver",
}
# What the clusters reach into, which Java 17 has closed.
OPENED = (
    "java.io", "java.lang", "java.lang.invoke", "java.lang.reflect", "java.net", "java.nio",
    "java.time", "java.util", "java.util.concurrent", "java.util.concurrent.atomic", "sun.nio.ch",
    "sun.nio.cs", "sun.security.action", "sun.util.calendar",
)  # fmt: skip
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
NO_JARS = (
    "Maven cannot fetch Beam's runner for {}; check the network, or name a mirror in Maven's "
    "settings.xml, and call make again"
)


def stage(project: Path, name: str) -> Stage:
    """The folder with the program `job-server`, which takes the server's own options."""
    folder = project / ".setup" / name
    base = install.stages(project)[0].made_from
    made_from = digest(base, POMS / f"{name}.xml")
    return Stage(name, folder, made_from, lambda: _make(project, name, folder))


def _make(project: Path, name: str, folder: Path) -> None:
    tools = project / ".setup/python/tools"
    jars, work = folder / "jars", folder / "work"
    run(
        maven.program(work), "--batch-mode", "--quiet", "--strict-checksums",
        "--file", POMS / f"{name}.xml", f"-Dmaven.repo.local={work}/repository",
        "-DincludeScope=runtime", f"-DoutputDirectory={jars}", COPY,
        env={**os.environ, **java.environment(tools, work)},
        missing=NO_JARS.format(name.capitalize()),
    )  # fmt: skip
    shutil.rmtree(work)
    opened = [f"--add-opens=java.base/{each}=ALL-UNNAMED" for each in OPENED]
    words = shlex.join([f"{java.home(tools)}/bin/java", *opened, "-cp", f"{jars}/*", SERVERS[name]])
    program = folder / "job-server"
    program.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    program.chmod(0o755)


if __name__ == "__main__":
    install.command_for(lambda project: [stage(project, name) for name in sys.argv[1:]])
