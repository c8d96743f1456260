"""The program of one grader under test: loads one scoring function and calls it.

`reasonenv.workers` runs it in an interpreter of its own. Until the grader is loaded, only the standard library is, so
that the time of loading is the grader's own. The user names the call convention; a signature is never inspected, since
those with `**kwargs` all look alike.

Covered: hangs (the caller kills the whole session), memory, exceptions, text on standard output. Not covered: isolation
from files and network; the scoring functions are code that the user chose to run.
"""

from __future__ import annotations

import importlib
import pickle
import time
from base64 import b64decode
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

Scorer = Callable[[Sequence[str], Sequence[str]], list[Any]]

_QUESTION = "What is the answer?"
_DATA_SOURCE = "lighteval/MATH"


def prepare(kind: str, target: str) -> tuple[dict[str, Any], Callable[..., dict[str, Any]] | None]:
    """Load the grader; the first reply is `{"import_seconds": s}` or `{"error": …}`.

    A request is `{"golds": […], "responses": […]}`, its reply `{"scores": […], "seconds": s}` or `{"error": …}`.
    """
    start = time.perf_counter()
    try:
        scorer = _LOADERS[kind](target)
    except Exception as error:  # noqa: BLE001 the boundary where a failure becomes data
        return {"error": f"{type(error).__name__}: {error}"}, None
    return {"import_seconds": time.perf_counter() - start}, partial(_score, scorer)


def _score(scorer: Scorer, golds: list[str], responses: list[str]) -> dict[str, Any]:
    start = time.perf_counter()
    try:
        scores = [_number(score) for score in scorer(golds, responses)]
        if len(scores) != len(golds):
            raise ValueError(f"Expected one score per response: {len(golds)}, got {len(scores)}.")
    except Exception as error:  # noqa: BLE001 the boundary where a failure becomes data
        return {"error": f"{type(error).__name__}: {error}"[:300], "seconds": time.perf_counter() - start}
    return {"scores": scores, "seconds": time.perf_counter() - start}


def _number(score: Any) -> float | None:
    """Return a score as JSON can carry it; None for what is no score."""
    if score is None:
        return None
    value = float(score)
    return value if value == value else None


def _attribute(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def _load_reward(target: str) -> Scorer:
    """Load a reward, which gets pickled tasks in place of gold answers."""
    from reasonenv.rewards import load_reward
    from reasonenv.types import Attempt

    reward = load_reward(_attribute(target) if ":" in target else target)

    def score(golds: Sequence[str], responses: Sequence[str]) -> list[Any]:
        attempts = [
            Attempt(task=pickle.loads(b64decode(gold)), response=response)
            for gold, response in zip(golds, responses, strict=True)
        ]
        return [breakdown.total for breakdown in reward.score(attempts)]

    return score


def _load_trl(target: str) -> Scorer:
    """Load a function that takes prompts and completions as lists of messages, as in a conversational data set."""
    function = _attribute(target)

    def score(golds: Sequence[str], responses: Sequence[str]) -> list[Any]:
        prompts = [[{"role": "user", "content": _QUESTION}] for _ in golds]
        completions = [[{"role": "assistant", "content": response}] for response in responses]
        return _call_trl(function, prompts, completions, golds, responses)

    return score


def _load_trl_text(target: str) -> Scorer:
    """Load a function that takes prompts and completions as strings."""
    function = _attribute(target)

    def score(golds: Sequence[str], responses: Sequence[str]) -> list[Any]:
        return _call_trl(function, [_QUESTION] * len(golds), list(responses), golds, responses)

    return score


def _call_trl(
    function: Any, prompts: list[Any], completions: list[Any], golds: Sequence[str], responses: Sequence[str]
) -> list[Any]:
    """Call with UTF-8 bytes in place of token ids, and with the gold answer under each of the usual columns."""
    return function(
        prompts=prompts,
        completions=completions,
        completion_ids=[list(response.encode("utf-8", "surrogatepass")) for response in responses],
        solution=[rf"\boxed{{{gold}}}" for gold in golds],
        answer=list(golds),
        ground_truth=list(golds),
    )


def _load_verl(target: str) -> Scorer:
    function = _attribute(target)

    def score_one(gold: str, response: str) -> Any:
        result = function(data_source=_DATA_SOURCE, solution_str=response, ground_truth=gold, extra_info={})
        return result["score"] if isinstance(result, dict) else result

    return _one_by_one(score_one)


def _load_plain(target: str) -> Scorer:
    return _one_by_one(_attribute(target))


def _load_math_verify(_: str) -> Scorer:
    """Load math-verify's public API with the gold answer in a box; its timeouts are signals and stay off."""
    from math_verify import parse, verify

    no_signals: Any = None

    def score_one(gold: str, response: str) -> Any:
        gold_values = parse(rf"\boxed{{{gold}}}", parsing_timeout=no_signals)
        if not gold_values:
            return None
        return verify(gold_values, parse(response, parsing_timeout=no_signals), timeout_seconds=no_signals)

    return _one_by_one(score_one)


def _one_by_one(function: Callable[[str, str], Any]) -> Scorer:
    def score(golds: Sequence[str], responses: Sequence[str]) -> list[Any]:
        return [function(gold, response) for gold, response in zip(golds, responses, strict=True)]

    return score


_LOADERS: dict[str, Callable[[str], Scorer]] = {
    "reward": _load_reward,
    "trl": _load_trl,
    "trl-text": _load_trl_text,
    "verl": _load_verl,
    "plain": _load_plain,
    "math-verify": _load_math_verify,
}
