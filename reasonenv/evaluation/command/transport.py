"""JSON over HTTP to a server that may be busy, slow or wrong: what is asked again, and what is an error at once."""

from __future__ import annotations

import asyncio
import json
import math
import random
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

from reasonenv.errors import EndpointError

if TYPE_CHECKING:
    import httpx

__all__ = ["Connection", "RefusedRequest", "Retries", "connected", "retry_seconds"]

Parsed = TypeVar("Parsed")
_RETRIED = frozenset({408, 409, 425, 429, *range(500, 600)})
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What reading an answer of another form raises."""
_EXCERPT = 300
_MAX_LATE = 2


class RefusedRequest(EndpointError):  # noqa: N818 - names what happened, as httpx's exceptions do
    """A status that says that the request is wrong; asking again is of no use."""

    def __init__(self, url: str, status: int, body: str) -> None:
        super().__init__(f"{url} answered {status}: {body[:_EXCERPT] or 'nothing'}")
        self.status, self.body = status, body


@dataclass(frozen=True, kw_only=True)
class Retries:
    """How often a failed request is sent again, and how long is waited before: each time twice as long.

    One that took too long is sent again once: the same response would mostly take as long again.
    """

    num_retries: int = 6
    first_wait_seconds: float = 1.0
    max_wait_seconds: float = 60.0

    def __post_init__(self) -> None:
        if self.num_retries < 0:
            raise ValueError(f"--endpoint.num-retries must be at least 0, got {self.num_retries}.")

    def wait_before(self, attempt: int) -> float:
        """Return the seconds before the attempt of this number, from 1 on, with up to half as much at random."""
        wait = min(self.first_wait_seconds * 2.0 ** (attempt - 1), self.max_wait_seconds)
        return wait * random.uniform(1.0, 1.5)


@dataclass(frozen=True)
class Connection:
    """A base URL with a client: `await Connection(client, url).post("/completions", body, parse)`.

    Args:
        client: with its timeouts and headers; whoever made it closes it.
        base_url: without a slash at its end.
        timeout_seconds: of one request.
        retries: of requests that fail by no fault of their own.
        secret: never shown, whatever a server repeats.
    """

    client: httpx.AsyncClient
    base_url: str
    retries: Retries
    timeout_seconds: float
    secret: str | None = None

    async def get(self, path: str) -> httpx.Response:
        """GET once.

        Raises:
            EndpointError: nobody answers there.
        """
        import httpx

        url = f"{self.base_url}{path}"
        try:
            return await self.client.get(url, timeout=30)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise EndpointError(
                f"No server answers at {url} ({_named(error)}). Start it, or give another --base-url, such as "
                "http://localhost:8000/v1 (vLLM), http://localhost:11434/v1 (Ollama)."
            ) from error

    async def post(self, path: str, body: Mapping[str, Any], parse: Callable[[Any], Parsed]) -> Parsed:
        """POST until `parse` understands the answer.

        Raises:
            RefusedRequest: a status that says that the request is wrong.
            EndpointError: the last attempt failed too; says how.
        """
        import httpx

        url, failure, wait = f"{self.base_url}{path}", "", 0.0
        content = json.dumps(dict(body))  # with half characters escaped, which UTF-8 cannot hold
        num_attempts = num_late = 0
        while num_attempts <= self.retries.num_retries and num_late < _MAX_LATE:
            await asyncio.sleep(wait)
            num_attempts += 1
            wait = self.retries.wait_before(num_attempts)
            try:
                async with asyncio.timeout(self.timeout_seconds):
                    response = await self.client.post(
                        url, content=content, headers={"Content-Type": "application/json"}
                    )
                if response.is_success:
                    return parse(response.json())
                failure = f"status {response.status_code}: {self._shown(response.text)[:_EXCERPT]}"
                if response.status_code not in _RETRIED:
                    raise RefusedRequest(url, response.status_code, self._shown(response.text))
                wait = retry_seconds(response.headers.get("retry-after"), wait, self.retries.max_wait_seconds)
            except TimeoutError:
                num_late += 1
                failure = f"none within {self.timeout_seconds:g} seconds (--endpoint.timeout-seconds)"
            except httpx.HTTPError as error:
                failure = _named(error)
            except _UNREADABLE as error:
                failure = f"an answer of another form ({_named(error)})"
        raise EndpointError(f"{url} gave no usable answer in {num_attempts} attempts: {failure}")

    def _shown(self, text: str) -> str:
        return text.replace(self.secret, "(the key)") if self.secret else text


@asynccontextmanager
async def connected(
    base_url: str, *, key: str | None, retries: Retries, timeout_seconds: float, concurrency: int
) -> AsyncGenerator[Connection]:
    """Yield a connection; leaving the block closes it.

    Args:
        base_url: to which paths are added.
        key: sent as a bearer token.
        retries: of failed requests.
        timeout_seconds: of one request.
        concurrency: connections that are kept.
    """
    import httpx

    headers = {"Authorization": f"Bearer {key}"} if key else {}
    timeout = httpx.Timeout(None, connect=30.0)
    limits = httpx.Limits(max_connections=concurrency)
    async with httpx.AsyncClient(headers=headers, timeout=timeout, limits=limits) as client:
        yield Connection(client, base_url.rstrip("/"), retries, timeout_seconds, key)


def retry_seconds(header: str | None, otherwise: float, most: float) -> float:
    """Return how long `Retry-After` asks to wait, in seconds or by a date, at most `most`; else `otherwise`."""
    if not header:
        return otherwise
    try:
        left = float(header) if header.strip().isdecimal() else _seconds_until(header)
    except (ValueError, TypeError, OverflowError):
        return otherwise
    return min(max(left, 0.0), most) if math.isfinite(left) else otherwise


def _seconds_until(date: str) -> float:
    return (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()


def _named(error: Exception) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
