"""A scoring server on loopback that answers in every dialect and commits the faults it is told to, in order."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAX_TEXT = 500


class FaultyServer(ThreadingHTTPServer):
    """The score of a text is the number of its characters; texts over 500 characters are refused with 400."""

    daemon_threads = True

    def __init__(self, faults=()) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.faults = list(faults)
        self.bodies: list[dict] = []
        self.headers_seen: list[dict] = []
        self.times: list[float] = []
        self.lock = threading.Lock()
        self.num_running = self.max_running = 0
        self.pause_seconds = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address) -> None:
        """A client that stops waiting is part of the test."""


@contextmanager
def running(faults=()) -> Iterator[FaultyServer]:
    server = FaultyServer(faults)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def texts_of(path: str, body: dict) -> list[str]:
    if "messages" in body:
        return [body["messages"][-1]["content"]]
    if path == "/predict":
        return [text for (text,) in body["inputs"]]
    if path == "/score":
        return body.get("documents") or body["text_2"]
    if path.endswith("/chat/completions"):
        return [body["messages"][-1]["content"]]
    return body["input"]


def answer_of(path: str, texts: list[str]):
    numbers = [float(len(text)) for text in texts]
    if path == "/predict":
        return [[{"label": "LABEL_0", "score": number}] for number in numbers]
    if path.endswith("/chat/completions"):
        first, _, second = texts[0].partition("## Response A\n")[2].partition("\n\n## Response B\n")
        verdict = "A>>B" if len(first) > len(second) else "B>>A" if len(first) < len(second) else "A=B"
        return {"choices": [{"message": {"content": f"Longer is better. [[{verdict}]]"}}]}
    key = {"/classify": "probs", "/pooling": "data", "/score": "score"}[path]
    rows = [{"index": index, key: number if key == "score" else [number]} for index, number in enumerate(numbers)]
    return {"data": rows[::-1]}  # servers may answer in any order, hence the index


class _Handler(BaseHTTPRequestHandler):
    server: FaultyServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.bodies.append(body)
            self.server.headers_seen.append(dict(self.headers))
            self.server.times.append(time.monotonic())
            fault = self.server.faults.pop(0) if self.server.faults else None
            self.server.num_running += 1
            self.server.max_running = max(self.server.max_running, self.server.num_running)
        time.sleep(self.server.pause_seconds)
        with self.server.lock:  # before the answer, which the client may act on at once
            self.server.num_running -= 1
        self._answer(fault, body)

    def _answer(self, fault, body: dict) -> None:
        texts = texts_of(self.path, body)
        if fault == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"data": [')
            return
        if fault == "slow":
            time.sleep(0.5)
        if fault == "not gzip":
            self._send(200, b"plain", {"Content-Encoding": "gzip"})
        elif isinstance(fault, tuple):
            self._send(fault[0], b"{}", {"Retry-After": fault[1]})
        elif isinstance(fault, int):
            self._send(fault, b'{"error": "injected"}')
        elif isinstance(fault, bytes):
            self._send(200, fault)
        elif any(len(text) > MAX_TEXT for text in texts):
            self._send(400, b'{"error": "too long"}')
        else:
            self._send(200, json.dumps(answer_of(self.path, texts)).encode())

    def _send(self, status: int, content: bytes, headers=None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args) -> None:
        """Nothing."""
