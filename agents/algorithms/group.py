"""What the algorithms whose baseline is the group have in common; each of them adds its surrogate.

B rows, T token positions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, Protocol, TypeAlias, get_args

import torch
from torch import Tensor

from agents.advantages import batch_scaled_advantages, group_relative_advantages, high_entropy_weights
from agents.algorithms.base import Need, require_filled
from agents.errors import ConfigError, check_numbers
from agents.losses import Penalties, policy_loss, reduction_for
from agents.losses.kl import KLEstimator
from agents.losses.reduction import ReductionName
from agents.losses.surrogates import SurrogateFunction
from agents.types import LossOutput, PolicyOutputs, TokenBatch
from reasonenv.errors import UnknownNameError

__all__ = [
    "GroupOptions",
    "Scale",
    "annotate_groups",
    "check_options",
    "group_loss",
    "group_needs",
    "require_sequence_mean",
    "rows_with_gradient",
]

Scale: TypeAlias = Literal["group", "batch", "none"]
"""Whose standard deviation the group-centred reward is divided by."""


class GroupOptions(Protocol):
    """The hyper-parameters that these algorithms share."""

    @property
    def scale(self) -> Scale:
        """Whose standard deviation the group-centred reward is divided by."""
        ...

    @property
    def kl_coef(self) -> float:
        """β of the penalty towards the reference policy; 0 needs no reference."""
        ...

    @property
    def kl_estimator(self) -> KLEstimator:
        """How the penalty estimates the KL."""
        ...

    @property
    def entropy_coef(self) -> float:
        """Weight of the bonus for the policy's entropy."""
        ...

    @property
    def top_entropy_share(self) -> float:
        """The share of the tokens, those of the highest entropy, that the surrogate is applied to."""
        ...

    @property
    def reduction(self) -> ReductionName:
        """How the losses of tokens become one number."""
        ...

    @property
    def max_tokens(self) -> int | None:
        """The constant of `constant_length_mean`."""
        ...


def check_options(options: GroupOptions) -> None:
    """Raise UnknownNameError or ValueError (ConfigError) for options that mean nothing."""
    reduction_for(options.reduction, max_tokens=options.max_tokens)
    choices: tuple[tuple[str, str, Any], ...] = (
        ("scale", options.scale, Scale),
        ("KL estimator", options.kl_estimator, KLEstimator),
    )
    for kind, name, known in choices:
        if name not in get_args(known):
            raise UnknownNameError(kind, name, get_args(known))
    check_numbers(type(options).__name__, kl_coef=options.kl_coef, entropy_coef=options.entropy_coef)
    if not 0 < options.top_entropy_share <= 1:
        raise ConfigError(f"top_entropy_share must lie in (0, 1], got {options.top_entropy_share}.")


def require_sequence_mean(options: GroupOptions) -> None:
    """Raise ConfigError unless rows are averaged over their own tokens: a row has one ratio, that of its mean."""
    if options.reduction != "sequence_mean":
        raise ConfigError(
            f"{type(options).__name__} must have reduction='sequence_mean', got {options.reduction!r}: its ratio is "
            "that of a whole response and stands at each of its tokens, so that a sum over tokens counts a response "
            "as often as it is long."
        )


def group_needs(options: GroupOptions) -> frozenset[Need]:
    """Return what the options ask the learner for."""
    asked: dict[Need, bool] = {
        "reference_logprobs": options.kl_coef != 0,
        "entropy": options.entropy_coef != 0,
        "old_entropy": options.top_entropy_share < 1,
    }
    return frozenset(need for need, is_asked in asked.items() if is_asked)


def annotate_groups(batch: TokenBatch, options: GroupOptions) -> TokenBatch:
    """Give every sampled token of a row the row's advantage in its group, and a weight of 0 if its entropy is low."""
    if options.scale == "batch":
        advantages_B = batch_scaled_advantages(batch.rewards_B, batch.group_ids_B)
    else:
        advantages_B = group_relative_advantages(
            batch.rewards_B, batch.group_ids_B, scale_by_std=options.scale == "group"
        )
    batch = replace(batch, advantages_BT=advantages_B[:, None] * batch.loss_mask_BT)
    if options.top_entropy_share == 1:
        return batch
    entropy_BT = require_filled(batch.old_entropy_BT, "batch.old_entropy_BT", "Learner.fill_no_grad_fields(batch, ...)")
    weights_BT = high_entropy_weights(entropy_BT, batch.loss_mask_BT, share=options.top_entropy_share)
    given_BT = batch.token_weights_BT
    return replace(batch, token_weights_BT=weights_BT if given_BT is None else given_BT * weights_BT)


def rows_with_gradient(batch: TokenBatch, options: GroupOptions) -> Tensor:
    """Return rows with an advantage, or all of them under a penalty or a bonus."""
    advantages_BT = _advantages(batch, options)
    if options.kl_coef or options.entropy_coef:
        return torch.ones_like(batch.rewards_B, dtype=torch.bool)
    return (advantages_BT != 0).any(1)


def group_loss(
    surrogate: SurrogateFunction, outputs: PolicyOutputs, batch: TokenBatch, options: GroupOptions
) -> LossOutput:
    """Return `agents.losses.policy_loss` of a microbatch."""
    return policy_loss(
        surrogate,
        outputs.logprobs_BT,
        batch.behavior_logprobs_BT,
        _advantages(batch, options),
        batch.loss_mask_BT,
        reduction=reduction_for(options.reduction, max_tokens=options.max_tokens),
        sampler_logprobs_BT=batch.sampler_logprobs_BT,
        token_weights_BT=batch.token_weights_BT,
        penalties=Penalties(
            reference_logprobs_BT=batch.reference_logprobs_BT,
            kl_coef=options.kl_coef,
            kl_estimator=options.kl_estimator,
            entropy_BT=outputs.entropy_BT if options.entropy_coef else None,
            entropy_coef=options.entropy_coef,
        ),
        totals=batch.totals,
    )


def _advantages(batch: TokenBatch, options: GroupOptions) -> Tensor:
    return require_filled(batch.advantages_BT, "batch.advantages_BT", f"{type(options).__name__}.annotate(batch)")
