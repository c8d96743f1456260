"""What an evaluation asks, and what it is answered by: a checkpoint, an endpoint, or a policy of your own.

This package imports no learner: a checkpoint's policy is found by its "module:attribute" when one is asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from reasonenv.counts import check_counts
from reasonenv.errors import MissingExtraError
from reasonenv.tables import resolve
from reasonenv.types import Message, Task

__all__ = ["Policy", "Question", "Reply", "Sampling", "load_checkpoint", "load_own_policy"]

_CHECKPOINT = "agents.sampling:CheckpointPolicy"


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How responses are sampled: `Sampling(max_tokens=1024)`. A temperature of 0 is greedy."""

    max_tokens: int
    temperature: float = 0.6
    top_p: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        check_counts(max_tokens=self.max_tokens)
        if not 0 <= self.temperature < float("inf"):
            raise ValueError(f"temperature must be 0 (greedy) or positive and finite, got {self.temperature}.")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must lie in (0, 1], got {self.top_p}.")


@dataclass(frozen=True, kw_only=True)
class Question:
    """One response that is asked for: the `sample`-th to a task, in both forms of the prompt."""

    task: Task[Any]
    sample: int
    text: str
    messages: tuple[Message, ...]

    @property
    def key(self) -> tuple[str, int]:
        """What tells it from the others."""
        return self.task.task_id, self.sample

    def seed(self, seed: int) -> int:
        """Return a seed of its own below 2³¹: the same whatever else is asked."""
        digest = hashlib.sha256(f"{seed}\n{self.task.task_id}\n{self.sample}".encode()).digest()
        return int.from_bytes(digest[:4], "big") >> 1


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A response with its thinking in `<think>` tags: `Reply(text="<think>2+3</think>5", finish_reason="stop")`."""

    text: str
    finish_reason: str | None = None
    """As the policy says it; "length" is a response that was cut off."""
    response_tokens: int | None = None
    is_refused: bool = False
    """The server kept the response back, or says itself that it refuses."""


@runtime_checkable
class Policy(Protocol):
    """Whatever answers questions."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that tell this policy from every other; they go into the settings of an evaluation."""
        ...

    def respond(
        self,
        questions: Sequence[Question],
        is_wanted: Callable[[Question], bool],
        sampling: Sampling,
        keep: Callable[[Question, Reply], None],
    ) -> None:
        """Answer the wanted questions, in any order.

        Args:
            questions: all of the evaluation, by task and sample. A policy whose draws depend on what is sampled beside
                them asks itself some that are not wanted again, to give the same replies as an uninterrupted one.
            is_wanted: whether a question has no reply yet.
            sampling: how to sample.
            keep: takes each reply as it comes, and saves it.
        """
        ...


def load_checkpoint(source: str, **settings: Any) -> Policy:
    """Return the policy of a checkpoint folder or hub name.

    Raises:
        MissingExtraError: the learners' distribution is not installed.
        ConfigError: the checkpoint cannot be loaded.
    """
    try:
        policy = resolve({"checkpoint": _CHECKPOINT}, "checkpoint", kind="policy")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "agents":
            raise
        raise MissingExtraError("agents", "reasonenv-agents") from error
    return policy(source, **settings)


def load_own_policy(path: str) -> Policy:
    """Return a policy of your own by its "module:attribute"; a class or function without arguments makes one.

    Raises:
        PartImportError: nothing is found there.
        TypeError: what is found is no policy.
    """
    found = resolve({}, path, kind="policy")
    made = found() if callable(found) and (isinstance(found, type) or not isinstance(found, Policy)) else found
    if not isinstance(made, Policy):
        raise TypeError(f"{path!r} is a {type(made).__name__}, which is no policy: that has identity and respond.")
    return made
