"""Token log-probabilities from hidden states, and losses of them. No kernel knows a loss."""

from agents.kernels.dispatch import Choice, choose, fused_policy_loss, token_logprobs
from agents.kernels.types import TokenLogprobs

__all__ = ["Choice", "TokenLogprobs", "choose", "fused_policy_loss", "token_logprobs"]
