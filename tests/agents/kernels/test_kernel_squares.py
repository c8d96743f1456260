"""Σ p² of the tokens other than the target: the same in every mode of the kernel, with every option."""

from __future__ import annotations

import math

import pytest
import torch
from kernel_inputs import Inputs, random_inputs, relative_error, upstream

from agents.kernels import TokenLogprobs, choose, fused_policy_loss, token_logprobs
from agents.types import LossOutput

SHAPE = (23, 8, 3001)
MODES = ("dense", "two_pass", "frozen_head", "one_pass", "without gradient")
OPTIONS = {
    "plain": {},
    "temperature": {"temperature": 0.6},
    "softcap": {"softcap": 2.5, "logit_scale": 1.7},
    "support": {"support": -torch.rand(23, generator=torch.Generator().manual_seed(3)) * 4},
    "entropy": {"entropy": "value"},
    "logits out of the range of exponentials": {"logit_scale": 40.0},
}


def computed(mode: str, inputs: Inputs, **options) -> TokenLogprobs:
    bias = options.pop("bias", None)
    if mode in ("dense", "without gradient"):
        backend = "reference" if mode == "dense" else "chunked"
        with torch.set_grad_enabled(mode == "dense"):
            return token_logprobs(*inputs[:3], bias=bias, squares=True, backend=backend, **options)
    if mode == "one_pass":
        return in_one_pass(inputs, bias, **options)
    weight_VD = inputs.weight_VD if mode == "two_pass" else inputs.weight_VD.detach()
    entropy = options.get("entropy", "none")
    assert choose(inputs.hidden_ND, weight_VD, bias, entropy=entropy, backend="chunked").mode == mode
    return token_logprobs(
        inputs.hidden_ND, weight_VD, inputs.targets_N, bias=bias, squares=True, backend="chunked", **options
    )


def in_one_pass(inputs: Inputs, bias: torch.Tensor | None, **options) -> TokenLogprobs:
    parts: list[TokenLogprobs] = []

    def loss(result: TokenLogprobs, _inputs: tuple[torch.Tensor, ...], rows: slice) -> LossOutput:
        parts.append(result)
        return LossOutput(loss=result.logprobs.sum(), metrics={})

    lengths = [1] * len(inputs.targets_N)
    fused_policy_loss(
        *inputs[:3], loss, sequence_lengths=lengths, bias=bias, squares=True, backend="chunked", **options
    )
    columns = list(zip(*parts, strict=True))
    return TokenLogprobs(torch.cat(columns[0]), None, torch.cat(columns[2]))


def by_definition(inputs: Inputs, bias: torch.Tensor | None = None, **options) -> torch.Tensor:
    hidden_ND, weight_VD = inputs.hidden_ND.detach().double(), inputs.weight_VD.detach().double()
    logits_NV = hidden_ND @ weight_VD.T + (0 if bias is None else bias.double())
    logits_NV = logits_NV * options.get("logit_scale", 1.0)
    if "softcap" in options:
        logits_NV = options["softcap"] * torch.tanh(logits_NV / options["softcap"])
    logits_NV = logits_NV / options.get("temperature", 1.0)
    is_target_NV = torch.nn.functional.one_hot(inputs.targets_N, logits_NV.shape[1]).bool()
    if "support" in options:
        threshold_N1 = logits_NV[is_target_NV][:, None] + options["support"][:, None]
        logits_NV = logits_NV.masked_fill((logits_NV < threshold_N1) & ~is_target_NV, -math.inf)
    return logits_NV.softmax(-1).masked_fill(is_target_NV, 0).square().sum(-1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize(("dtype", "limit"), [(torch.float32, 2e-5), (torch.float64, 1e-11)], ids=["fp32", "fp64"])
def test_squares_match_the_dense_definition(mode: str, options: dict, dtype: torch.dtype, limit: float):
    inputs = random_inputs(*SHAPE, dtype=dtype)
    squares_N = computed(mode, inputs, **options).other_squares
    assert squares_N is not None
    assert not squares_N.requires_grad
    assert relative_error(squares_N, by_definition(inputs, **options)) <= limit * options.get("logit_scale", 1.0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("options", [OPTIONS["plain"], OPTIONS["entropy"]], ids=["plain", "entropy"])
def test_squares_in_half_precision_are_no_worse_than_the_dense_computation(mode: str, options: dict):
    half = random_inputs(64, 32, 1001, dtype=torch.bfloat16)
    exact_N = by_definition(half)
    dense_error = relative_error(computed("dense", half).other_squares, exact_N)
    assert relative_error(computed(mode, half, **options).other_squares, exact_N) <= 1.2 * dense_error + 1e-3


@pytest.mark.parametrize("mode", MODES)
def test_padding_of_the_vocabulary_has_no_part_in_the_squares(mode: str):
    inputs = random_inputs(*SHAPE)
    padded_VD = torch.cat([inputs.weight_VD, torch.ones(63, SHAPE[1])]).detach().requires_grad_()
    bias_V = torch.zeros(len(padded_VD), dtype=torch.float64)
    bias_V[SHAPE[2] :] = -math.inf
    squares_N = computed(mode, inputs._replace(weight_VD=padded_VD), bias=bias_V).other_squares
    torch.testing.assert_close(squares_N, by_definition(inputs), rtol=1e-11, atol=0)


@pytest.mark.parametrize("mode", MODES)
def test_a_certain_target_keeps_the_digits_of_the_squared_norm_of_its_score(mode: str):
    # 1 − 2π + Σπ² would be 1 − 2 + 1 in fp32.
    inputs = random_inputs(4, 3, 50, dtype=torch.float32)
    bias_V = torch.full((50,), -18.0).index_fill(0, torch.tensor(7), 0.0)
    inputs = inputs._replace(hidden_ND=torch.zeros(4, 3, requires_grad=True), targets_N=torch.full((4,), 7))
    result = computed(mode, inputs, bias=bias_V)
    assert result.other_squares is not None
    other = math.exp(-18) / (1 + 49 * math.exp(-18))
    norm_N = result.logprobs.detach().expm1().square() + result.other_squares
    expected_N = torch.full((4,), (49 * other) ** 2 + 49 * other**2)
    torch.testing.assert_close(result.other_squares, torch.full((4,), 49 * other**2), rtol=1e-5, atol=0)
    # log_softmax of the dense computation rounds log π to 1e-7.
    torch.testing.assert_close(norm_N, expected_N, rtol=1e-5, atol=2e-13 if mode == "dense" else 0)


@pytest.mark.parametrize("mode", ["dense", "two_pass", "frozen_head"])
def test_asking_for_squares_leaves_log_probabilities_and_gradients_alone(mode: str):
    inputs = random_inputs(*SHAPE)
    weight_VD = inputs.weight_VD.detach() if mode == "frozen_head" else inputs.weight_VD
    backend = "reference" if mode == "dense" else "chunked"
    plain, asked = (
        token_logprobs(inputs.hidden_ND, weight_VD, inputs.targets_N, squares=squares, backend=backend)
        for squares in (False, True)
    )
    assert plain.other_squares is None
    gradients = [
        torch.autograd.grad((each.logprobs * upstream(23, seed=1)).sum(), inputs.hidden_ND) for each in (plain, asked)
    ]
    torch.testing.assert_close(*gradients, rtol=1e-12, atol=1e-14)
