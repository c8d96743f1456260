"""The interface between learners and whatever generates tokens: token ids in, token ids and log-probabilities out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from torch import Tensor

from agents.types import TokenIds
from reasonenv.counts import check_counts

__all__ = ["Completion", "EngineFactory", "LiveWeights", "ReportsProgress", "RolloutEngine", "SamplingParams"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingParams:
    """How to sample. `temperature=0` is greedy decoding; its log-probabilities are those at temperature 1."""

    max_new_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0
    stop_token_ids: tuple[int, ...] = ()
    """Generation ends after any of these; the stop token is part of the completion and is trained on."""
    seed: int = 0
    records_routing: bool = False
    """Ask for `Completion.routed_experts`; an engine that cannot record them gives None."""

    def __post_init__(self) -> None:
        check_counts(max_new_tokens=self.max_new_tokens)
        if not 0 <= self.temperature < math.inf:
            raise ValueError(f"temperature must be 0 (greedy) or positive and finite, got {self.temperature}.")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must lie in (0, 1], got {self.top_p}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One sampled continuation.

    `logprobs[i]` is the log-probability of `token_ids[i]` under the *sampling* distribution (after temperature; before
    top-p truncation), fp32. `finish_reason` is "stop" (a stop token was sampled) or "length".
    """

    token_ids: TokenIds
    logprobs: tuple[float, ...]
    finish_reason: Literal["stop", "length"]
    weights_version: int
    routed_experts: Tensor | None = field(default=None, compare=False, repr=False)
    """int16 [T, L, K] on the CPU: the K experts that each of L routers chose for the tokens of prompt and completion,
    without the last one, which no forward pass has seen."""


@runtime_checkable
class RolloutEngine(Protocol):
    """Generates completions with one version of the policy's weights."""

    weights_version: int

    def generate(
        self, prompts: Sequence[TokenIds], params: SamplingParams, *, num_samples: int = 1
    ) -> list[list[Completion]]:
        """Return `num_samples` completions for each prompt, in order: result[p][g]."""
        ...

    def load_weights(self, named_tensors: Iterable[tuple[str, Tensor]], *, version: int) -> None:
        """Replace the weights and record the version.

        Learners give `agents.policies.export.exported_weights`, which are `LiveWeights`: an engine that samples from
        `named_tensors.module` has them already, and only records the version.
        """
        ...

    def close(self) -> None:
        """Free what the engine holds; idempotent."""
        ...


@runtime_checkable
class LiveWeights(Protocol):
    """Named tensors that say whose they are."""

    @property
    def module(self) -> Any:
        """The learner's module."""
        ...

    def __iter__(self) -> Iterator[tuple[str, Tensor]]:
        """Yield names and tensors."""
        ...


class EngineFactory(Protocol):
    """What a row of `ENGINES` leads to: usually the engine's class."""

    def __call__(self, model: Any, *, pad_token_id: int) -> RolloutEngine:
        """Return an engine that samples from the learner's own, live module."""
        ...


@runtime_checkable
class ReportsProgress(Protocol):
    """What an engine may offer besides: while it generates, it says how far it is."""

    on_progress: Callable[[int, int], None] | None
    """Called with the number of finished completions and that of all in the request; None until somebody listens."""
