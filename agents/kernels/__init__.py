"""Token log-probabilities from hidden states, and losses of them. No loss name ever enters a kernel."""

from agents.kernels.dispatch import Choice, choose, fused_policy_loss, token_logprobs
from agents.kernels.tensor_parallel import VocabularyShard
from agents.kernels.types import TokenLogprobs

__all__ = ["Choice", "TokenLogprobs", "VocabularyShard", "choose", "fused_policy_loss", "token_logprobs"]
