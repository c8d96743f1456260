"""Arguments of the kernels as every implementation takes them: checked, in one precision, without padding.

N tokens, D hidden size, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from agents.kernels.tensor_parallel import VocabularyShard
from agents.kernels.types import LogitOptions

__all__ = ["HeadInputs"]


@dataclass(frozen=True)
class HeadInputs:
    """Hidden states and the head they meet."""

    hidden_ND: Tensor
    weight_VD: Tensor
    targets_N: Tensor
    bias_V: Tensor | None
    margin_N: Tensor | None
    logits: LogitOptions
    shard: VocabularyShard | None = None

    def take(self, rows_n: Tensor) -> HeadInputs:
        """Some of the rows."""
        margin_N = None if self.margin_N is None else self.margin_N[rows_n]
        return replace(self, hidden_ND=self.hidden_ND[rows_n], targets_N=self.targets_N[rows_n], margin_N=margin_N)

    @property
    def tensors(self) -> tuple[Tensor, Tensor, Tensor | None, Tensor, Tensor | None]:
        """In the order that the autograd functions take them."""
        return self.hidden_ND, self.weight_VD, self.bias_V, self.targets_N, self.margin_N

    def checked(self, vocabulary_size: int | None) -> HeadInputs:
        """The same without padding rows of the vocabulary and, under autocast, in its precision.

        Raises:
            ValueError: what does not fit.
        """
        _check_shapes(self)
        _check_values(self, vocabulary_size)
        weight_VD, bias_V = self.weight_VD, self.bias_V
        if vocabulary_size is not None:
            own_size = max(0, vocabulary_size - (0 if self.shard is None else self.shard.first_index))
            weight_VD, bias_V = weight_VD[:own_size], None if bias_V is None else bias_V[:own_size]
        device = self.hidden_ND.device.type
        if not torch.is_autocast_enabled(device):
            return self if vocabulary_size is None else replace(self, weight_VD=weight_VD, bias_V=bias_V)
        dtype = torch.get_autocast_dtype(device)
        bias_V = None if bias_V is None else bias_V.to(dtype)
        return replace(self, hidden_ND=self.hidden_ND.to(dtype), weight_VD=weight_VD.to(dtype), bias_V=bias_V)


def _check_shapes(inputs: HeadInputs) -> None:
    hidden_ND, weight_VD, num_rows = inputs.hidden_ND, inputs.weight_VD, inputs.hidden_ND.shape[:1]
    if hidden_ND.ndim != 2 or weight_VD.ndim != 2 or hidden_ND.shape[1] != weight_VD.shape[1]:
        raise ValueError(
            "Expected hidden [N, D] and weight [V, D] with the same D, "
            f"got {tuple(hidden_ND.shape)} and {tuple(weight_VD.shape)}."
        )
    if inputs.targets_N.shape != num_rows:
        shape = tuple(inputs.targets_N.shape)
        raise ValueError(f"Expected targets [{len(hidden_ND)}], one per row of hidden, got {shape}.")
    if inputs.margin_N is not None and inputs.margin_N.shape != num_rows:
        shape = tuple(inputs.margin_N.shape)
        raise ValueError(f"Expected support_margin_N [{len(hidden_ND)}], one per row of hidden, got {shape}.")
    if inputs.bias_V is not None and inputs.bias_V.shape != weight_VD.shape[:1]:
        raise ValueError(f"Expected bias [{len(weight_VD)}], one per row of weight, got {tuple(inputs.bias_V.shape)}.")
    if hidden_ND.dtype != weight_VD.dtype and not torch.is_autocast_enabled(hidden_ND.device.type):
        raise ValueError(
            f"Expected hidden and weight in one precision, got {hidden_ND.dtype} and {weight_VD.dtype}: "
            "convert one of them, or compute under torch.autocast."
        )


def _check_values(inputs: HeadInputs, vocabulary_size: int | None) -> None:
    if inputs.logits.temperature <= 0:
        raise ValueError(
            f"temperature must be positive, got {inputs.logits.temperature}; score greedy samples at temperature 1."
        )
    if inputs.logits.softcap is not None and inputs.logits.softcap <= 0:
        raise ValueError(f"softcap must be positive, or None for a head without one, got {inputs.logits.softcap}.")
    num_columns = len(inputs.weight_VD)
    if vocabulary_size is not None and (
        vocabulary_size < 1 or (inputs.shard is None and vocabulary_size > num_columns)
    ):
        raise ValueError(
            f"Expected vocabulary_size in [1, {num_columns}], the rows of weight, got {vocabulary_size}; "
            "None means that no row is padding."
        )
    if inputs.shard is None and len(inputs.targets_N):
        size = num_columns if vocabulary_size is None else vocabulary_size
        lowest, highest = inputs.targets_N.aminmax()
        if inputs.targets_N.device.type == "cpu":  # two more operations would take as long as all of these checks
            lowest, highest = int(lowest), int(highest)
        _require(
            (lowest >= 0) & (highest < size),
            f"Expected targets in [0, {size}); rows without a target (-100, padding) are left out by mask_N.",
        )
    if inputs.margin_N is not None:
        _require((inputs.margin_N <= 0).all(), "Expected support_margin_N ≤ 0: the target belongs to the support.")


def _require(condition: Tensor | bool, message: str) -> None:
    """Raise ValueError, or on an accelerator stop it when it gets there: waiting for it here would cost time."""
    if isinstance(condition, Tensor) and condition.device.type != "cpu":
        torch.ops.aten._assert_async.msg(condition, message)
    elif not condition:
        raise ValueError(message)
