"""Random inputs of the kernels, and gradients through them, for their tests."""

from __future__ import annotations

from typing import NamedTuple

import torch

from agents.kernels import token_logprobs


class Inputs(NamedTuple):
    hidden_ND: torch.Tensor
    weight_VD: torch.Tensor
    targets_N: torch.Tensor
    bias_V: torch.Tensor


def random_inputs(N: int, D: int, V: int, *, seed: int = 0, dtype: torch.dtype = torch.float64) -> Inputs:
    generator = torch.Generator().manual_seed(seed)
    return Inputs(
        torch.randn(N, D, generator=generator).to(dtype).requires_grad_(),
        torch.randn(V, D, generator=generator).to(dtype).requires_grad_(),
        torch.randint(V, (N,), generator=generator),
        torch.randn(V, generator=generator).to(dtype).requires_grad_(),
    )


def upstream(N: int, *, seed: int) -> torch.Tensor:
    return torch.randn(N, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def gradients(inputs: Inputs, upstream_N: torch.Tensor, entropy_upstream_N: torch.Tensor | None, **options):
    """Of Σ g·logprob + Σ g_H·entropy with respect to hidden, weight and bias."""
    result = token_logprobs(
        inputs.hidden_ND,
        inputs.weight_VD,
        inputs.targets_N,
        bias=inputs.bias_V,
        entropy="none" if entropy_upstream_N is None else "grad",
        **options,
    )
    total = (result.logprobs * upstream_N).sum()
    if entropy_upstream_N is not None:
        total = total + (result.entropy * entropy_upstream_N).sum()
    return torch.autograd.grad(total, (inputs.hidden_ND, inputs.weight_VD, inputs.bias_V))


def relative_error(got: torch.Tensor, exact: torch.Tensor) -> float:
    return ((got.double() - exact.double()).norm() / exact.double().norm()).item()
