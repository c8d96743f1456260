"""Advantage estimators: pure functions of rewards and values.

B rows, T token positions, G groups.
"""

from __future__ import annotations

import torch
from torch import Tensor

from agents.types import Groups, require_equal_shapes

__all__ = ["gae", "group_relative_advantages", "whiten"]


def group_relative_advantages(
    rewards_B: Tensor, group_ids_B: Tensor, *, scale_by_std: bool = True, epsilon: float = 1e-4
) -> Tensor:
    """Return A_i = (r_i − mean_g r) / (std_g r + ε) over the group g of row i (Sec. 4.1.2, arXiv 2402.03300).

    Args:
        rewards_B: finite rewards, any float dtype.
        group_ids_B: integer group of each row; groups may differ in size.
        scale_by_std: False gives A_i = r_i − mean_g r (Dr. GRPO, arXiv 2503.20783).
        epsilon: added to the sample standard deviation (n − 1 in the denominator).

    Returns:
        Advantages [B], exactly 0 for every row of a group whose rewards are all equal (a group of one included).

    Raises:
        ValueError: tensors of different shapes.
    """
    require_equal_shapes(rewards_B=rewards_B, group_ids_B=group_ids_B)
    groups = Groups.of(group_ids_B)
    rewards_B = rewards_B.to(torch.promote_types(rewards_B.dtype, torch.float32))
    size_G = groups.size()
    mean_G = groups.sum(rewards_B) / size_G
    is_equal_G = groups.max(rewards_B) == -groups.max(-rewards_B)
    centered_B = torch.where(is_equal_G[groups.index_B], 0.0, rewards_B - mean_G[groups.index_B])
    if not scale_by_std:
        return centered_B
    variance_G = groups.sum(centered_B.square()) / (size_G - 1).clamp(min=1)
    return centered_B / (variance_G.sqrt() + epsilon)[groups.index_B]


def gae(
    rewards_BT: Tensor, values_BT: Tensor, loss_mask_BT: Tensor, *, gamma: float, gae_lambda: float
) -> tuple[Tensor, Tensor]:
    """Estimate generalised advantages of the sampled tokens (Eq. 16, arXiv 1506.02438).

    δ_t = r_t + γ V_{t+1} − V_t and A_t = Σ_l (γλ)^l δ_{t+l}, where t+1 is the next *sampled* token: prompt tokens,
    environment turns and padding take no part. The value after the last sampled token is 0 (episodes end).

    Args:
        rewards_BT: reward received on choosing each token.
        values_BT: V(tokens < t), aligned with the token chosen at t.
        loss_mask_BT: 1 where a token was sampled.
        gamma, gae_lambda: in [0, 1].

    Returns:
        (advantages_BT, returns_BT) with returns = advantages + values; both 0 outside the mask.

    Raises:
        ValueError: tensors of different shapes.
    """
    require_equal_shapes(rewards_BT=rewards_BT, values_BT=values_BT, loss_mask_BT=loss_mask_BT)
    mask_BT = loss_mask_BT.bool()
    advantages_BT = torch.zeros_like(values_BT)
    next_advantage_B = torch.zeros_like(values_BT[:, 0])
    next_value_B = torch.zeros_like(next_advantage_B)
    for t in range(values_BT.shape[1] - 1, -1, -1):
        delta_B = rewards_BT[:, t] + gamma * next_value_B - values_BT[:, t]
        advantage_B = delta_B + gamma * gae_lambda * next_advantage_B
        advantages_BT[:, t] = torch.where(mask_BT[:, t], advantage_B, 0.0)
        next_advantage_B = torch.where(mask_BT[:, t], advantage_B, next_advantage_B)
        next_value_B = torch.where(mask_BT[:, t], values_BT[:, t], next_value_B)
    return advantages_BT, torch.where(mask_BT, advantages_BT + values_BT, 0.0)


def whiten(values_BT: Tensor, mask_BT: Tensor, *, epsilon: float = 1e-8) -> Tensor:
    """Return (x − mean) / √(var + ε) over the masked entries, and 0 outside the mask.

    Entries that are all equal (a single one included) become exactly 0: dividing by their standard deviation would
    blow the rounding of the mean up to the size of a signal. Tensors of different shapes raise ValueError.
    """
    require_equal_shapes(values_BT=values_BT, mask_BT=mask_BT)
    mask_BT = mask_BT.bool()
    selected_N = values_BT[mask_BT]
    if (selected_N == selected_N[:1]).all():
        return torch.zeros_like(values_BT)
    scale = (selected_N.var() + epsilon).sqrt()
    return torch.where(mask_BT, (values_BT - selected_N.mean()) / scale, 0.0)
