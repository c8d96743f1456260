"""The clipped loss of algorithms that differ in their advantages only. B rows, T token positions."""

from __future__ import annotations

from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from agents.algorithms.base import require_filled
from agents.errors import check_numbers
from agents.losses import Penalties, policy_loss, reduction_for
from agents.losses.reduction import ReductionName
from agents.losses.surrogates import ratio_clip_surrogate
from agents.types import LossOutput, PolicyOutputs, TokenBatch

__all__ = [
    "ClippedOptions",
    "Clips",
    "advantages_of",
    "check_clipped",
    "check_clips",
    "clipped_loss",
    "rows_with_advantage",
]


class Clips(Protocol):
    """The bounds of a ratio."""

    @property
    def clip_low(self) -> float:
        """ε below."""
        ...

    @property
    def clip_high(self) -> float:
        """ε above."""
        ...


class ClippedOptions(Clips, Protocol):
    """The hyper-parameters that these algorithms share."""

    @property
    def reduction(self) -> ReductionName:
        """How the losses of tokens become one number."""
        ...

    @property
    def max_tokens(self) -> int | None:
        """The constant of `constant_length_mean`."""
        ...


def check_clips(options: Clips) -> None:
    """Raise ConfigError unless both are at least 0; infinity is no bound."""
    check_numbers(type(options).__name__, allows_inf=True, clip_low=options.clip_low, clip_high=options.clip_high)


def check_clipped(options: ClippedOptions, *, kl_coef: float = 0.0) -> None:
    """Raise UnknownNameError or ValueError (ConfigError) for options that mean nothing."""
    reduction_for(options.reduction, max_tokens=options.max_tokens)
    check_clips(options)
    check_numbers(type(options).__name__, kl_coef=kl_coef)


def clipped_loss(
    outputs: PolicyOutputs, batch: TokenBatch, options: ClippedOptions, *, kl_coef: float = 0.0
) -> LossOutput:
    """Return `agents.losses.policy_loss` of a microbatch with ratios that are clipped on both sides, as PPO's.

    Args:
        outputs: of the current policy.
        batch: annotated.
        options: an algorithm.
        kl_coef: β of a k3 penalty towards the reference.
    """
    return policy_loss(
        partial(ratio_clip_surrogate, clip_low=options.clip_low, clip_high=options.clip_high),
        outputs.logprobs_BT,
        batch.behavior_logprobs_BT,
        advantages_of(batch, options),
        batch.loss_mask_BT,
        reduction=reduction_for(options.reduction, max_tokens=options.max_tokens),
        token_weights_BT=batch.token_weights_BT,
        penalties=Penalties(reference_logprobs_BT=batch.reference_logprobs_BT, kl_coef=kl_coef),
        totals=batch.totals,
    )


def rows_with_advantage(batch: TokenBatch, options: ClippedOptions, *, kl_coef: float = 0.0) -> Tensor:
    """Return rows with an advantage, or all of them under a penalty of the loss."""
    advantages_BT = advantages_of(batch, options)
    return torch.ones_like(batch.rewards_B, dtype=torch.bool) if kl_coef else (advantages_BT != 0).any(1)


def advantages_of(batch: TokenBatch, options: ClippedOptions) -> Tensor:
    """Return `batch.advantages_BT`, or raise a ValueError that says what fills them."""
    return require_filled(batch.advantages_BT, "batch.advantages_BT", f"{type(options).__name__}.annotate(batch)")
