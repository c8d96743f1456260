from __future__ import annotations

from pathlib import Path

import torch
import torch.distributed as dist
from kernel_inputs import random_inputs, upstream
from ranks import run_on_ranks

from agents.kernels import VocabularyShard, token_logprobs

N, D, V, ROWS_OF_A_RANK = 9, 4, 31, 16
"""The head is padded to 48 rows: the second of three ranks holds one row of padding, the last nothing else."""
OPTIONS = {"temperature": 1.2, "softcap": 3.0, "entropy": "grad", "vocabulary_size": V}


def outputs_and_gradients(hidden_ND, weight_VD, bias_V, targets_N, margin_N, shard=None):
    hidden_ND, weight_VD, bias_V = (t.detach().requires_grad_() for t in (hidden_ND, weight_VD, bias_V))
    result = token_logprobs(
        hidden_ND, weight_VD, targets_N, bias=bias_V, support_margin_N=margin_N, shard=shard, **OPTIONS
    )
    total = (result.logprobs * upstream(N, seed=1)).sum() + (result.entropy * upstream(N, seed=2)).sum()
    return result, torch.autograd.grad(total, (hidden_ND, weight_VD, bias_V))


def compare_with_one_process(rank: int) -> None:
    inputs = random_inputs(N, D, 3 * ROWS_OF_A_RANK)
    whole = (inputs.hidden_ND, inputs.weight_VD, inputs.bias_V)
    targets_N = inputs.targets_N.clamp(max=V - 1)
    shard = VocabularyShard(dist.group.WORLD, first_index=rank * ROWS_OF_A_RANK)
    own = slice(rank * ROWS_OF_A_RANK, (rank + 1) * ROWS_OF_A_RANK)
    for margin_N in (None, -upstream(N, seed=3).abs()):
        expected, (hidden_ND, weight_VD, bias_V) = outputs_and_gradients(*whole, targets_N, margin_N)
        parts = (inputs.hidden_ND, inputs.weight_VD[own], inputs.bias_V[own])
        got, got_gradients = outputs_and_gradients(*parts, targets_N, margin_N, shard)
        torch.testing.assert_close(tuple(got), tuple(expected), rtol=1e-11, atol=1e-12)
        torch.testing.assert_close(got_gradients, (hidden_ND, weight_VD[own], bias_V[own]), rtol=1e-10, atol=1e-12)
        gathered = [torch.empty_like(got.logprobs) for _ in range(3)]
        dist.all_gather(gathered, got.logprobs.detach())
        assert all(torch.equal(gathered[0], other) for other in gathered), "every rank has the same bits"


def test_a_vocabulary_split_over_three_ranks_equals_a_whole_one(tmp_path: Path):
    run_on_ranks(compare_with_one_process, 3, tmp_path)
