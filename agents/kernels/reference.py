"""The specification of `token_logprobs`: dense, differentiated by autograd, in fp32 (fp64 for fp64 inputs).

Every other implementation is tested against it. N tokens, D hidden size, V vocabulary.
"""

from __future__ import annotations

import torch
from torch import Tensor

from agents.kernels.types import EntropyMode, LogitOptions, SampledTokens, TokenLogprobs


def transformed(logits_NV: Tensor, options: LogitOptions) -> Tensor:
    """Scale, soft-cap and divide by the temperature; return the very tensor where nothing is to be done."""
    if options.logit_scale != 1.0:
        logits_NV = logits_NV * options.logit_scale
    if options.softcap is not None:
        logits_NV = options.softcap * torch.tanh(logits_NV / options.softcap)
    return logits_NV if options.temperature == 1.0 else logits_NV / options.temperature


def token_logprobs_reference(
    hidden_ND: Tensor,
    weight_VD: Tensor,
    bias_V: Tensor | None,
    tokens: SampledTokens,
    options: LogitOptions,
    entropy: EntropyMode,
    *,
    has_squares: bool = False,
) -> TokenLogprobs:
    """Compute log softmax(z)[target] and −Σ p log p from all logits [N, V]; see `agents.kernels.token_logprobs`."""
    logits_NV = torch.nn.functional.linear(hidden_ND, weight_VD, bias_V)
    logits_NV = transformed(logits_NV.to(torch.promote_types(logits_NV.dtype, torch.float32)), options)
    targets_N1 = tokens.ids_N[:, None]
    if tokens.support_N is not None:
        threshold_N1 = logits_NV.detach().gather(-1, targets_N1) + tokens.support_N[:, None]
        is_outside_NV = (logits_NV < threshold_N1).scatter(-1, targets_N1, value=False)
        logits_NV = logits_NV.masked_fill(is_outside_NV, -torch.inf)
    logprobs_NV = torch.log_softmax(logits_NV, dim=-1)
    logprobs_N = logprobs_NV.gather(-1, targets_N1).squeeze(-1)
    squares_N = logprobs_NV.detach().exp().scatter_(-1, targets_N1, 0.0).square_().sum(-1) if has_squares else None
    if entropy == "none":
        return TokenLogprobs(logprobs_N, None, squares_N)
    if tokens.support_N is not None:
        logprobs_NV = logprobs_NV.masked_fill(logprobs_NV == -torch.inf, 0.0)
        entropy_N = -(logits_NV.softmax(-1) * logprobs_NV).sum(-1)
    else:
        entropy_N = -(logprobs_NV.exp() * logprobs_NV).sum(-1)
    return TokenLogprobs(logprobs_N, entropy_N if entropy == "grad" else entropy_N.detach(), squares_N)
