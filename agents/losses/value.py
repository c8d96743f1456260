"""The critic's loss. B rows, T token positions."""

from __future__ import annotations

import torch
from torch import Tensor

from agents.types import require_equal_shapes

__all__ = ["clipped_value_loss"]


def clipped_value_loss(values_BT: Tensor, behavior_values_BT: Tensor, returns_BT: Tensor, *, clip: float) -> Tensor:
    """Return ½ max[ (V − R)², (V_old + clip(V − V_old, −ε, ε) − R)² ] per token (Sec. 2, arXiv 2005.12729).

    Args:
        values_BT: the critic now, with gradient.
        behavior_values_BT: V_old, the critic when the batch was annotated.
        returns_BT: targets.
        clip: ε > 0; `math.inf` switches clipping off.

    Returns:
        The loss of each token [B, T], at least 0.

    Raises:
        ValueError: tensors of different shapes.
    """
    require_equal_shapes(values_BT=values_BT, behavior_values_BT=behavior_values_BT, returns_BT=returns_BT)
    clipped_BT = behavior_values_BT + (values_BT - behavior_values_BT).clamp(-clip, clip)
    return torch.maximum((values_BT - returns_BT).square(), (clipped_BT - returns_BT).square()) / 2
