"""Losses and advantages beside those of TRL's `GRPOTrainer` itself, on one batch, where TRL is installed."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from areas import need
from torch import Tensor

from agents.algorithms import CISPO, GDPO, GRPO, GSPO, SAPO
from agents.losses import totals_of
from agents.policies.tiny import build_tiny_policy
from agents.types import PolicyOutputs, TokenBatch

NUM_ROWS, NUM_COLUMNS, GROUP_SIZE = 8, 12, 4
COMPONENTS = {
    "accuracy": [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
    "length": [0.125, 0.5, 0.25, 0.0, 0.75, 0.5, 0.25, 1.0],
    "style": [math.nan] * 4 + [2.0, 4.0, 4.0, 2.0],
}
WEIGHTS = {"accuracy": 1.0, "length": 0.25, "style": -0.5}


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """TRL's trainer of the tiny policy, with one reward function for each component."""
    need("trl")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from datasets import Dataset
        from trl import GRPOConfig, GRPOTrainer

        model, tokenizer = build_tiny_policy(seed=0)
        arguments = GRPOConfig(
            output_dir=str(tmp_path_factory.mktemp("trl")), per_device_train_batch_size=NUM_ROWS,
            num_generations=GROUP_SIZE, steps_per_generation=1, max_completion_length=NUM_COLUMNS,
            reward_weights=list(WEIGHTS.values()), use_cpu=True, bf16=False, report_to=[], gradient_checkpointing=False,
        )  # fmt: skip
        yield GRPOTrainer(
            model=model, reward_funcs=[reward_function(name) for name in COMPONENTS], args=arguments,
            train_dataset=Dataset.from_list([{"prompt": "2+3=?"}] * NUM_ROWS), processing_class=tokenizer,
        )  # fmt: skip


def reward_function(name: str) -> Any:
    def component(completions: list[str], **_: Any) -> list[float | None]:
        assert len(completions) == NUM_ROWS
        return [None if math.isnan(value) else value for value in COMPONENTS[name]]

    component.__name__ = name
    return component


def drawn(scale: float = 1.0, *, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(NUM_ROWS, NUM_COLUMNS, generator=generator, dtype=torch.float64)


def annotated_batch() -> TokenBatch:
    """Rows of different lengths, some with a turn of the environment, under a policy that has moved since."""
    lengths_B = torch.tensor([12, 9, 7, 12, 10, 8, 11, 6])
    columns_T = torch.arange(NUM_COLUMNS)
    mask_BT = ((columns_T > 0) & (columns_T < lengths_B[:, None])).double()
    mask_BT[::3, 4:6] = 0
    behavior_BT = -2 - drawn(seed=0).abs()
    return TokenBatch(
        token_ids_BT=torch.zeros(NUM_ROWS, NUM_COLUMNS, dtype=torch.int64),
        attention_mask_BT=(columns_T < lengths_B[:, None]).long(),
        loss_mask_BT=mask_BT,
        behavior_logprobs_BT=behavior_BT * mask_BT,
        rewards_B=torch.zeros(NUM_ROWS),
        group_ids_B=torch.arange(NUM_ROWS) // GROUP_SIZE,
        totals=totals_of(mask_BT),
        reference_logprobs_BT=(behavior_BT + drawn(0.3, seed=1)) * mask_BT,
        advantages_BT=torch.tensor([1.0, -0.5, 0.25, -0.75, 1.5, -1.5, 0.0, -0.1]).double()[:, None] * mask_BT,
        reward_components={name: torch.tensor(values, dtype=torch.float64) for name, values in COMPONENTS.items()},
        reward_weights={name: torch.full((NUM_ROWS,), weight).double() for name, weight in WEIGHTS.items()},
    )


CASES: dict[str, tuple[dict[str, Any], Any]] = {
    "grpo": ({"loss_type": "grpo"}, GRPO()),
    "bnpo": ({"loss_type": "bnpo"}, GRPO(reduction="token_mean")),
    "dapo": ({"loss_type": "dapo", "epsilon_high": 0.28}, GRPO(clip_high=0.28, reduction="token_mean")),
    "dr_grpo": ({"loss_type": "dr_grpo"}, GRPO(reduction="constant_length_mean", max_tokens=NUM_COLUMNS)),
    "cispo": ({"loss_type": "cispo", "epsilon_high": 1.5}, CISPO(max_ratio=1.5)),
    "sapo": ({"loss_type": "sapo"}, SAPO()),
    "sequence level": ({"importance_sampling_level": "sequence"}, GSPO(clip_low=0.2, clip_high=0.2)),
    "delta": ({"delta": 1.3}, GRPO(max_ratio=1.3)),
    "KL": ({"beta": 0.1, "use_bias_correction_kl": False}, GRPO(kl_coef=0.1)),
    "unbiased KL": ({"beta": 0.1, "use_bias_correction_kl": True}, GRPO(kl_coef=0.1, kl_estimator="unbiased")),
    "off-policy mask": ({"off_policy_mask_threshold": 0.02}, GRPO(max_sequence_kl=0.02)),
    "entropy": (
        {"loss_type": "bnpo", "entropy_coef": 0.05, "_entropy_bonus_enabled": True},
        GRPO(reduction="token_mean", entropy_coef=0.05),
    ),
}
DEFAULTS: dict[str, Any] = {
    "loss_type": "grpo", "epsilon_low": 0.2, "epsilon_high": 0.2, "beta": 0.0, "delta": None, "use_vllm": False,
    "importance_sampling_level": "token", "off_policy_mask_threshold": None, "use_bias_correction_kl": False,
    "entropy_coef": 0.0, "_entropy_bonus_enabled": False, "multi_objective_aggregation": "sum_then_normalize",
    "scale_rewards": "group", "current_gradient_accumulation_steps": 1,
}  # fmt: skip


def set_up(trainer: Any, settings: dict[str, Any]) -> None:
    for name, value in {**DEFAULTS, **settings}.items():
        setattr(trainer.args if name in ("delta", "use_bias_correction_kl") else trainer, name, value)


def trl_loss(trainer: Any, batch: TokenBatch, logprobs_BT: Tensor, entropy_BT: Tensor) -> Tensor:
    """Return TRL's loss where its model gives these log-probabilities."""
    trainer._get_per_token_logps_and_entropies = lambda *_, **__: (logprobs_BT, entropy_BT, None)
    assert batch.advantages_BT is not None
    inputs = {
        "prompt_ids": batch.token_ids_BT[:, :1],
        "prompt_mask": torch.ones(NUM_ROWS, 1),
        "completion_ids": batch.token_ids_BT,
        "completion_mask": batch.loss_mask_BT,
        "advantages": batch.advantages_BT.sum(1) / batch.loss_mask_BT.sum(1),
        "old_per_token_logps": batch.behavior_logprobs_BT,
        "ref_per_token_logps": batch.reference_logprobs_BT,
        "num_items_in_batch": batch.loss_mask_BT.sum(),
    }
    trainer.model.train()
    try:
        return trainer._compute_loss(trainer.model, inputs)
    finally:
        del trainer._get_per_token_logps_and_entropies


@pytest.mark.parametrize("name", CASES)
def test_loss_and_gradient_are_those_of_trl(trainer: Any, name: str) -> None:
    settings, algorithm = CASES[name]
    batch = annotated_batch()
    set_up(trainer, settings)
    if not algorithm.kl_coef:
        batch = replace(batch, reference_logprobs_BT=None)
    logprobs_BT = ((batch.behavior_logprobs_BT + drawn(0.4, seed=2)) * batch.loss_mask_BT).requires_grad_()
    entropy_BT = (drawn(seed=3).abs() * batch.loss_mask_BT).requires_grad_()
    ours = algorithm.loss(PolicyOutputs(logprobs_BT=logprobs_BT, entropy_BT=entropy_BT), batch).loss
    theirs = trl_loss(trainer, batch, logprobs_BT, entropy_BT)
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-6)
    gradients = [torch.autograd.grad(loss, [logprobs_BT, entropy_BT], allow_unused=True) for loss in (ours, theirs)]
    for our_BT, their_BT in zip(*gradients, strict=True):
        zeros_BT = torch.zeros_like(logprobs_BT)
        torch.testing.assert_close(
            zeros_BT if our_BT is None else our_BT, zeros_BT if their_BT is None else their_BT, rtol=0, atol=1e-6
        )


ADVANTAGES: dict[str, tuple[dict[str, Any], Any]] = {
    "group": ({"scale_rewards": "group"}, GRPO()),
    "batch": ({"scale_rewards": "batch"}, GRPO(scale="batch")),
    "none": ({"scale_rewards": "none"}, GRPO(scale="none")),
    "decoupled": ({"multi_objective_aggregation": "normalize_then_sum"}, GDPO()),
}


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("name", ADVANTAGES)
def test_advantages_are_those_of_trl(trainer: Any, name: str) -> None:
    settings, algorithm = ADVANTAGES[name]
    set_up(trainer, settings)
    trainer.model.train()
    theirs_B = trainer._generate_and_score_completions([{"prompt": "2+3=?"}] * NUM_ROWS)["advantages"]
    batch = annotated_batch()
    columns = [weight * batch.reward_components[name].nan_to_num(0.0) for name, weight in WEIGHTS.items()]
    ours_BT = algorithm.annotate(replace(batch, rewards_B=torch.stack(columns).sum(0))).advantages_BT
    torch.testing.assert_close(ours_BT[:, 1].double(), theirs_B.double(), rtol=0, atol=1e-6)
