"""A server on loopback that speaks OpenAI's dialect with a tiny policy behind it, and commits faults.

Faults are committed in order, one a request: a status; a status with `Retry-After`; "cut", a connection that ends in
the middle; "drip", one that sends a byte at a time; bytes, sent as they are; None, no fault.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import torch
from chat_templates import FAMILIES

from agents.building import build_engine, load_policy
from agents.config import EnvConfig, PolicyConfig
from agents.policies.tiny import build_tiny_policy, build_tiny_tokenizer
from agents.rollout.engine import SamplingParams

MODEL = "tiny"


def save_chat_policy(folder: Path, family: str = "qwen_3", seed: int = 0) -> None:
    """Write a tiny policy whose tokenizer has the chat template of a family."""
    tokenizer = build_tiny_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": list(FAMILIES[family].controls)})
    tokenizer.chat_template = FAMILIES[family].template
    model, _ = build_tiny_policy(seed=seed, tokenizer=tokenizer)
    end = tokenizer.convert_tokens_to_ids(FAMILIES[family].end)
    model.generation_config.eos_token_id = [tokenizer.eos_token_id, end]
    with torch.no_grad():  # long runs of one token would hide differences
        model.model.embed_tokens.weight.mul_(0.3)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


class OpenAIServer(ThreadingHTTPServer):
    """`thinking_field` is where the thinking of a response goes; None leaves it in the content."""

    daemon_threads = True

    def __init__(self, folder: Path, faults=(), *, thinking_field: str | None = None, key: str | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.faults, self.thinking_field, self.key = list(faults), thinking_field, key
        self.policies = {
            is_chat: load_policy(
                PolicyConfig(path=str(folder)), EnvConfig(use_chat_template=is_chat), seed=0, is_trained=False
            )
            for is_chat in (True, False)
        }
        self.engine = build_engine(self.policies[True], "decode")
        self.context = 256
        self.bodies: list[dict] = []
        self.pause_seconds = 0.0
        self.num_running = self.max_running = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request, client_address) -> None:
        """A client that stops waiting is part of the test."""

    def choice(self, body: dict) -> tuple[dict, int]:
        """Return the choice that the policy makes, and its number of tokens."""
        is_chat = "messages" in body
        codec = self.policies[is_chat].codec
        prompt = codec.encode_prompt(body.get("prompt", ""), body.get("messages", ()))
        params = SamplingParams(
            max_new_tokens=body["max_tokens"],
            temperature=body["temperature"],
            top_p=body["top_p"],
            seed=body.get("seed", 0),
            stop_token_ids=codec.stop_token_ids,
        )
        with self.lock:
            [[completion]] = self.engine.generate([prompt], params)
        text = codec.decode(completion.token_ids)
        choice = {"index": 0, "finish_reason": completion.finish_reason}
        if not is_chat:
            return choice | {"text": text}, len(completion.token_ids)
        message = {"role": "assistant", "content": text}
        if self.thinking_field is not None:
            thinking, closing, content = text.partition("</think>")
            message |= {self.thinking_field: thinking, "content": content if closing else None}
        return choice | {"message": message}, len(completion.token_ids)


@contextmanager
def serving(folder: Path, faults=(), **settings) -> Iterator[OpenAIServer]:
    server = OpenAIServer(folder, faults, **settings)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: OpenAIServer

    def do_GET(self) -> None:
        if self.path != "/v1/models":
            self._send(404, b"not found")
        else:
            self._send(200, json.dumps({"data": [{"id": MODEL}, {"id": "tiny-base"}]}).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.bodies.append(body)
            fault = self.server.faults.pop(0) if self.server.faults else None
            self.server.num_running += 1
            self.server.max_running = max(self.server.max_running, self.server.num_running)
        time.sleep(self.server.pause_seconds)
        with self.server.lock:
            self.server.num_running -= 1
        self._answer(fault, body)

    def _answer(self, fault, body: dict) -> None:
        if fault == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"choices": [')
        elif fault == "drip":
            self.send_response(200)
            self.send_header("Content-Length", "20")
            self.end_headers()
            for _ in range(20):
                self.wfile.write(b" ")
                time.sleep(0.05)
        elif isinstance(fault, tuple):
            self._send(fault[0], b"{}", {"Retry-After": fault[1]})
        elif isinstance(fault, int):
            self._refuse(fault, "injected")
        elif isinstance(fault, bytes):
            self._send(200, fault)
        elif self.server.key is not None and self.headers.get("Authorization") != f"Bearer {self.server.key}":
            self._refuse(401, f"Incorrect key: {self.headers.get('Authorization')}")
        elif self.path not in ("/v1/chat/completions", "/v1/completions"):
            self._refuse(404, "Not Found")
        elif body["model"] != MODEL:
            self._refuse(404, f"The model `{body['model']}` does not exist.")
        elif body["max_tokens"] > self.server.context:
            self._refuse(400, f"This model's maximum context length is {self.server.context} tokens.")
        else:
            choice, num_tokens = self.server.choice(body)
            self._send(200, json.dumps({"choices": [choice], "usage": {"completion_tokens": num_tokens}}).encode())

    def _refuse(self, status: int, message: str) -> None:
        self._send(status, json.dumps({"error": {"message": message}}).encode())

    def _send(self, status: int, content: bytes, headers=None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args) -> None:
        """Nothing."""
