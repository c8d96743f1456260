"""Preference pairs from a judge, as 2501.12948 (v2) made those of its helpfulness model.

Verdicts run from −2 (the second response is much better) to 2 (the first is), so that their mean over random orders
says something. Balance the lengths of the pairs afterwards (`reward_models.training.data.balance_lengths`).
"""

from __future__ import annotations

import math
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Protocol

import httpx

from reward_models.base import Prompt, prompt_text
from reward_models.errors import JudgeError, ServerError
from reward_models.http.transport import RequestPolicy, map_bounded, post_json
from reward_models.training.data import PreferencePair

__all__ = ["Candidate", "Judge", "OpenAIJudge", "PairReport", "build_pairs", "parse_verdict"]

_VERDICTS = {"A>>B": 2.0, "A>B": 1.0, "A=B": 0.0, "B>A": -1.0, "B>>A": -2.0}
_VERDICT = re.compile(r"\[\[(A>>B|A>B|A=B|B>A|B>>A)\]\]")
_INSTRUCTIONS = """Act as an impartial judge of two responses to the request below. Consider whether each is helpful, \
relevant, correct, complete and concise. Do not let the order or the length of the responses sway you. \
Explain briefly, then end with exactly one verdict: [[A>>B]] if A is much better, [[A>B]] if A is slightly better, \
[[A=B]] if they are equal, [[B>A]] if B is slightly better, [[B>>A]] if B is much better."""


class Candidate(NamedTuple):
    """Two responses to one prompt, in any order."""

    prompt: Prompt
    first: str
    second: str


class Judge(Protocol):
    """Compares two responses: 2 if the first is much better, −2 if the second is, 0 if they are equal."""

    def __call__(self, prompt: Prompt, first: str, second: str) -> float:
        """Return the verdict; raise JudgeError when there is none."""
        ...


def parse_verdict(answer: str) -> float:
    """Return the last verdict in a judge's answer.

    Raises:
        JudgeError: there is none.

    >>> parse_verdict("B is terse. [[B>>A]]")
    -2.0
    """
    found = _VERDICT.findall(answer)
    if not found:
        raise JudgeError(f"Expected a verdict such as [[A>B]], got {answer[-200:]!r}.")
    return _VERDICTS[found[-1]]


@dataclass(frozen=True, eq=False)
class OpenAIJudge:
    """A judge behind any endpoint that speaks OpenAI's `/chat/completions`.

    Args:
        url: up to and including `/v1`.
        model: the name under which the endpoint knows it.
        api_key: sent as a bearer token; None where the endpoint asks for none.
    """

    url: str
    model: str
    api_key: str | None = None
    temperature: float = 1.0
    max_tokens: int = 2048
    policy: RequestPolicy = field(default_factory=RequestPolicy)

    def __call__(self, prompt: Prompt, first: str, second: str) -> float:
        """Return the verdict of one call; ask again where an answer holds none."""
        question = f"## Request\n{prompt_text(prompt)}\n\n## Response A\n{first}\n\n## Response B\n{second}"
        messages = [{"role": "system", "content": _INSTRUCTIONS}, {"role": "user", "content": question}]
        body = {
            "model": self.model,
            "messages": messages,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
        }
        headers = {} if self.api_key is None else {"Authorization": f"Bearer {self.api_key}"}
        deadline = time.monotonic() + self.policy.deadline_seconds
        url = self.url.rstrip("/") + "/chat/completions"
        try:
            with httpx.Client(headers=headers) as client:
                return post_json(client, url, body, _verdict_of_answer, policy=self.policy, deadline=deadline)
        except ServerError as error:
            raise JudgeError(str(error)) from error


def _verdict_of_answer(answer: Any) -> float:
    try:
        return parse_verdict(str(answer["choices"][0]["message"]["content"]))
    except JudgeError as error:
        raise ValueError(str(error)) from error


@dataclass(frozen=True, slots=True)
class PairReport:
    """The pairs, and how many candidates gave none: too close to call, or a call failed."""

    pairs: list[PreferencePair]
    num_undecided: int
    num_failed: int


def build_pairs(
    candidates: Sequence[Candidate],
    judge: Judge,
    *,
    seed: int,
    num_calls: int = 4,
    min_difference: float = 1.0,
    max_concurrency: int = 8,
) -> PairReport:
    """Ask the judge `num_calls` times about each candidate, in random order, and keep the clear preferences.

    Δ is the mean of the verdicts, put back into the order of the candidate; a pair is kept if |Δ| > `min_difference`.
    The paper (2501.12948, v2) asks four times, averages, and keeps Δ > 1, on a scale that it does not print; ours is
    −2 … 2. The margin of a pair is 0: Δ is a filter, not a target.

    Args:
        seed: of the random orders.
    """
    generator = random.Random(seed)
    swaps = [[generator.random() < 0.5 for _ in range(num_calls)] for _ in candidates]
    ask = partial(_mean_verdict, judge)
    differences = map_bounded(ask, list(zip(candidates, swaps, strict=True)), max_concurrency=max_concurrency)
    pairs = [
        PreferencePair(
            candidate.prompt,
            chosen=candidate.first if difference > 0 else candidate.second,
            rejected=candidate.second if difference > 0 else candidate.first,
        )
        for candidate, difference in zip(candidates, differences, strict=True)
        if abs(difference) > min_difference
    ]
    num_failed = sum(math.isnan(difference) for difference in differences)
    return PairReport(pairs, len(candidates) - len(pairs) - num_failed, num_failed)


def _mean_verdict(judge: Judge, job: tuple[Candidate, list[bool]]) -> float:
    """Return Δ of one candidate; NaN when a call failed: a mean over fewer calls would be another measurement."""
    (prompt, first, second), swaps = job
    try:
        verdicts = [
            -judge(prompt, second, first) if is_swapped else judge(prompt, first, second) for is_swapped in swaps
        ]
    except JudgeError:
        return math.nan
    return math.fsum(verdicts) / len(verdicts)
