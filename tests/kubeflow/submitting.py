"""`tfx-updaters kfp submit` as a function, for tests."""

from pathlib import Path

from click.testing import CliRunner, Result
from cluster import Kubeflow, tasks

from tfx_updaters.pipelines.cli.main import main

QUICK = ("--interval", "0.02", "--patience", "0.3")
LONG = ("--interval", "0.02", "--patience", "60")
DONE = tasks("SUCCEEDED", task="SUCCEEDED")


def submit(path: Path, server: Kubeflow, *arguments: object, **environment: str) -> Result:
    words = ["kfp", "submit", str(path), "--host", server.url, *map(str, arguments)]
    unset = dict.fromkeys(
        ("KFP_TOKEN", "KF_PIPELINES_SA_TOKEN_PATH", "SSL_CERT_FILE", "KF_PIPELINES_ENDPOINT")
    )
    return CliRunner().invoke(main, words, env={**unset, **environment})
