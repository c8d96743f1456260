"""JSON over HTTP to servers that fail: retries, time limits, and never more requests at once than allowed.

An answer that cannot be understood is a failed request like any other, and is asked for again.
"""

from __future__ import annotations

import email.utils
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from reward_models.errors import ServerError

__all__ = ["RefusedError", "RequestPolicy", "map_bounded", "post_json"]

Parsed = TypeVar("Parsed")
Given = TypeVar("Given")
_RETRIED_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
# What reading nonsense raises: absent or wrong parts, numbers too large for a float, nesting too deep to decode.
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)


class RefusedError(ServerError):
    """The server says that the request itself is wrong (a 4xx status), so that asking again is of no use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPolicy:
    """How long, how often and how many at once.

    Args:
        timeout_seconds: of one attempt.
        max_retries: attempts after the first one.
        backoff_seconds: before the first retry; doubles each time, with up to half as much again at random.
        max_backoff_seconds: the longest wait, also when the server's `Retry-After` asks for more.
        max_concurrency: requests under way at the same time; further ones wait.
        deadline_seconds: of a whole call over many requests; what is not done by then has failed.
    """

    timeout_seconds: float = 60.0
    max_retries: int = 4
    backoff_seconds: float = 0.5
    max_backoff_seconds: float = 30.0
    max_concurrency: int = 8
    deadline_seconds: float = 600.0


def post_json(
    client: httpx.Client,
    url: str,
    body: object,
    parse: Callable[[Any], Parsed],
    *,
    policy: RequestPolicy,
    deadline: float,
) -> Parsed:
    """POST `body` until `parse` understands the answer.

    Args:
        parse: from the decoded JSON; raises ValueError, TypeError, LookupError or the like for anything unexpected.
        deadline: by `time.monotonic()`.

    Raises:
        RefusedError: a status that says the request is wrong.
        ServerError: retries or time ran out; says how the last attempt failed.
    """
    failure, num_attempts, backoff = "the deadline had passed", 0, policy.backoff_seconds
    while num_attempts <= policy.max_retries and (left := deadline - time.monotonic()) > 0:
        num_attempts += 1
        wait = backoff * random.uniform(1.0, 1.5)
        try:
            response = client.post(url, json=body, timeout=min(policy.timeout_seconds, left))
            if response.is_success:
                return parse(response.json())
            failure = f"status {response.status_code}: {response.text[:200]}"
            if response.status_code not in _RETRIED_STATUSES:
                raise RefusedError(f"{url} refused the request with {failure}")
            wait = _retry_after(response, otherwise=wait)
        except UnicodeEncodeError as error:
            raise RefusedError(f"the request cannot be sent: {error}") from error
        except httpx.RequestError as error:
            failure = f"{type(error).__name__}: {error}"
        except _UNREADABLE as error:
            failure = f"an answer of another form: {error!r}"
        backoff = min(2 * backoff, policy.max_backoff_seconds)
        if num_attempts <= policy.max_retries:
            time.sleep(max(0.0, min(wait, policy.max_backoff_seconds, deadline - time.monotonic())))
    raise ServerError(f"{url} gave no answer in {num_attempts} attempts: {failure}")


def _retry_after(response: httpx.Response, *, otherwise: float) -> float:
    """Return the seconds to wait from the header's number or date; `otherwise` if it is absent or neither."""
    header = response.headers.get("Retry-After", "")
    if header.strip().isdecimal():
        return float(header)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, OverflowError):
        return otherwise


def map_bounded(
    function: Callable[[Given], Parsed], arguments: Sequence[Given], *, max_concurrency: int
) -> list[Parsed]:
    """Return `function` of each argument, in order, at most `max_concurrency` at the same time."""
    if not arguments:
        return []
    with ThreadPoolExecutor(max_workers=min(max_concurrency, len(arguments))) as executor:
        return list(executor.map(function, arguments))
