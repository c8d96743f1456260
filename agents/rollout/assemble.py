"""Trajectories into tensors. B rows, T token positions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from agents.losses import totals_of
from agents.types import TokenBatch, Trajectory
from reasonenv.types import ScoreStatus

__all__ = ["assemble", "pad_rows"]


def assemble(
    trajectories: Sequence[Trajectory],
    *,
    pad_token_id: int,
    device: torch.device | str = "cpu",
    mask_truncated: bool = False,
) -> TokenBatch:
    """Return the trajectories that were scored as right-padded tensors; those whose grader failed are left out.

    Args:
        trajectories: in any order; `group_id` tells which belong together.
        pad_token_id: fills `token_ids_BT`; the masks hide it.
        device: of the result.
        mask_truncated: nothing of a trajectory whose last response was cut off counts as sampled; its reward stays.
    """
    scored = [trajectory for trajectory in trajectories if trajectory.reward_status is ScoreStatus.SCORED]
    if mask_truncated:
        scored = [trajectory if trajectory.is_stopped else _masked(trajectory) for trajectory in scored]
    loss_mask_BT = pad_rows([trajectory.loss_mask for trajectory in scored], 0.0)
    return TokenBatch(
        token_ids_BT=pad_rows([trajectory.token_ids for trajectory in scored], pad_token_id),
        attention_mask_BT=pad_rows([[1] * len(trajectory.token_ids) for trajectory in scored], 0),
        loss_mask_BT=loss_mask_BT,
        behavior_logprobs_BT=pad_rows([trajectory.behavior_logprobs for trajectory in scored], 0.0),
        rewards_B=torch.tensor([trajectory.reward for trajectory in scored], dtype=torch.float32),
        group_ids_B=torch.tensor([trajectory.group_id for trajectory in scored], dtype=torch.int64),
        totals=totals_of(loss_mask_BT),
        is_stopped_B=torch.tensor([trajectory.is_stopped for trajectory in scored], dtype=torch.bool),
        turns_BT=pad_rows([_of_tokens(trajectory, "turn") for trajectory in scored], -1),
        weights_versions_BT=pad_rows([_of_tokens(trajectory, "weights_version") for trajectory in scored], -1),
        routed_experts_BTLK=_routed_experts(scored, loss_mask_BT.shape[1]),
        reward_components=_columns([trajectory.reward_components for trajectory in scored]),
        reward_weights=_columns([trajectory.reward_weights for trajectory in scored]),
        turn_rewards_BT=_turn_rewards(scored),
    ).to(device)


def _masked(trajectory: Trajectory) -> Trajectory:
    zeros = [0] * len(trajectory.token_ids)
    return replace(trajectory, loss_mask=tuple(zeros), behavior_logprobs=tuple(map(float, zeros)), spans=())


def _of_tokens(trajectory: Trajectory, name: str) -> list[int]:
    """Return a number of the span that sampled each token; −1 outside."""
    numbers = [-1] * len(trajectory.token_ids)
    for span in trajectory.spans:
        numbers[span.start : span.stop] = [getattr(span, name)] * (span.stop - span.start)
    return numbers


def _routed_experts(trajectories: Sequence[Trajectory], num_columns: int) -> Tensor | None:
    """Return int16 [B, T, L, K]; None unless every trajectory has a recording."""
    rows = [trajectory.routed_experts for trajectory in trajectories if trajectory.routed_experts is not None]
    if not rows or len(rows) < len(trajectories):
        return None
    padded = [torch.nn.functional.pad(row, (0, 0, 0, 0, 0, num_columns - len(row)), value=-1) for row in rows]
    return torch.stack(padded).clone()


def _columns(rows: Sequence[Mapping[str, float]]) -> dict[str, Tensor]:
    """Return the numbers of each name, NaN in rows without it."""
    names = sorted({name for row in rows for name in row})
    return {name: torch.tensor([row.get(name, math.nan) for row in rows], dtype=torch.float32) for name in names}


def _turn_rewards(trajectories: Sequence[Trajectory]) -> Tensor | None:
    if not any(trajectory.turn_rewards for trajectory in trajectories):
        return None
    return pad_rows([_earned(trajectory) for trajectory in trajectories], 0.0)


def _earned(trajectory: Trajectory) -> list[float]:
    """Return what each turn but the last earned at its last token; a turn without tokens earned it with those before.

    What was earned before there was any token stays with the rest of the reward, at the last one.
    """
    earned, position = [0.0] * len(trajectory.token_ids), None
    for turn, reward in enumerate(trajectory.turn_rewards):
        stops = [span.stop for span in trajectory.spans if span.turn == turn and span.stop > span.start]
        position = stops[-1] - 1 if stops else position
        if position is not None:
            earned[position] += reward
    return earned


def pad_rows(rows: Sequence[Sequence[float]], fill: float) -> Tensor:
    """Return [B, T] with T the longest row: int64 when `fill` is an int, else float32."""
    dtype = torch.int64 if isinstance(fill, int) else torch.float32
    num_columns = max((len(row) for row in rows), default=1)
    padded: list[list[Any]] = [[*row, *[fill] * (num_columns - len(row))] for row in rows]
    return torch.tensor(padded, dtype=dtype).reshape(len(rows), num_columns)
