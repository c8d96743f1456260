"""Parts that fail in the middle of a run: what was done before is saved, and the message says what happened."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from test_train import RL, small_run

from agents.algorithms import GRPO
from agents.config import RunConfig
from agents.errors import ConfigError, TrainingError
from agents.train import train
from agents.types import LossOutput, PolicyOutputs, TokenBatch


@dataclass(frozen=True)
class Failing:
    """GRPO whose loss raises in the third step."""

    kind: str = "memory"
    inner: GRPO = field(default_factory=lambda: GRPO(entropy_coef=0.1))
    calls: list[int] = field(default_factory=list[int])

    @property
    def needs(self) -> frozenset[Any]:
        return self.inner.needs

    def annotate(self, b: TokenBatch) -> TokenBatch:
        self.calls.append(1)
        return self.inner.annotate(b)

    def gradient_rows(self, b: TokenBatch) -> torch.Tensor:
        return self.inner.gradient_rows(b)

    def loss(self, o: PolicyOutputs, b: TokenBatch) -> LossOutput:
        if len(self.calls) == 3:
            raise {"memory": torch.OutOfMemoryError("CUDA out of memory"), "own": KeyError("oops")}[self.kind]
        return self.inner.loss(o, b)


def failing_run(folder: Path, kind: str) -> RunConfig:
    algorithm: Any = Failing(kind=kind)
    rl = replace(RL, algorithm=algorithm, rollout=replace(RL.rollout, engine="decode"))
    return small_run(folder, cold_start=(), control=(), rl=rl, checkpoint_every=50)


@pytest.mark.parametrize(("kind", "error"), [("memory", TrainingError), ("own", KeyError)])
def test_steps_before_a_failure_are_saved(tmp_path: Path, kind: str, error: type[Exception]) -> None:
    config = failing_run(tmp_path, kind)
    with pytest.raises(error) as raised:
        train(config)
    said = " ".join([str(raised.value), *getattr(raised.value, "__notes__", ())])
    assert "Stopped before step 3 of rl was done; everything before that is saved. Go on with: python -m agents" in said
    assert ("Memory was not enough: lower update.max_tokens_per_microbatch" in said) == (kind == "memory")
    state = json.loads((config.folder / "checkpoint" / "state.json").read_text())
    assert (state["weights"], state["step"]) == ("rl-000002", 2)


class Lazy:
    """An engine that says nothing."""

    weights_version = 0

    def __init__(self, model: Any, *, pad_token_id: int) -> None:
        del model, pad_token_id

    def generate(self, prompts: Any, params: Any, *, num_samples: int = 1) -> list[Any]:
        del prompts, params, num_samples
        return []

    def load_weights(self, named_tensors: Any, *, version: int) -> None:
        self.weights_version = version

    def close(self) -> None:
        pass


def test_engine_that_returns_too_few_completions_is_named(tmp_path: Path) -> None:
    base = small_run(tmp_path, cold_start=(), control=())
    config = replace(base, evaluation=replace(base.evaluation, engine=Lazy))
    with pytest.raises(ConfigError, match=r"Lazy.generate must return 1 completions for each of the 8 .*, got \[\]"):
        train(config)
