"""`token_logprobs` and `fused_policy_loss` as a whole, in every mode, against the dense definition in float64.

On a CUDA device by both backends, in half and single precision. Without one, the chunked backend runs on the CPU in
single precision, so that this module is known to work before a device is at hand.
N tokens, D hidden size, V vocabulary.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import pytest
import torch
from areas import needs
from dense_logits import DEVICE, Case, random_case, relative_error, upstream, with_target_probability
from torch import Tensor

from agents.kernels import choose, fused_policy_loss, token_logprobs
from agents.kernels.products import add_product, chunk_rows, slices
from agents.kernels.types import TokenLogprobs
from agents.types import LossOutput

with_triton = pytest.param("triton", marks=[needs("gpu"), needs("triton")])
each_backend = pytest.mark.parametrize("backend", ["chunked", with_triton])
each_dtype = pytest.mark.parametrize(
    "dtype",
    [
        torch.float32,
        pytest.param(torch.bfloat16, marks=needs("gpu")),  # a CPU rounds the products
    ],
    ids=["single", "half"],
)

SHAPE = (4100, 96, 32_769) if DEVICE == "cuda" else (300, 32, 32_771)
"""N, D, V: several tiles of the vocabulary, more rows than a chunk has, and rows of odd length."""
ALL_OPTIONS = {"temperature": 1.3, "softcap": 10.0, "logit_scale": 0.9}


class Problem(NamedTuple):
    """Σ g·logprob + Σ g_H·entropy is to be differentiated with respect to hidden states, weight and bias."""

    case: Case
    options: dict[str, Any]
    gradient_N: Tensor
    entropy_gradient_N: Tensor | None = None

    def to(self, dtype: torch.dtype) -> Problem:
        """The same in another precision, its inputs ready to be differentiated."""
        inputs = (None if x is None else x.detach().to(dtype).requires_grad_() for x in self.case[:3])
        return self._replace(case=Case(*inputs, self.case.targets_N))

    def loss(self, result: TokenLogprobs, rows: slice) -> Tensor:
        total = (self.gradient_N[rows] * result.logprobs).sum()
        if self.entropy_gradient_N is not None:
            assert result.entropy is not None
            total = total + (self.entropy_gradient_N[rows] * result.entropy).sum()
        return total

    def logprobs(self, **how: Any) -> TokenLogprobs:
        hidden_ND, weight_VD, bias_V, targets_N = self.case
        return token_logprobs(hidden_ND, weight_VD, targets_N, bias=bias_V, **self.options, **how)

    def gradients(self, **how: Any) -> tuple[Tensor, ...]:
        return self.gradients_of(self.loss(self.logprobs(**how), slice(None)))

    def gradients_in_one_pass(self, lengths: list[int] | None = None, **how: Any) -> tuple[Tensor, ...]:
        hidden_ND, weight_VD, bias_V, targets_N = self.case
        lengths = lengths or [1] * len(targets_N)

        def loss_of_chunk(result: TokenLogprobs, inputs: tuple[Tensor, ...], rows: slice) -> LossOutput:
            return LossOutput(loss=self.loss(result, rows), metrics={})

        arguments = (hidden_ND, weight_VD, targets_N, loss_of_chunk)
        output = fused_policy_loss(*arguments, sequence_lengths=lengths, bias=bias_V, **self.options, **how)
        return self.gradients_of(output.loss)

    def gradients_of(self, loss: Tensor) -> tuple[Tensor, ...]:
        return torch.autograd.grad(loss, [x for x in self.case[:3] if x is not None and x.requires_grad])


@cache
def problem(kind: str, dtype: torch.dtype) -> Problem:
    N = SHAPE[0]
    case = random_case(SHAPE, dtype, has_bias=kind != "plain")
    case = case._replace(hidden_ND=case.hidden_ND * 1.75)  # a few tokens have most of the probability
    plain = Problem(case, {}, upstream(N, seed=1))
    margin_N = -2 - upstream(N, seed=3).abs()
    if kind == "all options":
        options = ALL_OPTIONS | {"support": margin_N, "entropy": "grad"}
        return plain._replace(options=options, entropy_gradient_N=upstream(N, seed=2))
    if kind == "all options, entropy as a value":
        return plain._replace(options=ALL_OPTIONS | {"support": margin_N, "entropy": "value"})
    if kind == "rows without gradient":
        return plain._replace(gradient_N=torch.where(torch.arange(N, device=DEVICE) % 2 == 0, 0, plain.gradient_N))
    assert kind == "plain"
    return plain


@cache
def exact(kind: str, dtype: torch.dtype) -> tuple[TokenLogprobs, tuple[Tensor, ...]]:
    """By definition, from the same rounded inputs."""
    double = problem(kind, dtype).to(torch.double)
    result = double.logprobs(backend="reference")
    values = TokenLogprobs(*(None if x is None else x.detach() for x in result))
    return values, double.gradients_of(double.loss(result, slice(None)))


def tolerances(dtype: torch.dtype, *, weight: float = 6e-3) -> tuple[float, ...]:
    """Of the gradients of hidden states, weight and bias."""
    return (5e-6, 5e-6, 5e-6) if dtype == torch.float32 else (6e-3, weight, 6e-3)


def check(got: tuple[Tensor, ...], expected: tuple[Tensor, ...], allowed: tuple[float, ...]) -> None:
    errors = [relative_error(*pair) for pair in zip(got, expected, strict=True)]
    assert all(error <= limit for error, limit in zip(errors, allowed, strict=False)), errors


@each_dtype
@each_backend
@pytest.mark.parametrize("kind", ["plain", "all options", "all options, entropy as a value"])
def test_values_match_the_definition(kind: str, backend: str, dtype: torch.dtype):
    result, expected = problem(kind, dtype).logprobs(backend=backend), exact(kind, dtype)[0]
    assert relative_error(result.logprobs, expected.logprobs) <= 5e-6
    if result.entropy is not None:
        assert expected.entropy is not None
        assert relative_error(result.entropy, expected.entropy) <= 5e-6


@each_dtype
@each_backend
@pytest.mark.parametrize("kind", ["plain", "all options", "rows without gradient"])
def test_two_passes_match_the_definition(kind: str, backend: str, dtype: torch.dtype):
    own = problem(kind, dtype).to(dtype)
    assert choose(*own.case[:3], entropy=own.options.get("entropy", "none"), backend=backend).mode == "two_pass"
    got = own.gradients(backend=backend)
    check(got, exact(kind, dtype)[1], tolerances(dtype))
    assert not got[0][own.gradient_N == 0].any()


@each_dtype
@each_backend
@pytest.mark.parametrize("kind", ["plain", "all options, entropy as a value"])
def test_a_frozen_head_matches_the_definition(kind: str, backend: str, dtype: torch.dtype):
    own = problem(kind, dtype).to(dtype)
    frozen = (None if x is None else x.detach() for x in own.case[1:3])
    own = own._replace(case=Case(own.case.hidden_ND, *frozen, own.case.targets_N))
    assert choose(*own.case[:3], backend=backend).mode == "frozen_head"
    check(own.gradients(backend=backend), exact(kind, dtype)[1][:1], tolerances(dtype))


@each_dtype
@each_backend
@pytest.mark.parametrize("kind", ["plain", "all options", "rows without gradient"])
@pytest.mark.parametrize("are_single_tokens", [True, False])
def test_one_pass_matches_the_definition(are_single_tokens: bool, kind: str, backend: str, dtype: torch.dtype):
    own = problem(kind, dtype).to(dtype)
    lengths = None if are_single_tokens else sequence_lengths(chunk_rows(own.case.weight_WD))
    got = own.gradients_in_one_pass(lengths, backend=backend)
    check(got, exact(kind, dtype)[1], tolerances(dtype, weight=1e-2))


def sequence_lengths(size: int) -> list[int]:
    """Of sequences that have all rows together; the second one is longer than a chunk."""
    rest = SHAPE[0] - 12 - size
    assert rest > 0
    return [7, size + 5, *(piece.stop - piece.start for piece in slices(rest, size // 2))]


@each_dtype
@each_backend
@pytest.mark.parametrize("probability", [1e-6, 0.974, 0.9999])
def test_gradients_keep_their_precision_however_probable_the_target(
    probability: float, backend: str, dtype: torch.dtype
):
    case = with_target_probability(random_case((64, 256, 257), dtype), probability)
    own = Problem(case, {}, upstream(64, seed=1))
    expected = own.to(torch.double).gradients(backend="reference")
    limit = 5e-6 if dtype == torch.float32 else 1e-2 if probability > 0.999 else 6e-3
    check(own.to(dtype).gradients(backend=backend), expected, (limit, limit))
    check(own.to(dtype).gradients_in_one_pass(backend=backend), expected, (limit, limit))


@each_dtype
@each_backend
def test_gradients_are_repeatable_bit_for_bit(backend: str, dtype: torch.dtype):
    own = problem("all options", dtype).to(dtype)
    for first, second in (
        [own.gradients(backend=backend) for _ in range(2)],
        [own.gradients_in_one_pass(backend=backend) for _ in range(2)],
    ):
        assert all(torch.equal(*pair) for pair in zip(first, second, strict=True))


@each_dtype
@pytest.mark.parametrize("num_rows", [1, 900])
def test_products_are_added_up_in_single_precision_from_tiles_that_are_padded_or_transposed(
    num_rows: int, dtype: torch.dtype
):
    hidden_ND, weight_WD, _, _ = random_case((num_rows, 64, 97), dtype)
    padded_NW = random_case((num_rows, 104, 1), dtype).hidden_ND[:, :97]
    whole = random_case((2000, 64, 1), torch.float32).hidden_ND
    for left, right in ((padded_NW, weight_WD), (padded_NW.T, hidden_ND)):
        total = whole[100 : 100 + len(left)]
        expected = total.double() + left.double() @ right.double()
        add_product(total, left, right)
        assert relative_error(total, expected) <= 5e-6


@needs("gpu")
@pytest.mark.parametrize(
    ("backend", "limit"), [pytest.param("triton", 2**29, marks=needs("triton")), ("chunked", 3 * 2**29)]
)
def test_two_passes_need_little_more_memory_than_inputs_and_gradients(backend: str, limit: int):
    N, D, V = 8192, 896, 151_936
    problem("plain", torch.bfloat16).to(torch.bfloat16).gradients(backend=backend)  # libraries allocate their own
    generator = torch.Generator(DEVICE).manual_seed(0)
    hidden_ND, weight_VD = (
        torch.randn(size, D, generator=generator, device=DEVICE, dtype=torch.bfloat16, requires_grad=True)
        for size in (N, V)
    )
    targets_N = torch.randint(V, (N,), generator=generator, device=DEVICE)
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    total = token_logprobs(hidden_ND, weight_VD, targets_N, backend=backend).logprobs.sum()
    gradients = torch.autograd.grad(total, (hidden_ND, weight_VD))
    of_gradients = sum(gradient.nbytes for gradient in gradients)
    assert torch.cuda.max_memory_allocated() - before - of_gradients < limit
