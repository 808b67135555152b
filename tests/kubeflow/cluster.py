"""A server that speaks KFP's v2beta1 REST API, as `kfp_server_api` defines it, over real sockets.

What it receives and what it answers goes through that package's models: a field that they do not
have is answered with 400. It starts, dies and comes back at the same address.
"""

import email
import json
import re
import socket
import ssl
import struct
import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import kfp_server_api as api

CLIENT = api.ApiClient()
# Where each kind of object is.
PIPELINES, EXPERIMENTS, RUNS = ("/apis/v2beta1/" + k for k in ("pipelines", "experiments", "runs"))
UPLOAD = f"{PIPELINES}/upload_version"


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str):
        self.status, self.message = status, message


class Kubeflow:
    """The server and what it knows.

    Attributes:
        requests: what was asked, `METHOD PATH`.
        authorizations: what each request had in the header of that name.
        pipelines, versions, experiments, runs: what was made.
        documents: the uploaded files, by version id.
        token: that is asked for; none lets everyone in.
        script: what `run` says each time it is asked for; the last one stays.
    """

    def __init__(self, certificate: tuple[Path, Path] | None = None):
        self.requests: list[str] = []
        self.authorizations: list[str | None] = []
        self.pipelines: list[Any] = []
        self.versions: list[Any] = []
        self.experiments: list[Any] = []
        self.runs: list[Any] = []
        self.documents: dict[str, bytes] = {}
        self.token: str | None = None
        self.script: list[Callable[[Any], None]] = []
        self._faults: list[list[Any]] = []
        self._certificate = certificate
        self._address = ("127.0.0.1", 0)
        self._http: ThreadingHTTPServer | None = None
        self.rise()

    @property
    def url(self) -> str:
        return f"{'https' if self._certificate else 'http'}://127.0.0.1:{self._address[1]}"

    def rise(self) -> None:
        """Starts, at the address that it had before."""
        handler = type("Handler", (Handler,), {"kubeflow": self})
        self._http = ThreadingHTTPServer(self._address, handler)
        self._http.daemon_threads = True
        self._address = self._http.server_address[:2]
        if self._certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self._certificate)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def die(self) -> None:
        """Stops listening."""
        if self._http:
            self._http.shutdown()
            self._http.server_close()
            self._http = None

    def fault(self, request: str, *kinds: int | str | Callable[[], None]) -> None:
        """What happens at the next requests that match, one after the other.

        A status is answered; `lost` resets the connection, `deaf` does so when all is done; `dies`
        is done and answered, and the server is gone; `html` answers with a page; a function is
        called before.
        """
        self._faults.append([request, list(kinds)])

    def next_fault(self, request: str) -> Any:
        for pattern, kinds in self._faults:
            if kinds and re.match(pattern, request):
                return kinds.pop(0)
        return None

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Any:
        """What is answered, as a model of the API."""
        if method == "GET" and path == PIPELINES:
            return api.V2beta1ListPipelinesResponse(pipelines=_matching(self.pipelines, query))
        if method == "POST" and path == PIPELINES:
            return self._make_pipeline(_received("V2beta1Pipeline", body))
        if method == "POST" and path == UPLOAD:
            return self._upload(query, body)
        if found := re.fullmatch(f"{PIPELINES}/([^/]+)/versions", path):
            mine = [each for each in self.versions if each.pipeline_id == found[1]]
            return api.V2beta1ListPipelineVersionsResponse(pipeline_versions=_matching(mine, query))
        if method == "GET" and path == EXPERIMENTS:
            return api.V2beta1ListExperimentsResponse(
                experiments=_matching(self.experiments, query)
            )
        if method == "POST" and path == EXPERIMENTS:
            made = _received("V2beta1Experiment", body)
            made.experiment_id, made.created_at = _new("experiment"), datetime.now(UTC)
            return _added(self.experiments, made)
        if method == "GET" and path == RUNS:
            experiment = query.pop("experiment_id")
            mine = [each for each in self.runs if each.experiment_id == experiment]
            return api.V2beta1ListRunsResponse(runs=_matching(mine, query))
        if method == "POST" and path == RUNS:
            return self._make_run(_received("V2beta1Run", body))
        if found := re.fullmatch(f"{RUNS}/([^/]+)", path):
            (run,) = (each for each in self.runs if each.run_id == found[1])
            if self.script:
                step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                step(run)
            return run
        raise Refusal(404, f"no {method} {path}")

    def _make_pipeline(self, made: Any) -> Any:
        if any(each.name == made.name for each in self.pipelines):
            raise Refusal(409, f"The name {made.name} already exists")
        made.pipeline_id, made.created_at = _new("pipeline"), datetime.now(UTC)
        return _added(self.pipelines, made)

    def _upload(self, query: dict[str, str], content: bytes) -> Any:
        name, pipeline = query.pop("name"), query.pop("pipelineid")
        if query or not any(each.pipeline_id == pipeline for each in self.pipelines):
            raise Refusal(400, f"no pipeline {pipeline}, or unknown {query}")
        if any((e.pipeline_id, e.name) == (pipeline, name) for e in self.versions):
            raise Refusal(409, "Failed to create a pipeline version")
        made = api.V2beta1PipelineVersion(
            pipeline_id=pipeline, pipeline_version_id=_new("version"), name=name,
            display_name=name, created_at=datetime.now(UTC),
        )  # fmt: skip
        self.documents[made.pipeline_version_id] = content
        return _added(self.versions, made)

    def _make_run(self, made: Any) -> Any:
        reference = made.pipeline_version_reference
        known = [(each.pipeline_id, each.pipeline_version_id) for each in self.versions]
        if (reference.pipeline_id, reference.pipeline_version_id) not in known:
            raise Refusal(400, "no such version")
        if made.experiment_id not in [each.experiment_id for each in self.experiments]:
            raise Refusal(400, "no such experiment")
        made.run_id, made.state, made.created_at = _new("run"), "PENDING", datetime.now(UTC)
        return _added(self.runs, made)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    kubeflow: Kubeflow
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._handle(None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = self.headers["Content-Type"]
        if kind.startswith("multipart/form-data"):
            whole = email.message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
            (part,) = whole.get_payload()
            assert part.get_param("name", header="content-disposition") == "uploadfile"
            self._handle(part.get_payload(decode=True))
        else:
            self._handle(json.loads(body))

    def _handle(self, body: Any) -> None:
        parts = urlsplit(self.path)
        request = f"{self.command} {parts.path}"
        self.kubeflow.requests.append(request)
        self.kubeflow.authorizations.append(self.headers.get("Authorization"))
        fault = self.kubeflow.next_fault(request)
        if fault == "lost":
            return self._reset()
        if fault == "html":
            return self._send(200, b"<html><title>name: log in</title></html>")
        if callable(fault):
            fault()
        try:
            if isinstance(fault, int):
                raise Refusal(fault, "not today")
            self._check_token()
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            made = self.kubeflow.answer(self.command, parts.path, query, body)
            status, plain = 200, CLIENT.sanitize_for_serialization(made)
        except Refusal as refusal:
            status, plain = refusal.status, {"code": 1, "message": refusal.message, "details": []}
        if fault == "deaf":
            return self._reset()
        self._send(status, json.dumps(plain).encode())
        if fault == "dies":
            self.close_connection = True
            self.kubeflow.die()

    def _check_token(self) -> None:
        sent = self.headers.get("Authorization")
        if self.kubeflow.token and sent != f"Bearer {self.kubeflow.token}":
            # As some proxies do: what was sent is in the answer.
            raise Refusal(401, f"not valid: {sent}")

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, *_: Any) -> None:
        pass


def tasks(state: str, cause: str = "", **states: str) -> Callable[[Any], None]:
    """A step of a script: the states of a run and of its tasks."""

    def step(run: Any) -> None:
        run.state = state
        run.run_details = api.V2beta1RunDetails(
            task_details=[_detail(name, each, cause) for name, each in states.items()]
        )

    return step


def _detail(name: str, state: str, cause: str) -> Any:
    """As KFP 2.16 has it: no time is the year 1970."""
    ended = datetime(2026, 1, 1, 0, 0, 42, tzinfo=UTC) if state != "RUNNING" else _EPOCH
    error = api.GoogleRpcStatus(code=13, message=cause) if state == "FAILED" and cause else None
    return api.V2beta1PipelineTaskDetail(
        task_id=_new("task"), display_name=name.replace("_", "-"), state=state, error=error,
        start_time=datetime(2026, 1, 1, tzinfo=UTC), end_time=ended,
    )  # fmt: skip


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _received(model: str, plain: Any) -> Any:
    """As a model; one that does not hold all of it has an unknown field in it."""
    made = CLIENT.deserialize(SimpleNamespace(data=json.dumps(plain)), model)
    if CLIENT.sanitize_for_serialization(made) != plain:
        raise Refusal(400, f"unknown field in {plain}")
    return made


def _matching(objects: Sequence[Any], query: dict[str, str]) -> list[Any] | None:
    """Those that the filter lets through; none is no list at all, as in KFP's JSON."""
    given = {key: query.pop(key) for key in list(query)}
    asked = _received("V2beta1Filter", json.loads(given.pop("filter")))
    (predicate,) = asked.predicates
    assert predicate.operation == "EQUALS" and given.pop("sort_by") == "created_at desc"
    assert int(given.pop("page_size")) > 0
    namespace = given.pop("namespace", None)
    if given:
        raise Refusal(400, f"unknown {given}")
    found = [each for each in objects if getattr(each, predicate.key) == predicate.string_value]
    return [each for each in found if not namespace or each.namespace == namespace] or None


def _added(objects: list[Any], made: Any) -> Any:
    objects.append(made)
    return made


def _new(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:8]}"
