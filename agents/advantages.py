"""Advantage estimators: pure functions of rewards and values.

B rows, T token positions, G groups.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from agents.errors import ConfigError
from agents.types import Groups, require_equal_shapes

__all__ = [
    "batch_scaled_advantages",
    "decoupled_advantages",
    "gae",
    "group_relative_advantages",
    "high_entropy_weights",
    "kl_penalties",
    "leave_one_out_advantages",
    "max_likelihood_advantages",
    "optimal_token_advantages",
    "returns_to_go",
    "terminal_rewards",
    "token_rewards",
    "turn_advantages",
    "whiten",
]


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


def batch_scaled_advantages(rewards_B: Tensor, group_ids_B: Tensor, *, epsilon: float = 1e-4) -> Tensor:
    """Return A_i = (r_i − mean_g r) / (std r + ε): centred in the group, scaled by the batch (arXiv 2508.08221).

    The standard deviation (n − 1 in the denominator) is over all rewards, so that groups which are nearly all right or
    all wrong are not blown up. Arguments, errors and exact zeros are those of `group_relative_advantages`.
    """
    centered_B = group_relative_advantages(rewards_B, group_ids_B, scale_by_std=False)
    deviation = rewards_B.to(centered_B.dtype).std() if len(rewards_B) > 1 else 0.0
    return centered_B / (deviation + epsilon)


def high_entropy_weights(entropy_BT: Tensor, mask_BT: Tensor, *, share: float) -> Tensor:
    """Return 1 at the share of the sampled tokens with the highest entropy, else 0 (Eq. 5, arXiv 2506.01939).

    Args:
        entropy_BT: of the policy at each token.
        mask_BT: 1 on sampled tokens.
        share: in (0, 1]; ⌈share · n⌉ of n tokens are kept, and those that are equal to the last one.

    Raises:
        ValueError: tensors of different shapes, or a share outside (0, 1].
    """
    require_equal_shapes(entropy_BT=entropy_BT, mask_BT=mask_BT)
    if not 0 < share <= 1:
        raise ValueError(f"share must lie in (0, 1], got {share}.")
    selected_N = entropy_BT[mask_BT.bool()]
    if not len(selected_N):
        return torch.zeros_like(entropy_BT)
    threshold = selected_N.topk(math.ceil(share * len(selected_N))).values[-1]
    return ((entropy_BT >= threshold) & mask_BT.bool()).to(entropy_BT.dtype)


def gae(
    rewards_BT: Tensor,
    values_BT: Tensor,
    loss_mask_BT: Tensor,
    *,
    gamma: float,
    gae_lambda: float,
    final_values_B: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Estimate generalised advantages of the sampled tokens (Eq. 16, arXiv 1506.02438).

    δ_t = r_t + γ V_{t+1} − V_t and A_t = Σ_l (γλ)^l δ_{t+l}, where t+1 is the next *sampled* token: prompt tokens,
    environment turns and padding take no part.

    Args:
        rewards_BT: reward received on choosing each token.
        values_BT: V(tokens < t), aligned with the token chosen at t.
        loss_mask_BT: 1 where a token was sampled.
        gamma, gae_lambda: in [0, 1].
        final_values_B: V after the last sampled token, where an episode was cut off rather than ended (arXiv
            1712.00378); None is 0 everywhere.

    Returns:
        (advantages_BT, returns_BT) with returns = advantages + values; both 0 outside the mask.

    Raises:
        ValueError: tensors of different shapes.
    """
    require_equal_shapes(rewards_BT=rewards_BT, values_BT=values_BT, loss_mask_BT=loss_mask_BT)
    mask_BT = loss_mask_BT.bool()
    advantages_BT = torch.zeros_like(values_BT)
    next_advantage_B = torch.zeros_like(values_BT[:, 0])
    next_value_B = torch.zeros_like(next_advantage_B) if final_values_B is None else final_values_B
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


def leave_one_out_advantages(rewards_B: Tensor, group_ids_B: Tensor) -> Tensor:
    """Return A_i = r_i − 1/(n − 1) Σ_{j≠i} r_j over the group of row i (Sec. 3, arXiv 2402.14740).

    The baseline of a row does not depend on the row itself, so the policy gradient stays unbiased.

    Returns:
        Advantages [B], exactly 0 in a group whose rewards are all equal and in a group of one, which has no baseline.

    Raises:
        ValueError: tensors of different shapes.
    """
    groups = Groups.of(group_ids_B)
    centered_B = group_relative_advantages(rewards_B, group_ids_B, scale_by_std=False)
    size_B = groups.size()[groups.index_B]
    return centered_B * size_B / (size_B - 1).clamp(min=1)


def max_likelihood_advantages(rewards_B: Tensor, group_ids_B: Tensor) -> Tensor:
    """Return A_i = (r_i − mean_g r) / mean_g r over the group g of row i (arXiv 2602.02710).

    For rewards of 0 and 1 the mean is the share of right answers: rare successes weigh as in the gradient of the
    likelihood of a right answer, up to the order that the group's size allows.

    Args:
        rewards_B: at least 0.
        group_ids_B: integer group of each row.

    Returns:
        Advantages [B], exactly 0 in a group whose rewards are all equal.

    Raises:
        ConfigError: a reward below 0: advantages would grow without bound, or turn their sign, as the mean nears 0.
        ValueError: tensors of different shapes.
    """
    if (rewards_B < 0).any():
        raise ConfigError(
            f"Expected rewards of at least 0, which are divided by their mean, got {rewards_B.min().item():g}: leave "
            "out the terms of the reward that punish, or train with another algorithm."
        )
    groups = Groups.of(group_ids_B)
    centered_B = group_relative_advantages(rewards_B, group_ids_B, scale_by_std=False)
    mean_G = groups.sum(rewards_B.to(centered_B.dtype)) / groups.size()
    return torch.where(centered_B == 0, 0.0, centered_B / mean_G[groups.index_B])


def optimal_token_advantages(
    rewards_BT: Tensor,
    score_norms_BT: Tensor,
    loss_mask_BT: Tensor,
    group_ids_B: Tensor,
    *,
    rewards_B: Tensor | None = None,
) -> Tensor:
    """Return A_{i,t} = G_{i,t} − Σ_j W_{j,t} G_{j,t} / Σ_j W_{j,t}, the optimal token baseline (arXiv 2602.07078).

    t counts sampled tokens, G is what is still to come, W_{i,t} = Σ_{u≤t} ‖∂ log π(token u)/∂z‖² the energy that a
    response has gathered, and j goes over the rows of the group that have a t-th token. Where no other row has come so
    far, the others count with W and G of their last token, and the row itself does not: the authors' code has a
    baseline of 0 there, under which the end of the longest response would be learned from where all rewards are equal.

    Args:
        rewards_BT: reward received on choosing each token.
        score_norms_BT: ‖∂ log π/∂z‖² of each token, at least 0.
        loss_mask_BT: 1 where a token was sampled.
        group_ids_B: integer group of each row.
        rewards_B: of whole episodes: what a row counts with, in the mean of its group, of which no token is a sampled
            one; None is 0.

    Returns:
        Advantages [B, T]; 0 outside the mask, in groups of one, and where all of a group's rewards are equal and come
        with the last token. Where no energy was gathered, the mean of the group's rewards is the baseline.

    Raises:
        ValueError: tensors of different shapes.
    """
    require_equal_shapes(rewards_BT=rewards_BT, score_norms_BT=score_norms_BT, loss_mask_BT=loss_mask_BT)
    groups = Groups.of(group_ids_B)
    order_BT = (loss_mask_BT == 0).int().argsort(dim=1, stable=True)  # the sampled tokens first
    mask_BT = loss_mask_BT.gather(1, order_BT).double()
    energy_BT = score_norms_BT.double().gather(1, order_BT).mul(mask_BT).cumsum(1)
    return_BT = returns_to_go(rewards_BT.double()).gather(1, order_BT)
    total_B = rewards_BT.double().sum(1)
    if rewards_B is not None:
        total_B = torch.where(mask_BT.any(1), total_B, rewards_B.double())
    return_BT = return_BT - _group_level(total_B, groups)[:, None]

    weighted_BT = energy_BT * return_BT
    weighted_sum_BT, energy_sum_BT = (groups.sum(x * mask_BT)[groups.index_B] for x in (weighted_BT, energy_BT))
    last_B1 = (mask_BT.sum(1, keepdim=True).long() - 1).clamp(min=0)
    ends_B1 = weighted_BT.gather(1, last_B1), energy_BT.gather(1, last_B1)
    weighted_others_B1, energy_others_B1 = (groups.sum(x)[groups.index_B] - x for x in ends_B1)
    is_alone_BT = groups.sum(mask_BT)[groups.index_B] == 1
    weighted_sum_BT = torch.where(is_alone_BT, weighted_others_B1, weighted_sum_BT)
    energy_sum_BT = torch.where(is_alone_BT, energy_others_B1, energy_sum_BT)

    baseline_BT = torch.where(energy_sum_BT > 0, weighted_sum_BT / energy_sum_BT, 0.0)
    has_others_B1 = (groups.size()[groups.index_B] > 1)[:, None]
    advantages_BT = (return_BT - baseline_BT) * mask_BT * has_others_B1
    dtype = torch.promote_types(rewards_BT.dtype, torch.float32)
    return torch.zeros_like(advantages_BT).scatter(1, order_BT, advantages_BT).to(dtype)


def _group_level(rewards_B: Tensor, groups: Groups) -> Tensor:
    """Return the mean of each row's group, [B]; exactly the reward where all of a group are equal."""
    largest_G = groups.max(rewards_B)
    level_G = torch.where(largest_G == -groups.max(-rewards_B), largest_G, groups.sum(rewards_B) / groups.size())
    return level_G[groups.index_B]


def decoupled_advantages(
    components: Mapping[str, Tensor], weights: Mapping[str, Tensor], group_ids_B: Tensor, *, epsilon: float = 1e-4
) -> Tensor:
    """Return Σ_k w_k A_k, divided by its standard deviation over the batch (Sec. 3, arXiv 2601.05242).

    A_k is `group_relative_advantages` of component k alone. Groups are centred, so the mean over the batch is 0 and is
    not subtracted: rows of groups without variance stay exactly 0.

    Args:
        components: of the reward before weights, each [B]; NaN in rows that do not have it.
        weights: of the same components, each [B].
        group_ids_B: integer group of each row.
        epsilon: added to each standard deviation (n − 1 in the denominator).

    Raises:
        ConfigError: no components, or other weights than components.
    """
    if not components or components.keys() != weights.keys():
        raise ConfigError(
            "Expected the components of the reward and a weight for each, got components "
            f"{sorted(components)} and weights {sorted(weights)}."
        )
    total_B = torch.zeros(len(group_ids_B), dtype=torch.float64, device=group_ids_B.device)
    for name, values_B in components.items():
        has_B = ~values_B.isnan()
        own = group_relative_advantages(values_B[has_B].double(), group_ids_B[has_B], epsilon=epsilon)
        total_B[has_B] += weights[name][has_B].double() * own
    num_rows = max(len(total_B) - 1, 1)
    scaled_B = total_B / ((total_B.square().sum() / num_rows).sqrt() + epsilon)
    dtype = next(iter(components.values())).dtype
    return scaled_B.to(torch.promote_types(dtype, torch.float32))


def terminal_rewards(rewards_B: Tensor, loss_mask_BT: Tensor) -> Tensor:
    """Return [B, T] with each row's reward at its last sampled token and 0 elsewhere (all 0 in a row without one)."""
    mask_BT = loss_mask_BT.bool()
    sampled_after_BT = mask_BT.flip(1).cumsum(1).flip(1)
    is_last_BT = mask_BT & (sampled_after_BT == 1)
    return torch.where(is_last_BT, rewards_B[:, None], 0.0)


def token_rewards(rewards_B: Tensor, loss_mask_BT: Tensor, turn_rewards_BT: Tensor | None) -> Tensor:
    """Return the reward received on choosing each token, [B, T]: `turn_rewards_BT`, and the rest with the last token.

    Args:
        rewards_B: of the whole episode.
        loss_mask_BT: 1 where a token was sampled.
        turn_rewards_BT: `TokenBatch.turn_rewards_BT`.
    """
    if turn_rewards_BT is None:
        return terminal_rewards(rewards_B, loss_mask_BT)
    return turn_rewards_BT + terminal_rewards(rewards_B - turn_rewards_BT.sum(1), loss_mask_BT)


def returns_to_go(rewards_BT: Tensor) -> Tensor:
    """Return Σ_{u≥t} r_u, [B, T]: what is still to come, undiscounted."""
    return rewards_BT.flip(1).cumsum(1).flip(1)


def kl_penalties(logprobs_BT: Tensor, reference_logprobs_BT: Tensor, loss_mask_BT: Tensor, *, kl_coef: float) -> Tensor:
    """Return −β (log π − log π_ref) at sampled tokens and 0 elsewhere: the KL penalty in the reward (arXiv 1909.08593).

    Args:
        logprobs_BT: of the policy that sampled.
        reference_logprobs_BT: of the frozen anchor.
        loss_mask_BT: 1 where a token was sampled.
        kl_coef: β.

    Raises:
        ValueError: tensors of different shapes.
    """
    require_equal_shapes(
        logprobs_BT=logprobs_BT, reference_logprobs_BT=reference_logprobs_BT, loss_mask_BT=loss_mask_BT
    )
    return torch.where(loss_mask_BT.bool(), -kl_coef * (logprobs_BT - reference_logprobs_BT), 0.0)


def turn_advantages(
    rewards_BT: Tensor, turns_BT: Tensor, group_ids_B: Tensor, *, rewards_B: Tensor | None = None
) -> Tensor:
    """Return what a turn and those after it earned, less what the other rows of the group earned from there on.

    A_{i,k} = G_{i,k} − 1/(n − 1) Σ_{j≠i} G_{j,min(k, K_j)}, with G_{i,k} the sum of the rewards of row i from turn k on
    and K_j the last turn of row j. No term of the baseline depends on what row i did, so the policy gradient stays
    unbiased; with the mean of the whole group, or of the rows that got as far, it would not.

    Args:
        rewards_BT: reward received on choosing each token, at the end of its turn.
        turns_BT: int64, the turn that sampled the token, from 0; −1 elsewhere.
        group_ids_B: integer group of each row.
        rewards_B: of whole episodes: what a row counts with of which no token is a sampled one; None is 0.

    Returns:
        Advantages [B, T], one number a turn; 0 outside the turns and in groups of one. Where only the last turn is
        rewarded, they are `leave_one_out_advantages`.

    Raises:
        ValueError: tensors of different shapes.
    """
    require_equal_shapes(rewards_BT=rewards_BT, turns_BT=turns_BT)
    last_B = turns_BT.amax(1)
    unplaced_B = torch.zeros_like(rewards_BT[:, 0]) if rewards_B is None else rewards_B.where(last_B < 0, 0.0)
    advantages_BT = torch.zeros_like(rewards_BT)
    for turn in range(int(last_B.max()) + 1 if len(last_B) else 0):
        start_B = last_B.clamp(min=0, max=turn)
        return_B = torch.where(turns_BT >= start_B[:, None], rewards_BT, 0.0).sum(1) + unplaced_B
        advantage_B = leave_one_out_advantages(return_B, group_ids_B)
        advantages_BT = torch.where(turns_BT == turn, advantage_B[:, None], advantages_BT)
    return advantages_BT
