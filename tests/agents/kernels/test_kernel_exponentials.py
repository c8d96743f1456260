"""Logits without bias, softcap and cut: their exponentials are formed without a shift where they fit."""

import pytest
import torch
from kernel_inputs import relative_error

from agents.kernels import chunked, exponentials, fused_policy_loss, token_logprobs
from agents.kernels.types import Head, LogitOptions, Method
from agents.types import LossOutput

OFFSETS = [0.0, 30.0, -30.0, 60.0, -60.0, 300.0, -300.0]
"""Of all logits; the last ones go out of range."""
PLAIN = LogitOptions()
WAYS = ["two passes", "one pass", "frozen head"]
N, D, V = 40, 16, 3000


def head_of(weight_VD, bias_V=None, options: LogitOptions = PLAIN) -> Head:
    return Head(weight_VD, bias_V, Method(chunked, options))


def problem(offset: float, *, likelihood: float | None = None, dtype: torch.dtype = torch.float64, seed: int = 0):
    """Hidden states, weight, targets and dL/dlogprob, in fp64 as rounded to `dtype`."""
    generator = torch.Generator().manual_seed(seed)
    hidden_ND = torch.randn(N, D, generator=generator, dtype=torch.float64)
    weight_VD = torch.randn(V, D, generator=generator, dtype=torch.float64) / 4
    targets_N = torch.randint(V, (N,), generator=generator)
    hidden_ND[:, 0], weight_VD[:, 0] = 1.0, offset
    if likelihood is not None:  # a column of its own lifts one token, which every row is made to have as its target
        targets_N[:] = 7
        weight_VD[:, 1] = 0.0
        weight_VD[7, 1] = 1.0
        hidden_ND[:, 1] = 0.0
        logits_NV = hidden_ND @ weight_VD.T
        others_N = logits_NV.index_fill(1, torch.tensor([7]), -torch.inf).logsumexp(-1)
        odds = torch.logit(torch.tensor(likelihood, dtype=torch.float64))
        hidden_ND[:, 1] = others_N + odds - logits_NV[:, 7]
    gradient_N = torch.randn(N, generator=generator, dtype=torch.float64)
    return hidden_ND.to(dtype), weight_VD.to(dtype), targets_N, gradient_N


def computed(way: str, hidden_ND, weight_VD, targets_N, gradient_N, *, backend: str = "chunked", **options):
    """Log-probabilities and the gradients of Σ g·logprob."""
    hidden_ND = hidden_ND.clone().requires_grad_()
    weight_VD = weight_VD.clone().requires_grad_(way != "frozen head")
    leaves = [x for x in (hidden_ND, weight_VD) if x.requires_grad]
    logprobs_N = torch.empty(len(targets_N), dtype=torch.float64)

    def weighted(result, _inputs, rows) -> LossOutput:
        logprobs_N[rows] = result.logprobs.detach().double()
        return LossOutput(loss=(gradient_N[rows] * result.logprobs).sum(), metrics={})

    if way == "one pass":
        tensors = (hidden_ND, weight_VD, targets_N, weighted)
        lengths = [1] * len(targets_N)
        loss = fused_policy_loss(*tensors, sequence_lengths=lengths, backend=backend, **options).loss
    else:
        result = token_logprobs(hidden_ND, weight_VD, targets_N, backend=backend, **options)
        loss = weighted(result, (), slice(0, len(targets_N))).loss
    return logprobs_N, torch.autograd.grad(loss, leaves)


def exactly(way: str, hidden_ND, weight_VD, targets_N, gradient_N, **options):
    tensors = (hidden_ND.double(), weight_VD.double(), targets_N, gradient_N)
    return computed("frozen head" if way == "frozen head" else "two passes", *tensors, backend="reference", **options)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("options", [{}, {"temperature": 0.7}, {"logit_scale": 0.5, "temperature": 1.3}], ids=str)
@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("way", WAYS)
def test_any_offset_of_the_logits_gives_the_same(way: str, offset: float, options: dict, dtype) -> None:
    tensors = problem(offset, dtype=dtype)
    logprobs_N, gradients = computed(way, *tensors, **options)
    exact_N, exact_gradients = exactly(way, *tensors, **options)
    tolerance = 1e-11 if dtype == torch.float64 else 1e-4
    torch.testing.assert_close(logprobs_N, exact_N, rtol=tolerance, atol=tolerance)
    for got, exact in zip(gradients, exact_gradients, strict=True):
        assert relative_error(got, exact) < tolerance


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("likelihood", [None, 1e-12, 0.5, 0.974, 0.9999])
@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("way", WAYS)
def test_errors_are_hardly_larger_than_those_of_dense_logits(way: str, offset: float, likelihood: float | None, dtype):
    """Most are far smaller, but exponentials and factors are rounded one by one; 1e-6 is fp32's resolution.

    Where gradients cancel, luck decides between two roundings, so four problems count together.
    """
    errors = torch.tensor([errors_beside_dense(way, offset, likelihood, dtype, seed) for seed in range(4)])
    (logprobs, dense_logprobs), *gradients = errors.square().mean(0).sqrt()
    assert logprobs <= 1.5 * dense_logprobs + 1e-6
    for got, dense in gradients:
        assert got <= 1.8 * dense + 1e-6


def errors_beside_dense(way: str, offset: float, likelihood: float | None, dtype: torch.dtype, seed: int):
    """Pairs of errors, ours and those of dense logits: of log-probabilities the largest, of gradients relative ones."""
    tensors = problem(offset, likelihood=likelihood, dtype=dtype, seed=seed)
    logprobs_N, gradients = computed(way, *tensors)
    dense_N, dense_gradients = computed(way, *tensors, backend="reference")
    exact_N, exact_gradients = exactly(way, *tensors)
    largest = [((found_N - exact_N).abs().max().item()) for found_N in (logprobs_N, dense_N)]
    parts = zip(gradients, dense_gradients, exact_gradients, strict=True)
    return [largest, *([float(relative_error(x, exact)) for x in (got, dense)] for got, dense, exact in parts)]


@pytest.mark.parametrize("way", WAYS)
def test_a_single_logit_out_of_range_is_no_exception(way: str) -> None:
    """e^95 is no fp32 number, so the row's exponentials must be formed anew with a shift."""
    hidden_ND, weight_VD, targets_N, gradient_N = problem(0.0, dtype=torch.float32)
    weight_VD[5], targets_N[3] = 0.0, 6
    weight_VD[5, 1], hidden_ND[3, 1] = 1.0, 95.0
    logprobs_N, gradients = computed(way, hidden_ND, weight_VD, targets_N, gradient_N)
    exact_N, exact_gradients = exactly(way, hidden_ND, weight_VD, targets_N, gradient_N)
    torch.testing.assert_close(logprobs_N, exact_N, rtol=1e-6, atol=1e-5)
    for got, exact in zip(gradients, exact_gradients, strict=True):
        assert relative_error(got, exact) < 5e-6


@pytest.mark.parametrize("way", WAYS)
def test_a_hidden_state_that_is_not_a_number_spoils_its_own_row_only(way: str) -> None:
    hidden_ND, *rest = problem(0.0, dtype=torch.float32)
    hidden_ND[3, 2] = torch.nan
    logprobs_N, _ = computed(way, hidden_ND, *rest)
    assert logprobs_N.isnan().nonzero().tolist() == [[3]]


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("num_columns", [V, 1000, 7])
def test_statistics_are_those_of_the_other_tokens_or_none(offset: float, num_columns: int) -> None:
    hidden_ND, weight_VD, targets_N, _ = problem(offset)
    found = exponentials.statistics(hidden_ND, head_of(weight_VD), targets_N, num_columns)
    if abs(offset) > 46:
        assert found is None
        return
    assert found is not None
    logits_NV = hidden_ND @ weight_VD.T
    torch.testing.assert_close(found.target_N, logits_NV.gather(1, targets_N[:, None]).squeeze(1))
    others_NV = logits_NV.scatter(1, targets_N[:, None], -torch.inf)
    torch.testing.assert_close(found.maximum_N + found.sum_N.log(), others_NV.logsumexp(-1))


def test_half_precision_without_the_range_and_heads_with_more_than_a_scale_are_left_out() -> None:
    hidden_ND, weight_VD, scaled = torch.zeros(1, 2), torch.zeros(3, 2), LogitOptions(0.7, None, 3.0)
    assert exponentials.suffice(hidden_ND, head_of(weight_VD, options=scaled))
    assert not exponentials.suffice(hidden_ND.half(), head_of(weight_VD, options=scaled))
    assert not exponentials.suffice(hidden_ND, head_of(weight_VD, torch.zeros(3), options=scaled))
    assert not exponentials.suffice(hidden_ND, head_of(weight_VD, options=LogitOptions(softcap=30.0)))


@pytest.mark.parametrize("threshold_N", [None, torch.zeros(5)])
def test_statistics_leave_given_products_as_they_are(threshold_N) -> None:
    products_NV = torch.randn(5, 7, generator=torch.Generator().manual_seed(0))
    before_NV = products_NV.clone()
    chunked.statistics_of_logits(products_NV, head_of(torch.zeros(7, 2)), torch.arange(5), threshold_N)
    assert torch.equal(products_NV, before_NV)
