"""Supervised fine-tuning loss. B rows, T token positions."""

from __future__ import annotations

from torch import Tensor

from agents.losses.reduction import token_mean, totals_of
from agents.types import LossOutput, Totals, require_equal_shapes

__all__ = ["sft_loss"]


def sft_loss(
    logprobs_BT: Tensor, loss_mask_BT: Tensor, *, weights_BT: Tensor | None = None, totals: Totals | None = None
) -> LossOutput:
    """Return the mean over response tokens of −w log π(token).

    Args:
        logprobs_BT: log π, with gradient.
        loss_mask_BT: 1 on the tokens of the response.
        weights_BT: w; None is 1 everywhere.
        totals: of the whole minibatch; by default these rows are all of it.
    """
    require_equal_shapes(logprobs_BT=logprobs_BT, loss_mask_BT=loss_mask_BT, weights_BT=weights_BT)
    losses_BT = -logprobs_BT if weights_BT is None else -logprobs_BT * weights_BT
    loss = token_mean(losses_BT, loss_mask_BT, totals or totals_of(loss_mask_BT))
    return LossOutput(loss=loss, metrics={"loss": loss.detach()})
