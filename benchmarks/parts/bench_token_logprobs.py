"""What do log-probabilities of sampled tokens cost, forward and backward, per implementation and vocabulary?"""

from __future__ import annotations

import pytest
import torch

from agents.kernels import token_logprobs

NUM_TOKENS, HIDDEN_SIZE = 2048, 64


@pytest.mark.parametrize("backend", ["reference", "chunked"])
@pytest.mark.parametrize("vocabulary_size", [272, 32_000])
def test_token_logprobs(benchmark, backend: str, vocabulary_size: int) -> None:
    generator = torch.Generator().manual_seed(0)
    hidden_ND = torch.randn(NUM_TOKENS, HIDDEN_SIZE, generator=generator).requires_grad_()
    weight_VD = (torch.randn(vocabulary_size, HIDDEN_SIZE, generator=generator) / 8).requires_grad_()
    targets_N = torch.randint(vocabulary_size, (NUM_TOKENS,), generator=generator)

    def forward_and_backward() -> None:
        token_logprobs(hidden_ND, weight_VD, targets_N, backend=backend).logprobs.sum().backward()

    benchmark(forward_and_backward)
