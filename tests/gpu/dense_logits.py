"""Random inputs of the kernels, and what they compute by definition, dense and in float64.

N tokens, D hidden size, W columns.
"""

from __future__ import annotations

import math
import os
from typing import NamedTuple

import torch
from torch import Tensor

from agents.kernels.types import LogitOptions

DEVICE = "cuda" if torch.cuda.is_available() and os.environ.get("TRITON_INTERPRET") != "1" else "cpu"


class Case(NamedTuple):
    hidden_ND: Tensor
    weight_WD: Tensor
    bias_W: Tensor | None
    targets_N: Tensor


class Dense(NamedTuple):
    """The definition in float64; the gradient is that of Σ g·logprob + Σ g_H·entropy by the products."""

    logits_NW: Tensor
    maximum_N: Tensor
    """Of the support without the target."""
    logprob_N: Tensor
    entropy_N: Tensor
    target_N: Tensor
    other_squares_N: Tensor
    gradient_NW: Tensor


def random_case(shape: tuple[int, int, int], dtype: torch.dtype, *, has_bias: bool = False, seed: int = 0) -> Case:
    N, D, W = shape
    generator = torch.Generator().manual_seed(seed)
    return Case(
        (torch.randn(N, D, generator=generator) * 2 / math.sqrt(D)).to(DEVICE, dtype),
        torch.randn(W, D, generator=generator).to(DEVICE, dtype),
        torch.randn(W, generator=generator).to(DEVICE, dtype) if has_bias else None,
        torch.randint(W, (N,), generator=generator).to(DEVICE),
    )


def upstream(N: int, *, seed: int) -> Tensor:
    return torch.randn(N, generator=torch.Generator().manual_seed(seed)).to(DEVICE)


def products_of(case: Case) -> Tensor:
    return case.hidden_ND.double() @ case.weight_WD.double().T


def dense(
    case: Case,
    options: LogitOptions,
    gradient_N: Tensor | None = None,
    entropy_gradient_N: Tensor | None = None,
    *,
    products_NW: Tensor | None = None,
    threshold_N: Tensor | None = None,
) -> Dense:
    raw_NW = products_of(case) if products_NW is None else products_NW.double()
    raw_NW = (raw_NW if case.bias_W is None else raw_NW + case.bias_W.double()).requires_grad_()
    logits_NW = raw_NW * options.logit_scale
    if options.softcap is not None:
        logits_NW = options.softcap * torch.tanh(logits_NW / options.softcap)
    logits_NW = logits_NW / options.temperature
    is_kept_NW = torch.ones_like(logits_NW, dtype=torch.bool)
    if threshold_N is not None:
        is_kept_NW = logits_NW >= threshold_N[:, None].double()
        is_kept_NW = is_kept_NW.scatter(1, case.targets_N[:, None], value=True)
    logprobs_NW = logits_NW.masked_fill(~is_kept_NW, -math.inf).log_softmax(-1)
    entropy_N = -(logprobs_NW.exp() * logprobs_NW.masked_fill(~is_kept_NW, 0)).sum(-1)
    logprob_N = logprobs_NW.gather(1, case.targets_N[:, None])[:, 0]
    target_N = logits_NW.gather(1, case.targets_N[:, None])[:, 0]
    is_other_NW = is_kept_NW.scatter(1, case.targets_N[:, None], value=False)
    squares_N = logprobs_NW.exp().masked_fill(~is_other_NW, 0).square().sum(-1)
    total = 0 * logprob_N.sum()
    for upstream_N, quantity_N in ((gradient_N, logprob_N), (entropy_gradient_N, entropy_N)):
        if upstream_N is not None:
            total = total + (upstream_N.double() * quantity_N).sum()
    (gradient_NW,) = torch.autograd.grad(total, raw_NW)
    maximum_N = logits_NW.masked_fill(~is_other_NW, -math.inf).amax(-1)
    tensors = (logits_NW, maximum_N, logprob_N, entropy_N, target_N, squares_N, gradient_NW)
    return Dense(*(tensor.detach() for tensor in tensors))


def relative_error(got: Tensor, exact: Tensor) -> float:
    return ((got.double() - exact).norm() / exact.norm()).item()


def with_target_probability(case: Case, probability: float) -> Case:
    """Each hidden state moved along its target's weights until the target is that probable."""
    hidden_ND, weight_ND = case.hidden_ND.double(), case.weight_WD.double()[case.targets_N]
    for _ in range(50):
        logprobs_NW = (hidden_ND @ case.weight_WD.double().T).log_softmax(-1)
        logprob_N = logprobs_NW.gather(1, case.targets_N[:, None])[:, 0]
        missing_N = torch.logit(torch.tensor(probability).double()) - torch.logit(logprob_N.exp(), eps=1e-12)
        hidden_ND = hidden_ND + (missing_N / weight_ND.square().sum(-1))[:, None] * weight_ND
    return case._replace(hidden_ND=hidden_ND.to(case.hidden_ND.dtype))
