"""The tensors that a head computes with: checked, and in one precision.

N tokens, D hidden size, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from agents.kernels.types import LogitOptions, SampledTokens


@dataclass(frozen=True)
class HeadInputs:
    """Hidden states, the head that they meet, and the tokens that were sampled."""

    hidden_ND: Tensor
    weight_VD: Tensor
    bias_V: Tensor | None
    tokens: SampledTokens
    options: LogitOptions

    def checked(self) -> HeadInputs:
        """Return the same; under autocast in its precision.

        Raises:
            ValueError: shapes, precisions or values that do not fit.
        """
        _check_shapes(self)
        _check_values(self)
        device = self.hidden_ND.device.type
        if not torch.is_autocast_enabled(device):
            return self
        dtype = torch.get_autocast_dtype(device)
        bias_V = None if self.bias_V is None else self.bias_V.to(dtype)
        return replace(self, hidden_ND=self.hidden_ND.to(dtype), weight_VD=self.weight_VD.to(dtype), bias_V=bias_V)


def _check_shapes(inputs: HeadInputs) -> None:
    hidden_ND, weight_VD, num_rows = inputs.hidden_ND, inputs.weight_VD, inputs.hidden_ND.shape[:1]
    if hidden_ND.ndim != 2 or weight_VD.ndim != 2 or hidden_ND.shape[1] != weight_VD.shape[1]:
        raise ValueError(
            "Expected hidden [N, D] and weight [V, D] with the same D, "
            f"got {tuple(hidden_ND.shape)} and {tuple(weight_VD.shape)}."
        )
    for name, values_N in (("targets", inputs.tokens.ids_N), ("support", inputs.tokens.support_N)):
        if values_N is not None and values_N.shape != num_rows:
            shape = tuple(values_N.shape)
            raise ValueError(f"Expected {name} [{len(hidden_ND)}], one per row of hidden, got {shape}.")
    if inputs.bias_V is not None and inputs.bias_V.shape != weight_VD.shape[:1]:
        raise ValueError(f"Expected bias [{len(weight_VD)}], one per row of weight, got {tuple(inputs.bias_V.shape)}.")
    if hidden_ND.dtype != weight_VD.dtype and not torch.is_autocast_enabled(hidden_ND.device.type):
        raise ValueError(
            f"Expected hidden and weight in one precision, got {hidden_ND.dtype} and {weight_VD.dtype}: "
            "convert one of them, or compute under torch.autocast."
        )


def _check_values(inputs: HeadInputs) -> None:
    options, (ids_N, support_N) = inputs.options, inputs.tokens
    if options.temperature <= 0:
        raise ValueError(
            f"temperature must be positive, got {options.temperature}; score greedy samples at temperature 1."
        )
    if options.softcap is not None and options.softcap <= 0:
        raise ValueError(f"softcap must be positive, or None for a head without one, got {options.softcap}.")
    if len(ids_N):
        lowest, highest = ids_N.aminmax()
        if ids_N.device.type == "cpu":  # two more operations would take as long as all of these checks
            lowest, highest = int(lowest), int(highest)
        size = len(inputs.weight_VD)
        message = f"Expected targets in [0, {size}); leave out rows without a target (-100, padding)."
        _require((lowest >= 0) & (highest < size), message)
    if support_N is not None:
        _require((support_N <= 0).all(), "Expected support ≤ 0: the target belongs to its own support.")


def _require(condition: Tensor | bool, message: str) -> None:
    """Raise ValueError, or let an accelerator stop when it gets there: waiting for it here would cost time."""
    if isinstance(condition, Tensor) and condition.device.type != "cpu":
        torch.ops.aten._assert_async.msg(condition, message)
    elif not condition:
        raise ValueError(message)
