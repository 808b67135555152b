"""What `tfx-updaters kfp submit` trusts, and whom it tells: tokens and certificates."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from cluster import PIPELINES, RUNS, Kubeflow
from submitting import DONE, LONG, QUICK, submit

from tfx_updaters.pipelines.cli.main import main

TOKEN = "s3cret-t0ken-of-the-cluster"


class TestTokens:
    """Credentials go to the server, and nowhere else."""

    @pytest.fixture
    def token_file(self, tmp_path: Path) -> Path:
        found = tmp_path / "token"
        found.write_text(f"{TOKEN}\n")
        return found

    def test_a_token_from_a_file_is_sent_each_time(
        self, path: Path, kubeflow: Kubeflow, token_file: Path
    ) -> None:
        kubeflow.token, kubeflow.script = TOKEN, [DONE]
        result = submit(path, kubeflow, "--token-file", token_file, "--wait", *QUICK)
        assert result.exit_code == 0, result.output
        assert set(kubeflow.authorizations) == {f"Bearer {TOKEN}"}
        assert TOKEN not in result.output + path.read_text()

    def test_a_token_from_the_environment(self, path: Path, kubeflow: Kubeflow) -> None:
        kubeflow.token = TOKEN
        assert submit(path, kubeflow, KFP_TOKEN=TOKEN).exit_code == 0

    def test_a_token_that_the_cluster_changes_is_read_again(
        self, path: Path, kubeflow: Kubeflow, token_file: Path
    ) -> None:
        kubeflow.token = TOKEN

        def change(run: object) -> None:
            kubeflow.token = "another"
            token_file.write_text("another")

        kubeflow.script = [change, DONE]
        result = submit(path, kubeflow, "--token-file", token_file, "--wait", *QUICK)
        assert result.exit_code == 0, result.output

    def test_a_token_that_is_gone_while_a_run_is_followed(
        self, path: Path, kubeflow: Kubeflow, token_file: Path
    ) -> None:
        kubeflow.script = [lambda run: token_file.unlink(missing_ok=True)]
        result = submit(path, kubeflow, "--token-file", token_file, "--wait", *QUICK)
        assert result.exit_code == 1
        url = f"{kubeflow.url}/#/runs/details/{kubeflow.runs[0].run_id}"
        assert f"{token_file}: No such file" in result.output
        assert f"The run goes on without this command: {url}" in result.output

    @pytest.mark.parametrize(
        ("request_", "status"), [(f"GET {PIPELINES}", 401), (f"POST {RUNS}", 403)]
    )
    def test_a_refused_token_is_not_tried_again_and_not_shown(
        self, path: Path, kubeflow: Kubeflow, token_file: Path, request_: str, status: int,
        capfd: pytest.CaptureFixture,
    ) -> None:  # fmt: skip
        if status == 401:
            kubeflow.token = "another"
        else:
            kubeflow.fault(request_, status)
        result = submit(path, kubeflow, "--token-file", token_file, "--wait", *LONG)
        assert result.exit_code == 1
        assert f"refused ({status}): " in result.output
        assert "is the token still good?" in result.output
        said = result.output + "".join(capfd.readouterr()) + repr(result.exception)
        assert TOKEN not in said
        assert kubeflow.requests.count(request_) == 1

    def test_without_a_token_the_option_is_named(self, path: Path, kubeflow: Kubeflow) -> None:
        kubeflow.token = TOKEN
        assert "it wants a token: --token-file" in submit(path, kubeflow).output

    @pytest.mark.parametrize(
        "text",
        [f"{TOKEN} {TOKEN}", f"{TOKEN}\n{TOKEN}", "", f"{TOKEN}ü", f"{TOKEN}\x01x"],
        ids=["two", "lines", "empty", "no ascii", "control character"],
    )
    def test_what_is_no_token_is_not_sent_and_not_shown(
        self, path: Path, kubeflow: Kubeflow, tmp_path: Path, text: str
    ) -> None:
        (tmp_path / "token").write_text(text)
        result = submit(path, kubeflow, "--token-file", tmp_path / "token")
        assert result.exit_code == 2
        assert "one token on one line is needed" in result.output
        assert TOKEN not in result.output and kubeflow.requests == []

    def test_a_password_in_the_address_is_not_shown(self, path: Path, kubeflow: Kubeflow) -> None:
        result = submit(path, kubeflow, "--host", f"https://me:{TOKEN}@example.com")
        assert result.exit_code == 2
        assert "give a token in a file" in result.output and TOKEN not in result.output

    def test_no_option_takes_a_token(self) -> None:
        text = CliRunner().invoke(main, ["kfp", "submit", "--help"]).output
        assert re.findall(r"--\S*token\S*", text) == ["--token-file"]


class TestCertificates:
    """A server with a certificate that it signed itself."""

    @pytest.fixture
    def certificate(self, tmp_path: Path) -> tuple[Path, Path]:
        made = tmp_path / "server.pem", tmp_path / "server.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
             "-subj", "/CN=kubeflow", "-addext", "subjectAltName=IP:127.0.0.1",
             "-out", made[0], "-keyout", made[1]],
            check=True, capture_output=True,
        )  # fmt: skip
        return made

    @pytest.fixture
    def secured(self, certificate: tuple[Path, Path]) -> Iterator[Kubeflow]:
        server = Kubeflow(certificate)
        yield server
        server.die()

    def test_it_is_refused(self, path: Path, secured: Kubeflow) -> None:
        result = submit(path, secured, *LONG, KFP_TOKEN=TOKEN)
        assert result.exit_code == 1
        assert "is not trusted" in result.output and "--ca-file" in result.output
        assert secured.requests == [] and TOKEN not in result.output

    def test_it_is_taken_from_its_authority(
        self, path: Path, secured: Kubeflow, certificate: tuple[Path, Path]
    ) -> None:
        assert submit(path, secured, "--ca-file", certificate[0]).exit_code == 0
        assert submit(path, secured, SSL_CERT_FILE=str(certificate[0])).exit_code == 0

    def test_a_file_without_certificates_is_refused(self, path: Path, secured: Kubeflow) -> None:
        result = submit(path, secured, "--ca-file", path)
        assert result.exit_code == 2 and "no certificates in PEM" in result.output
