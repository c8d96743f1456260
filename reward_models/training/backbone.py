"""Training a Hugging Face backbone with a scalar head on preference pairs or safety labels.

Training calls the same `encode` and `logits` as scoring, so that what was learned is what is read.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

from reward_models.models.transformer import TransformerScorer, head_name
from reward_models.training.data import PreferencePair, SafetyExample
from reward_models.training.losses import bradley_terry_loss, safety_loss

__all__ = ["TrainConfig", "train_on_examples", "train_on_pairs"]

_Row = TypeVar("_Row", PreferencePair, SafetyExample)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """Hyper-parameters; the defaults are those of the reward models of 2501.12948 (v2), centering from 2312.09244.

    `lora_rank` 0 trains every weight; above 0, adapters on all linear layers and the whole scalar head.
    """

    learning_rate: float = 6e-6
    batch_size: int = 256
    microbatch_size: int = 8
    num_epochs: int = 1
    centering_coef: float = 0.01
    max_grad_norm: float = 1.0
    lora_rank: int = 0
    seed: int = 0


def train_on_pairs(scorer: TransformerScorer, pairs: Sequence[PreferencePair], config: TrainConfig) -> list[float]:
    """Train in place by the Bradley–Terry loss; return the loss of every optimizer step."""

    def loss(rows: Sequence[PreferencePair]) -> Tensor:
        texts = [(row.prompt, row.chosen) for row in rows] + [(row.prompt, row.rejected) for row in rows]
        chosen_B, rejected_B = scorer.logits([scorer.encode(*text).token_ids for text in texts]).chunk(2)
        margin_B = torch.tensor([row.margin for row in rows], device=chosen_B.device)
        return bradley_terry_loss(chosen_B, rejected_B, margin_B=margin_B, centering_coef=config.centering_coef)

    return _train(scorer, pairs, loss, config)


def train_on_examples(scorer: TransformerScorer, examples: Sequence[SafetyExample], config: TrainConfig) -> list[float]:
    """Train in place by the point-wise safety loss; return the loss of every optimizer step."""

    def loss(rows: Sequence[SafetyExample]) -> Tensor:
        logits_B = scorer.logits([scorer.encode(row.prompt, row.response).token_ids for row in rows])
        return safety_loss(logits_B, torch.tensor([row.is_unsafe for row in rows], device=logits_B.device))

    return _train(scorer, examples, loss, config)


def _train(
    scorer: TransformerScorer, rows: Sequence[_Row], loss: Callable[[Sequence[_Row]], Tensor], config: TrainConfig
) -> list[float]:
    if not rows:
        raise ValueError("Expected at least one row to train on, got none.")
    adapted = _add_adapters(scorer, config.lora_rank)
    parameters = [parameter for parameter in scorer.model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=config.learning_rate)
    generator, losses = random.Random(config.seed), list[float]()
    scorer.model.train()
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        for _ in range(config.num_epochs):
            order = generator.sample(list(rows), len(rows))
            for start in range(0, len(order), config.batch_size):
                batch = order[start : start + config.batch_size]
                losses.append(_accumulate(batch, loss, config.microbatch_size))
                torch.nn.utils.clip_grad_norm_(parameters, config.max_grad_norm, error_if_nonfinite=True)
                optimizer.step()
                optimizer.zero_grad()
    if adapted is not None:
        scorer.model = adapted.merge_and_unload()
        head_name(scorer.model)
    scorer.model.eval()
    return losses


def _accumulate(batch: Sequence[_Row], loss: Callable[[Sequence[_Row]], Tensor], microbatch_size: int) -> float:
    """Add gradients of the mean over the batch, a microbatch at a time; return that mean."""
    total = 0.0
    for start in range(0, len(batch), microbatch_size):
        rows = batch[start : start + microbatch_size]
        part = loss(rows) * (len(rows) / len(batch))
        part.backward()
        total += float(part.detach())
    return total


def _add_adapters(scorer: TransformerScorer, rank: int) -> Any:
    """Add low-rank adapters in place and train the scalar head in full; None for rank 0."""
    if rank == 0:
        return None
    from peft import LoraConfig, TaskType, get_peft_model

    settings = LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        target_modules="all-linear",
        modules_to_save=[head_name(scorer.model)],
        task_type=TaskType.SEQ_CLS,
    )
    return cast(Any, get_peft_model(scorer.model, settings))
