"""A policy behind an OpenAI-compatible server: Ollama, vLLM, `transformers serve`, llama.cpp, or a provider.

Chat completions by default; completions, which continue the template's text, for base models. Each response is a
request of its own, as not every server gives several at once. Servers that take the thinking out of the response put it
into a field of its own; here it is joined again, so that rewards see the response as the model wrote it.
"""

from __future__ import annotations

import asyncio
import difflib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from reasonenv.counts import check_counts
from reasonenv.errors import EndpointError
from reasonenv.evaluation.command.policy import Question, Reply, Sampling
from reasonenv.evaluation.command.transport import Connection, RefusedRequest, Retries, connected
from reasonenv.parsing import opened_thinking

__all__ = ["Endpoint"]

_THINKING_FIELDS = ("reasoning_content", "reasoning", "thinking")
"""What servers call the thinking: DeepSeek, SGLang and llama.cpp; vLLM and OpenRouter; Ollama."""
_CONTEXT_WORDS = (
    "context length",
    "context window",
    "context_length",
    "maximum context",
    "context size",
    "max_model_len",
)
_REFUSED_FIELDS = ("messages", "model", "n", "prompt", "stream")
_FILTER_WORDS = ("content_filter", "content management policy")


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Answers by requests: `Endpoint(base_url="http://localhost:8000/v1", model="policy")`.

    Args:
        base_url: to which `/chat/completions` is added. The same model may answer elsewhere when an evaluation goes on.
        model: the name under which the server knows it.
        completions: continue the text of the template instead of chatting.
        api_key_env: the environment variable that holds the key, if the server wants one.
        concurrency: requests under way at once.
        timeout_seconds: of one response.
        retries: of requests that fail.
        extra: fields that are added to every request, such as `{"top_k": 20}`; null leaves one out.

    Raises:
        ValueError: a URL that is none or holds a password, a variable that is not set or holds no key, no time for a
            response, or a field that asks something else, for several responses or for parts of one.
    """

    base_url: str
    model: str
    completions: bool = False
    api_key_env: str | None = None
    concurrency: int = 8
    timeout_seconds: float = 1800.0
    retries: Retries = field(default_factory=Retries)
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        check_counts(concurrency=self.concurrency)
        if not self.timeout_seconds > 0:
            raise ValueError(f"--endpoint.timeout-seconds must be above 0, got {self.timeout_seconds}.")
        if refused := sorted(name for name in _REFUSED_FIELDS if self.extra.get(name)):
            raise ValueError(
                f"--endpoint.extra must leave out {refused}: each request puts one question for one whole response."
            )
        _check_address(self.base_url)
        if self.api_key_env is None:
            return
        key = os.environ.get(self.api_key_env)
        if not key:
            raise ValueError(f"The environment variable {self.api_key_env!r}, which was to hold the key, is not set.")
        if not (key.isascii() and key.isprintable()) or key != key.strip():
            raise ValueError(
                f"The environment variable {self.api_key_env!r} holds no key: there are spaces around it, or "
                "characters that a request cannot carry, such as a line break."
            )

    @property
    def identity(self) -> Mapping[str, Any]:
        """Return what tells this policy from others: neither address nor key nor limits."""
        return {
            "model": self.model,
            "form": "text" if self.completions else "chat",
            "extra": dict(self.extra),
        }

    def respond(
        self,
        questions: Sequence[Question],
        is_wanted: Callable[[Question], bool],
        sampling: Sampling,
        keep: Callable[[Question, Reply], None],
    ) -> None:
        """Ask the wanted questions, several at once; replies come in any order.

        Raises:
            EndpointError: no server, a wrong URL or key, a model that it does not have, a prompt that is too long, or
                a server that fails again and again. Requests under way are waited for, and kept.
        """
        asyncio.run(self._respond(filter(is_wanted, questions), sampling, keep))

    async def _respond(
        self, waiting: Iterator[Question], sampling: Sampling, keep: Callable[[Question, Reply], None]
    ) -> None:
        key = os.environ[self.api_key_env] if self.api_key_env else None
        failures: list[EndpointError] = []
        async with connected(
            self.base_url,
            key=key,
            retries=self.retries,
            timeout_seconds=self.timeout_seconds,
            concurrency=self.concurrency,
        ) as connection:
            await connection.get("/models")

            async def work() -> None:
                for question in waiting:
                    if failures:
                        return
                    try:
                        keep(question, await self._reply(connection, question, sampling))
                    except EndpointError as error:
                        failures.append(error)

            await asyncio.gather(*(work() for _ in range(self.concurrency)))
        if failures:
            raise failures[0]

    async def _reply(self, connection: Connection, question: Question, sampling: Sampling) -> Reply:
        path = "/completions" if self.completions else "/chat/completions"
        prompt = {"prompt": question.text} if self.completions else {"messages": list(question.messages)}
        body: dict[str, Any] = {
            "model": self.model,
            **prompt,
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": question.seed(sampling.seed),
            **self.extra,
        }
        body = {name: value for name, value in body.items() if value is not None}
        opened = opened_thinking(question.text) if self.completions else ""
        try:
            return await connection.post(path, body, lambda answer: _read(answer, opened))
        except RefusedRequest as error:
            if any(word in error.body for word in _FILTER_WORDS):
                return Reply(text="", finish_reason="content_filter", is_refused=True)
            raise await self._explained(error, connection, question, sampling) from error

    async def _explained(
        self, error: RefusedRequest, connection: Connection, question: Question, sampling: Sampling
    ) -> EndpointError:
        """Return an error that says what to do about a refusal."""
        if error.status in (401, 403):
            given = f"that of {self.api_key_env}" if self.api_key_env else "none"
            return EndpointError(
                f"{error}. The server wants another key than the given one ({given}): set an environment variable and "
                "name it by --endpoint.api-key-env."
            )
        if any(word in error.body.lower() for word in _CONTEXT_WORDS):
            return EndpointError(
                f"{error}. Task {question.task.task_id!r} and a response of --max-tokens {sampling.max_tokens} do not "
                "fit into the model's context: ask for fewer tokens, or start the server with a larger context."
            )
        offered = await _offered(connection)
        if offered and self.model not in offered:
            close = difflib.get_close_matches(self.model, offered, n=1, cutoff=0.4)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            return EndpointError(
                f"{self.base_url} has no model {self.model!r}.{hint} It offers: {', '.join(offered)}. ({error})"
            )
        if error.status in (404, 405):
            other = "chat completions (leave out --completions)" if self.completions else "--completions"
            return EndpointError(
                f"{error}. Is the base URL right? It mostly ends in /v1, as in http://localhost:8000/v1. A server that "
                f"has no such path may have the other one: {other}."
            )
        return EndpointError(
            f"{error}. A field that the server does not know can be left out or changed by --endpoint.extra, as in "
            "'{\"seed\": null}'."
        )


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    try:
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of a port that is no number up to 65535
        is_address = False
    if not is_address:
        raise ValueError(f"--base-url must be an http or https address such as http://localhost:8000/v1, got {url!r}.")
    if "@" in parts.netloc or parts.query:
        raise ValueError(
            "--base-url is shown in messages and must hold no password or key: give the name of an environment "
            "variable that holds the key by --endpoint.api-key-env."
        )


async def _offered(connection: Connection) -> list[str]:
    """Return the names of the models that a server lists; nothing where it lists none."""
    response = await connection.get("/models")
    try:
        return [str(model["id"]) for model in response.json()["data"]] if response.is_success else []
    except (ValueError, TypeError, LookupError):
        return []


def _read(answer: Any, opened: str) -> Reply:
    """Read a completion or a chat completion; raises what reading another form raises."""
    (choice,) = answer["choices"]
    reason = choice.get("finish_reason")
    if reason is not None and not isinstance(reason, str):
        raise TypeError(f"expected finish_reason to be a text, got {reason!r:.80}")
    tokens = (answer.get("usage") or {}).get("completion_tokens")
    is_refused = reason == "content_filter"
    if "message" in choice:
        message = choice["message"]
        text = _joined(_text(message.get("content")), _thinking(message))
        is_refused = is_refused or bool(message.get("refusal"))
        text = text or _text(message.get("refusal"))
    else:
        text = opened + choice["text"]
    return Reply(
        text=text,
        finish_reason=reason,
        response_tokens=tokens if isinstance(tokens, int) else None,
        is_refused=is_refused,
    )


def _text(content: object) -> str:
    if content is None:
        return ""
    if not isinstance(content, str):
        raise TypeError(f"expected a text, got {content!r:.80}")
    return content


def _thinking(message: Mapping[str, Any]) -> str:
    """Return the thinking of a message, whatever the server calls it."""
    return next((text for name in _THINKING_FIELDS if (text := _text(message.get(name)))), "")


def _joined(content: str, thinking: str) -> str:
    """Return the response as the model wrote it; thinking that nothing follows stays open, as it was cut off."""
    if not thinking or "</think>" in content:
        return content
    return f"<think>{thinking}</think>{content}" if content else f"<think>{thinking}"
