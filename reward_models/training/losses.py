"""The losses of reward models, in float32 whatever the scores come in.

Legend: B = pairs or examples of a batch.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

__all__ = ["bradley_terry_loss", "centering_penalty", "safety_loss"]


def bradley_terry_loss(
    chosen_B: Tensor, rejected_B: Tensor, *, margin_B: Tensor | None = None, centering_coef: float = 0.01
) -> Tensor:
    """Return −mean log σ(r_chosen − r_rejected − margin) + c · mean (r_chosen + r_rejected)².

    The pairwise loss is Eq. 1, its margin Eq. 2 of Llama 2 (2307.09288); the centering term, which fixes the free
    constant of a Bradley–Terry model, is from 2312.09244.

    Args:
        chosen_B: raw scores of the preferred responses.
        rejected_B: raw scores of the others, same shape.
        margin_B: how much better the preferred one is said to be, ≥ 0; None for no margin.
        centering_coef: c ≥ 0; 0.01 as in 2312.09244.
    """
    if chosen_B.shape != rejected_B.shape or (margin_B is not None and margin_B.shape != chosen_B.shape):
        shapes = [tuple(tensor.shape) for tensor in (chosen_B, rejected_B, margin_B) if tensor is not None]
        raise ValueError(f"Expected scores and margins of one shape, got {shapes}.")
    difference_B = chosen_B.float() - rejected_B.float()
    if margin_B is not None:
        difference_B = difference_B - margin_B.float()
    return -logsigmoid(difference_B).mean() + centering_coef * centering_penalty(chosen_B, rejected_B)


def centering_penalty(chosen_B: Tensor, rejected_B: Tensor) -> Tensor:
    """Return mean (r_chosen + r_rejected)², which is 0 where the scores of each pair are centred on 0."""
    return (chosen_B.float() + rejected_B.float()).square().mean()


def safety_loss(logits_B: Tensor, is_unsafe_B: Tensor) -> Tensor:
    """Return the mean binary cross-entropy of P(unsafe) = σ(logit) (point-wise, 2501.12948, Sec. 2.3.4).

    Args:
        logits_B: raw outputs of the scalar head.
        is_unsafe_B: 1 or True for unsafe, 0 or False for safe; a share in between for disputed labels.
    """
    return binary_cross_entropy_with_logits(logits_B.float(), is_unsafe_B.float())
