"""A server of reward models in the form of vLLM's `/classify`, made of the standard library alone.

Requests are read in parallel but scored one at a time. When too many wait, further ones get 503 with `Retry-After` at
once, so that clients slow down instead of timing out. What the model raises is a 500 with its words. For TLS or
authentication put a proxy in front.

| path | answer |
|---|---|
| GET `/health` | 200 when ready |
| GET `/v1/models` | the model's name |
| POST `/classify` | `{"input": text or [texts]}` or `{"messages": [...]}` → `data[].probs`, one number each |

A text is a prompt and a response joined by `\\n\\nAssistant: `, split at its last occurrence; `messages` need no
splitting and are the safe form where a response may contain that marker.
"""

from __future__ import annotations

import json
import math
import re
import socket
import threading
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from reward_models.base import ASSISTANT_MARKER, Prompt, RewardModel

__all__ = ["RewardModelServer"]

MAX_BODY_BYTES = 32 * 2**20


class _RequestError(Exception):
    """A request that gets no scores, with the status to answer."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class RewardModelServer(ThreadingHTTPServer):
    """`RewardModelServer(model, port=8000).serve_forever()`; port 0 takes a free one (`.url`).

    Args:
        max_waiting: requests that may wait for the model before others are turned away.
    """

    daemon_threads = False  # a thread that is still in torch when the interpreter ends takes the process down

    def __init__(self, model: RewardModel, *, host: str = "127.0.0.1", port: int = 8000, max_waiting: int = 64) -> None:
        super().__init__((host, port), _Handler)
        self.model = model
        self._places = threading.BoundedSemaphore(max_waiting)
        self._turn = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._is_closing = False

    def server_close(self) -> None:
        """Stop: what is being scored is answered, what waits is turned away, and every thread has ended."""
        self._is_closing = True
        for connection in tuple(self._connections):
            with suppress(OSError):  # its other end was faster
                connection.shutdown(socket.SHUT_RD)
        super().server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection in a thread of its own."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection that was answered."""
        self._connections.discard(request)
        super().shutdown_request(request)

    @property
    def url(self) -> str:
        """Return the address it listens at."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def classify(self, body: Any) -> dict[str, Any]:
        """Return the answer to the body of a `/classify` request."""
        rows = _rows(body)
        if not self._places.acquire(blocking=False):
            raise _RequestError(HTTPStatus.SERVICE_UNAVAILABLE, "too many requests are waiting")
        try:
            with self._turn:
                if self._is_closing:
                    raise _RequestError(HTTPStatus.SERVICE_UNAVAILABLE, "the server is closing")
                scores = self._scores(rows)
        finally:
            self._places.release()
        if not all(map(math.isfinite, scores)):
            raise _RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, "the model gave no score for one of the inputs")
        data = [{"index": i, "label": "LABEL_0", "probs": [score], "num_classes": 1} for i, score in enumerate(scores)]
        return {
            "id": f"classify-{time.time_ns():x}",
            "object": "list",
            "created": int(time.time()),
            "model": self.model.name,
            "data": data,
            "usage": {"prompt_tokens": 0, "total_tokens": 0, "completion_tokens": 0, "prompt_tokens_details": None},
        }

    def _scores(self, rows: Sequence[tuple[Prompt, str]]) -> list[float]:
        """Ask the model; what it raises, which may be anything, is told to the client and shown on stderr."""
        try:
            scores = self.model.score([prompt for prompt, _ in rows], [text for _, text in rows])
            return [float(score) for _, score in zip(rows, scores, strict=True)]
        except Exception as error:
            traceback.print_exception(error)
            raise _RequestError(
                HTTPStatus.INTERNAL_SERVER_ERROR, f"the model raised {type(error).__name__}: {error}"
            ) from error


def _rows(body: Any) -> list[tuple[Prompt, str]]:
    """Return the (prompt, response) pairs of a request."""
    if not isinstance(body, dict) or ("input" in body) == ("messages" in body):
        raise _RequestError(HTTPStatus.BAD_REQUEST, "expected an object with either `input` or `messages`")
    if "messages" in body:
        return [_conversation(body["messages"])]
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise _RequestError(HTTPStatus.BAD_REQUEST, "expected `input` to be a text or a list of texts")
    return [_split(text) for text in texts]


def _split(text: str) -> tuple[Prompt, str]:
    prompt, _, response = text.rpartition(ASSISTANT_MARKER)
    return prompt, response.removeprefix(" ")


def _conversation(messages: Any) -> tuple[Prompt, str]:
    is_valid = isinstance(messages, list) and all(
        isinstance(turn, dict) and isinstance(turn.get("role"), str) and isinstance(turn.get("content"), str)
        for turn in messages
    )
    if not is_valid or not messages or messages[-1]["role"] != "assistant":
        raise _RequestError(HTTPStatus.BAD_REQUEST, "expected `messages` that end with one of the assistant")
    turns: Sequence[dict[str, str]] = messages
    return list(turns[:-1]), turns[-1]["content"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    @property
    def _scoring(self) -> RewardModelServer:
        assert isinstance(self.server, RewardModelServer)
        return self.server

    def do_GET(self) -> None:
        models = {"object": "list", "data": [{"id": self._scoring.model.name, "object": "model"}]}
        answers: dict[str, object] = {"/health": {}, "/v1/models": models}
        if self.path in answers:
            self._answer(HTTPStatus.OK, answers[self.path])
        else:
            self._answer(HTTPStatus.NOT_FOUND, _error(HTTPStatus.NOT_FOUND, f"no {self.path} here"))

    def do_POST(self) -> None:
        try:
            body = self._body()
            if self.path.removeprefix("/v1") != "/classify":
                raise _RequestError(HTTPStatus.NOT_FOUND, f"no {self.path} here")
            self._answer(HTTPStatus.OK, self._scoring.classify(body))
        except _RequestError as error:
            self._answer(error.status, _error(error.status, str(error)))

    def _body(self) -> Any:
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch("[0-9]{1,18}", length) or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            raise _RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"expected at most {MAX_BODY_BYTES} bytes")
        try:
            return json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError) as error:
            raise _RequestError(HTTPStatus.BAD_REQUEST, f"not JSON: {error}") from error

    def _answer(self, status: HTTPStatus, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status is HTTPStatus.SERVICE_UNAVAILABLE:
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: a training run sends thousands of requests."""


def _error(status: HTTPStatus, message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": status.phrase, "code": int(status)}}
