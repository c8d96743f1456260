"""The reader of requests: a logistic model of what the small encoder makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from reward_models.embedded.encoder import request_meaning, request_meanings
from reward_models.training.data import SafetyExample

_RIDGE = 2e-4
_TENSORS = ("center", "scale", "weights", "bias")


@dataclass(frozen=True, eq=False)
class RequestReader:
    """logit P(a request is for harm) = weights · (meaning − center)/scale + bias."""

    center: Tensor
    scale: Tensor
    weights: Tensor
    bias: Tensor

    @classmethod
    def fit(cls, examples: Sequence[SafetyExample]) -> RequestReader:
        """Fit to requests, which stand where responses do."""
        meanings_ND = request_meanings([row.response for row in examples])
        center, spread = meanings_ND.mean(dim=0), meanings_ND.std(dim=0)
        scale = torch.where(spread > 1e-6, spread, 1.0) * meanings_ND.shape[1] ** 0.5
        is_harmful_N = torch.tensor([float(row.is_unsafe) for row in examples], dtype=torch.float64)
        weights, bias = fit_logistic((meanings_ND - center) / scale, is_harmful_N, ridge=_RIDGE)
        return cls(center, scale, weights, torch.tensor(bias, dtype=torch.float64))

    def logit(self, request: str) -> float:
        return float((request_meaning(request) - self.center) / self.scale @ self.weights + self.bias)

    def tensors(self, prefix: str) -> dict[str, Tensor]:
        """Return everything by name."""
        return {prefix + name: getattr(self, name) for name in _TENSORS}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], prefix: str) -> RequestReader:
        """Make one of what `tensors` returned.

        Raises:
            KeyError: a name is missing.
        """
        return cls(*(tensors[prefix + name] for name in _TENSORS))


def fit_logistic(features_NF: Tensor, targets_N: Tensor, *, ridge: float) -> tuple[Tensor, float]:
    """Minimise the mean cross-entropy to targets in [0, 1] + ridge · ‖w‖²; return weights and bias."""
    weights = torch.zeros(features_NF.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = binary_cross_entropy_with_logits(features_NF @ weights + bias, targets_N)
        (loss + ridge * weights.square().sum()).backward()
        return loss

    optimizer.step(closure)
    return weights.detach(), float(bias.detach())
