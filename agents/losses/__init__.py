"""Losses and KL estimators: pure functions of tensors, each with its formula and source."""

from agents.losses.kl import kl_k1, kl_k2, kl_k3
from agents.losses.policy_gradient import Penalties, grpo_loss, policy_loss, ppo_loss
from agents.losses.reduction import constant_length_mean, reduction_for, sequence_mean, token_mean, totals_of
from agents.losses.supervised import sft_loss
from agents.losses.surrogates import clipped_surrogate
from agents.losses.value import clipped_value_loss

__all__ = [
    "Penalties",
    "clipped_surrogate",
    "clipped_value_loss",
    "constant_length_mean",
    "grpo_loss",
    "kl_k1",
    "kl_k2",
    "kl_k3",
    "policy_loss",
    "ppo_loss",
    "reduction_for",
    "sequence_mean",
    "sft_loss",
    "token_mean",
    "totals_of",
]
