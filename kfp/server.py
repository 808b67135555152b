"""Kubeflow's server, asked through the SDK's client: credentials, certificates, patience.

The SDK's client waits for an answer for ever, trusts certifi's authorities alone, and takes an
answer that is no JSON for an empty one (kfp 2.16, kfp_server_api 2.17: rest.py, api_client.py).
"""

import json
import logging
import re
import ssl
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kfp_server_api as api
import tenacity
import urllib3
from kfp.client import Client
from kfp.client.token_credentials_base import TokenCredentialsBase

from tfx_updaters.kfp.errors import ConfigError, ServerError

# Seconds for a connection, and for an answer.
TIMEOUT = (10, 60)
# Too many requests, and what a server, or what stands before it, says when it is not well.
AWAY = frozenset({408, 429, 500, 502, 503, 504})
EXISTS = 409
_LOG = logging.getLogger(__name__)


class Server:
    """A Kubeflow Pipelines server.

    Attributes:
        host: its address.
        namespace: of the user, where several share the server.
    """

    def __init__(
        self,
        host: str,
        *,
        namespace: str | None = None,
        token_file: Path | None = None,
        token: str | None = None,
        ca_file: Path | None = None,
        patience: float = 120.0,
    ):
        """Nothing is asked yet.

        Args:
            host: such as `https://kubeflow.example.com/pipeline`.
            namespace: of the user; none where the server has one user only.
            token_file: a file with a bearer token, read again for every request, as clusters
                change the tokens that they mount.
            token: in place of the file.
            ca_file: certificates (PEM) of the authorities to trust; none is certifi's.
            patience: seconds for which a server that is away is asked again.

        Raises:
            ConfigError: an address, a file or a token that cannot be taken.
        """
        self.host = _address(host)
        self.namespace = namespace
        self._patience = patience
        self._token = _Token(token_file, token) if token_file or token else None
        if ca_file:
            _check_authorities(ca_file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            # Without a namespace the client would ask the server for one, for half a minute.
            self._client = Client(
                self.host, namespace=namespace or "-", credentials=self._token,
                ssl_ca_cert=str(ca_file) if ca_file else None,
            )  # fmt: skip
        # Asking again is done here, where it is said and where nothing is done twice.
        asker = self._client.runs.run_service_get_run.__self__.api_client
        once = urllib3.Retry(total=None, connect=0, read=0, status=0, other=0, redirect=3)
        asker.rest_client.pool_manager.connection_pool_kw["retries"] = once

    def pipeline(self, name: str) -> str:
        """The id of the pipeline of that name; it is made where there is none."""
        asked = {"namespace": self.namespace} if self.namespace else {}
        made = api.V2beta1Pipeline(name=name, display_name=name, **asked)
        found = self._found_or_made(
            f"the pipeline '{name}'",
            lambda: self._list("pipelines", "name", name, **asked),
            lambda: self._ask("pipelines", "pipeline_service_create_pipeline", made),
        )
        return found.pipeline_id

    def version(self, pipeline: str, name: str, path: Path) -> str:
        """The id of the pipeline's version of that name; without one, the file is uploaded."""
        found = self._found_or_made(
            f"the version '{name}'",
            lambda: self._list("pipeline_versions", "name", name, pipeline_id=pipeline),
            lambda: self._ask(
                "pipeline_uploads", "upload_pipeline_version", str(path), name=name,
                pipelineid=pipeline,
            ),
        )  # fmt: skip
        return found.pipeline_version_id

    def experiment(self, name: str) -> str:
        """The id of the experiment of that name; it is made where there is none."""
        asked = {"namespace": self.namespace} if self.namespace else {}
        made = api.V2beta1Experiment(display_name=name, **asked)
        found = self._found_or_made(
            f"the experiment '{name}'",
            lambda: self._list("experiments", "display_name", name, **asked),
            lambda: self._ask("experiments", "experiment_service_create_experiment", made),
        )
        return found.experiment_id

    def start(self, run: Any) -> str:
        """Starts a run (`V2beta1Run`); its id.

        When the answer is lost, the run may have been started: it is looked for before another is.
        """
        same = ("runs", "display_name", run.display_name)
        before: set[str] | None = None

        def attempt() -> Any:
            nonlocal before
            there = {
                each.run_id: each for each in self._list(*same, experiment_id=run.experiment_id)
            }
            new = [there[key] for key in there if before is not None and key not in before]
            if new:
                return new[0]
            before = set(there)
            return self._ask("runs", "run_service_create_run", run)

        return self._patiently(f"the run '{run.display_name}'", attempt).run_id

    def run(self, run_id: str) -> Any:
        """A run as it is now (`V2beta1Run`)."""
        return self._patiently(
            f"the run {run_id}", lambda: self._ask("runs", "run_service_get_run", run_id)
        )

    def _found_or_made(self, what: str, find: Callable[[], list], make: Callable[[], Any]) -> Any:
        """Made by someone else in between, or by a request whose answer was lost, is found."""

        def attempt() -> Any:
            if found := find():
                return found[0]
            try:
                return make()
            except api.ApiException as error:
                if error.status != EXISTS or not (found := find()):
                    raise
                return found[0]

        return self._patiently(what, attempt)

    def _list(self, kind: str, key: str, value: str, **query: Any) -> list:
        """Those whose `key` is `value`, the newest first."""
        equal = api.V2beta1Predicate(operation="EQUALS", key=key, string_value=value)
        plain = api.ApiClient().sanitize_for_serialization(api.V2beta1Filter(predicates=[equal]))
        service = "pipelines" if kind == "pipeline_versions" else kind
        answer = self._ask(
            service, f"{service.removesuffix('s')}_service_list_{kind}", page_size=100,
            filter=json.dumps(plain), sort_by="created_at desc", **query,
        )  # fmt: skip
        return getattr(answer, kind) or []

    def _ask(self, service: str, method_name: str, *given: Any, **query: Any) -> Any:
        """Calls a method of the SDK's; of `kfp_server_api`, as the client's own know no timeout."""
        method = getattr(getattr(self._client, service), method_name)
        answer = method(*given, _request_timeout=TIMEOUT, **query)
        if not method.__self__.api_client.last_response.data.lstrip().startswith("{"):
            raise ValueError("a page, which the client takes for an empty object")
        return answer

    def _patiently(self, what: str, attempt: Callable[[], Any]) -> Any:
        """Calls `attempt`, again and again while the server is away.

        Raises:
            ServerError: it refused, or was away for too long.
        """

        def say(state: tenacity.RetryCallState) -> None:
            error = state.outcome and state.outcome.exception()
            _LOG.warning("%s: %s; asking again", what, self._sentence(error))

        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_is_away),
            stop=tenacity.stop_after_delay(self._patience),
            wait=tenacity.wait_random_exponential(multiplier=0.5, max=10),
            before_sleep=say,
            reraise=True,
        )
        try:
            return again(attempt)
        except ConfigError as error:  # The token's file has changed to something else.
            raise ServerError(f"{what}: {error}") from None
        # The client's ways of failing on an answer that is no JSON, or not UTF-8.
        except (api.ApiException, urllib3.exceptions.HTTPError, AttributeError, TypeError,
                ValueError) as error:  # fmt: skip
            # From none: the client's own text has the headers and the whole answer.
            raise ServerError(f"{what}: {self._sentence(error)}") from None

    def _sentence(self, error: BaseException | None) -> str:
        text = _sentence(error, self.host, bool(self._token))
        return self._token.hidden_in(text) if self._token else text


class _Token(TokenCredentialsBase):
    """A bearer token, from a file or as it is; no message of ours has it."""

    def __init__(self, path: Path | None, token: str | None):
        self._path, self._token = path, token or ""
        self.refresh_api_key_hook(api.Configuration())

    def refresh_api_key_hook(self, config: Any) -> None:
        """Puts the token into the client's configuration."""
        if self._path:
            try:
                self._token = self._path.read_text(encoding="utf-8")
            except OSError as error:
                raise ConfigError(f"token file {self._path}: {error.strerror}") from None
            except UnicodeDecodeError:
                raise ConfigError(f"token file {self._path} is no text") from None
        self._token = self._token.strip()
        characters = self._token.isascii() and self._token.isprintable()
        if not characters or len(self._token.split()) != 1:
            # Not repeated: it is, or is near, the token.
            where = f"token file {self._path}" if self._path else "the token"
            raise ConfigError(f"{where}: one token on one line is needed, and nothing else")
        config.api_key["authorization"] = self._token

    def hidden_in(self, text: str) -> str:
        """The text without the token: a server may repeat what it was sent."""
        return text.replace(self._token, "[token]")


def _address(host: str) -> str:
    """The address as the client takes it."""
    parts = urlsplit(host if "://" in host else f"https://{host}")
    if parts.username or parts.password:
        # Not repeated: it is a password.
        raise ConfigError("host: a name or a password is in the address; give a token in a file")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError(f"host: received {host!r}; https://NAME[:PORT][/PATH] is needed")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _check_authorities(path: Path) -> None:
    try:
        ssl.create_default_context(cafile=str(path))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"CA file {path}: no certificates in PEM: {error}") from error


def _is_away(error: BaseException) -> bool:
    if isinstance(error, api.ApiException):
        return error.status in AWAY
    return isinstance(error, urllib3.exceptions.HTTPError) and not _refused_certificate(error)


def _refused_certificate(error: BaseException) -> bool:
    reason = getattr(error, "reason", None)
    return isinstance(reason, urllib3.exceptions.SSLError)


def _sentence(error: BaseException | None, host: str, with_token: bool) -> str:
    if isinstance(error, api.ApiException):
        said = _said(error.body) or error.reason
        if error.status in (401, 403):
            hint = "is the token still good?" if with_token else "it wants a token: --token-file"
            return f"{host} refused ({error.status}): {said}; {hint}"
        return f"{host} answered {error.status}: {said}"
    if error is not None and _refused_certificate(error):
        return (
            f"the certificate of {host} is not trusted: {error.reason}; --ca-file names the "
            "certificate of its authority"
        )
    if isinstance(error, urllib3.exceptions.HTTPError):
        reason = re.sub(r"^\w+\(host=.*?\): ", "", str(getattr(error, "reason", None) or error))
        return f"{host} cannot be reached: {reason}"
    return f"{host} does not answer as Kubeflow Pipelines does; is it the address of its API?"


def _said(body: Any) -> str:
    """What the server says in its JSON, or the start of what it says otherwise."""
    try:
        answer = json.loads(body)
        said = answer.get("message") or answer.get("error_message") or answer.get("error")
    except (ValueError, TypeError, AttributeError):
        said = body
    return " ".join(str(said or "").split())[:300]
