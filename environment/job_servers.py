"""Sets up `.setup/flink`, `.setup/spark`: Beam's job servers, whose clusters run in their process.

`poms/` pins Beam's runners, and so all that they need; Maven fetches the jars, and what it keeps
beside them is removed. A job server speaks the protocol that Beam's Python SDK speaks: its version
need not be that of the set-up.
"""

import os
import shutil
import sys
from pathlib import Path

import install
from command import SetupError, run
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
LACKING = (
    "Beam's job servers need {}: install Java 17 and Maven (on Debian: apt-get install "
    "openjdk-17-jre-headless maven), and call make again"
)
NO_JARS = (
    "Maven cannot fetch Beam's runner for {}; check the network, or name a mirror in Maven's "
    "settings.xml, and call make again"
)


def stage(project: Path, name: str) -> Stage:
    """The folder with the program `job-server`, which takes the server's own options."""
    folder = project / ".setup" / name
    made_from = digest(Path(__file__), POMS / f"{name}.xml")
    return Stage(name, folder, made_from, lambda: _make(name, folder))


def _make(name: str, folder: Path) -> None:
    lacking = [program for program in ("java", "mvn") if not shutil.which(program)]
    if lacking:
        raise SetupError(LACKING.format(" and ".join(lacking)))
    jars, work = folder / "jars", folder / "work"
    run(
        "mvn", "--batch-mode", "--quiet", "--strict-checksums", "--file", POMS / f"{name}.xml",
        f"-Dmaven.repo.local={work}", "-DincludeScope=runtime", f"-DoutputDirectory={jars}",
        "dependency:copy-dependencies",
        missing=NO_JARS.format(name.capitalize()),
    )  # fmt: skip
    shutil.rmtree(work)
    opened = " ".join(f"--add-opens=java.base/{each}=ALL-UNNAMED" for each in OPENED)
    program = folder / "job-server"
    program.write_text(
        f'#!/bin/sh\nexec java {opened} -cp "$(dirname "$0")/jars/*" {SERVERS[name]} "$@"\n'
    )
    os.chmod(program, 0o755)


if __name__ == "__main__":
    install.command_for(lambda project: [stage(project, name) for name in sys.argv[1:]])
