"""Pre-training on the pages of the tiny world: packed rows, a mask that keeps pages apart, a curriculum of phases.

T counts the tokens of a row, B rows.
"""

from __future__ import annotations

import math
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from agents.seeds import derive_seed
from reasonenv.tasksets.tiny_world import WebConfig, document

__all__ = ["PretrainingPhase", "Rows", "packed_rows", "pretrain"]

_SAVE_EVERY = 100
_LOOK_EVERY = 200
_WARMUP_STEPS = 100


@dataclass(frozen=True, kw_only=True)
class PretrainingPhase:
    """One stretch of pre-training, with an optimizer and a cosine of its own."""

    num_steps: int
    learning_rate: float
    choice_share: float
    """Of the problems on the pages, how many are choices."""
    lesson_pages: float = 0.0
    """Share of pages that work problems out without a mistake."""
    final_rate: float = 0.02
    """The learning rate at the end, as a share of the highest."""
    min_accuracy: float | None = None
    """Of the model's own workings, how many must be right for the phase to end; it goes on at its last rate."""
    max_steps: int | None = None
    """Where it ends in any case; None is `num_steps`."""

    def rate(self, step: int) -> float:
        """Return the learning rate of a step: a linear warm-up within a cosine, then what that ends with."""
        cosine = 0.5 * (1 + math.cos(math.pi * min(step, self.num_steps) / self.num_steps))
        warmup = min(1.0, (step + 1) / _WARMUP_STEPS)
        return self.learning_rate * warmup * (self.final_rate + (1 - self.final_rate) * cosine)


class Rows(NamedTuple):
    """Pages behind each other: the tokens, the place of each in its page, and which page of the row it is from."""

    tokens_BT: Tensor
    positions_BT: Tensor
    pages_BT: Tensor

    def mask(self) -> Tensor:
        """Return which tokens each one may see, [B, 1, T, T]: those before it on its page."""
        length = self.tokens_BT.shape[1]
        is_before_TT = torch.ones(length, length, dtype=torch.bool).tril()
        return ((self.pages_BT[:, :, None] == self.pages_BT[:, None, :]) & is_before_TT)[:, None]

    def targets(self) -> Tensor:
        """Return the token that follows each but the last, [B, T − 1]; −100 where a new page begins."""
        return self.tokens_BT[:, 1:].masked_fill(self.positions_BT[:, 1:] == 0, -100)


def packed_rows(
    generator: random.Random, tokenizer: PreTrainedTokenizerFast, web: WebConfig, *, num_rows: int, row_tokens: int
) -> Rows:
    """Fill rows with pages; the last page of a row is cut where the row ends. Positions start at 0 on each page."""
    rows = [_row(generator, tokenizer, web, row_tokens) for _ in range(num_rows)]
    tokens, positions, pages = (torch.tensor(column) for column in zip(*rows, strict=True))
    return Rows(tokens, positions, pages)


def _row(
    generator: random.Random, tokenizer: PreTrainedTokenizerFast, web: WebConfig, row_tokens: int
) -> tuple[list[int], list[int], list[int]]:
    tokens, positions, pages = list[int](), list[int](), list[int]()
    while len(tokens) < row_tokens:
        page: list[int] = tokenizer.encode(document(generator, web), add_special_tokens=False)
        pages += [pages[-1] + 1 if pages else 0] * len(page)
        tokens += page
        positions += range(len(page))
    return tokens[:row_tokens], positions[:row_tokens], pages[:row_tokens]


def pretrain(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    phases: Sequence[PretrainingPhase],
    web: WebConfig,
    *,
    num_rows: int,
    row_tokens: int,
    seed: int,
    state_file: Path,
    accuracy: Callable[[], float],
) -> list[float]:
    """Train a model in place and return the mean loss of every hundred steps.

    Args:
        model: with random weights.
        tokenizer: of its tokens.
        phases: one after the other.
        web: what is on the pages, but for the shares that a phase sets.
        num_rows: of a step.
        row_tokens: tokens of a row.
        seed: of the pages; every step has pages of its own seed.
        state_file: where training goes on from, if it is there, and what it saves now and then.
        accuracy: of the workings of the model as it is; asked at the end of a phase that needs some.
    """
    state = _resumed(model, state_file)
    for number, phase in enumerate(phases):
        if number < state.phase:
            continue
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=phase.learning_rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True
        )
        if state.optimizer is not None:
            optimizer.load_state_dict(state.optimizer)
        pages = replace(web, choice_share=phase.choice_share, lesson_pages=phase.lesson_pages)
        for step in range(state.step, phase.max_steps or phase.num_steps):
            if _is_over(phase, step, accuracy):
                break
            generator = random.Random(derive_seed(seed, "pages", number, step))
            rows = packed_rows(generator, tokenizer, pages, num_rows=num_rows, row_tokens=row_tokens)
            state.losses.append(_update(model, optimizer, rows, phase.rate(step)))
            if (step + 1) % _SAVE_EVERY == 0:
                _save(replace(state, phase=number, step=step + 1, optimizer=optimizer.state_dict()), model, state_file)
        state = replace(state, phase=number + 1, step=0, optimizer=None)
    return [sum(losses) / len(losses) for losses in _hundreds(state.losses)]


def _is_over(phase: PretrainingPhase, step: int, accuracy: Callable[[], float]) -> bool:
    """Return whether a phase has taken its steps and learned what it is for; looked at every two hundred steps."""
    is_due = step >= phase.num_steps and (step - phase.num_steps) % _LOOK_EVERY == 0
    return is_due and (phase.min_accuracy is None or accuracy() >= phase.min_accuracy)


def _hundreds(losses: list[float]) -> list[list[float]]:
    return [losses[start : start + 100] for start in range(0, len(losses), 100)]


def _update(model: PreTrainedModel, optimizer: torch.optim.Optimizer, rows: Rows, rate: float) -> float:
    model.train()
    for group in optimizer.param_groups:
        group["lr"] = rate
    outputs: Any = model(
        input_ids=rows.tokens_BT, position_ids=rows.positions_BT, attention_mask=rows.mask(), use_cache=False
    )
    loss = functional.cross_entropy(outputs.logits[:, :-1].flatten(0, 1), rows.targets().flatten())
    loss.backward()  # pyright: ignore[reportUnknownMemberType]
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return float(loss.detach())


@dataclass(frozen=True)
class _State:
    """How far training has come."""

    phase: int
    step: int
    losses: list[float]
    optimizer: dict[str, Any] | None


def _resumed(model: PreTrainedModel, file: Path) -> _State:
    if not file.exists():
        return _State(phase=0, step=0, losses=[], optimizer=None)
    saved: dict[str, Any] = torch.load(file, weights_only=True)
    model.load_state_dict(saved["model"])
    return _State(saved["phase"], saved["step"], saved["losses"], saved["optimizer"])


def _save(state: _State, model: PreTrainedModel, file: Path) -> None:
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    torch.save({"model": model.state_dict(), **vars(state)}, draft)
    draft.replace(file)
