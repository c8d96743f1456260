from __future__ import annotations

import logging

import pytest
import torch
from kernel_inputs import Inputs, gradients, random_inputs, relative_error, upstream

from agents.kernels import TokenLogprobs, choose, fused_policy_loss, token_logprobs
from agents.types import LossOutput
from reasonenv.errors import UnknownNameError

each_backend = pytest.mark.parametrize("backend", ["reference", "chunked"])
LARGE = (23, 3, 300_001)
"""N, D, V: several tiles and chunks of the chunked backend, and more logits than are kept by default."""


@each_backend
def test_a_support_renormalises_over_the_tokens_that_were_left_to_draw_from(backend: str):
    hidden_ND, weight_VD = torch.eye(1, dtype=torch.float64), torch.tensor([[3.0], [2.0], [1.0], [-4.0]]).double()
    support_N = torch.tensor([-1.5], dtype=torch.float64)
    result = token_logprobs(
        hidden_ND, weight_VD, torch.tensor([1]), support=support_N, entropy="value", backend=backend
    )
    expected = torch.log_softmax(torch.tensor([3.0, 2.0, 1.0], dtype=torch.float64), 0)
    torch.testing.assert_close(result.logprobs, expected[1:2], rtol=1e-12, atol=1e-12)
    assert result.entropy is not None
    torch.testing.assert_close(result.entropy[0], -(expected.exp() * expected).sum(), rtol=1e-12, atol=1e-12)


@each_backend
def test_the_target_belongs_to_its_support_even_where_nothing_else_does(backend: str):
    inputs = random_inputs(40, 4, 11, dtype=torch.float32)
    zero_N = torch.zeros(40)
    result = token_logprobs(*inputs[:3], support=zero_N, temperature=0.3, backend=backend)
    likeliest_N = (inputs.hidden_ND @ inputs.weight_VD.T).argmax(-1) == inputs.targets_N
    assert result.logprobs.isfinite().all()
    torch.testing.assert_close(result.logprobs[likeliest_N], zero_N[likeliest_N], rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", [(9, 4, 31), LARGE], ids=str)
@pytest.mark.parametrize("trained", ["all", "hidden"])
def test_supports_agree_between_backends(shape: tuple[int, int, int], trained: str):
    inputs = random_inputs(*shape)
    if trained == "hidden":
        inputs = inputs._replace(weight_VD=inputs.weight_VD.detach(), bias_V=inputs.bias_V.detach())
    outputs = []
    for backend in ("reference", "chunked"):
        result = token_logprobs(
            *inputs[:3],
            bias=inputs.bias_V,
            temperature=1.3,
            softcap=2.5,
            support=-upstream(shape[0], seed=3).abs(),
            entropy="grad" if trained == "all" else "value",
            backend=backend,
        )
        total = (result.logprobs * upstream(shape[0], seed=1)).sum()
        if trained == "all":
            total = total + (result.entropy * upstream(shape[0], seed=2)).sum()
        wanted = [tensor for tensor in (inputs.hidden_ND, inputs.weight_VD, inputs.bias_V) if tensor.requires_grad]
        outputs.append((result.logprobs, result.entropy, *torch.autograd.grad(total, wanted)))
    torch.testing.assert_close(outputs[1], outputs[0], rtol=1e-9, atol=1e-11)


def test_gradients_under_a_support_match_finite_differences():
    inputs, support_N = random_inputs(3, 2, 7), torch.tensor([-0.5, -2.0, -9.0], dtype=torch.float64)

    def outputs(hidden_ND: torch.Tensor, weight_VD: torch.Tensor) -> tuple[torch.Tensor, ...]:
        result = token_logprobs(
            hidden_ND, weight_VD, inputs.targets_N, support=support_N, entropy="grad", backend="chunked"
        )
        assert result.entropy is not None
        return result.logprobs, result.entropy

    assert torch.autograd.gradcheck(outputs, (inputs.hidden_ND, inputs.weight_VD))


def test_rows_without_gradient_are_left_out_exactly():
    inputs, upstream_N = random_inputs(*LARGE), upstream(23, seed=1)
    upstream_N[1::3] = 0
    with torch.no_grad():
        inputs.hidden_ND[1::3] = torch.nan
    hidden_ND, weight_VD, bias_V = gradients(inputs, upstream_N, None, backend="chunked")
    kept = [n for n in range(23) if n % 3 != 1]
    alone = Inputs(inputs.hidden_ND.detach()[kept].requires_grad_(), *inputs[1:])
    alone = alone._replace(targets_N=inputs.targets_N[kept])
    expected = gradients(alone, upstream_N[kept], None, backend="reference")
    assert not hidden_ND[1::3].any()
    torch.testing.assert_close((hidden_ND[kept], weight_VD, bias_V), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", [(9, 4, 31), LARGE], ids=str)
def test_a_frozen_head_gives_the_gradient_of_a_trained_one(shape: tuple[int, int, int]):
    inputs = random_inputs(*shape)
    expected = gradients(inputs, upstream(shape[0], seed=1), None, backend="reference", softcap=2.0)[0]
    frozen = Inputs(inputs.hidden_ND, inputs.weight_VD.detach(), inputs.targets_N, inputs.bias_V.detach())
    assert choose(*frozen[:2], frozen.bias_V, backend="chunked").mode == "frozen_head"
    logprobs_N = token_logprobs(*frozen[:3], bias=frozen.bias_V, softcap=2.0, backend="chunked").logprobs
    (got,) = torch.autograd.grad((logprobs_N * upstream(shape[0], seed=1)).sum(), frozen.hidden_ND)
    torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-12)


def confident_inputs(probability: float, dtype: torch.dtype, *, N: int = 64, D: int = 256, V: int = 257) -> Inputs:
    """Inputs whose targets have that probability: a multiple of the target's embedding is added."""
    inputs, goal = random_inputs(N, D, V), torch.logit(torch.tensor(probability, dtype=torch.float64))
    with torch.no_grad():
        inputs.weight_VD.div_(D**0.5)
        direction_ND = inputs.weight_VD[inputs.targets_N]
        for _ in range(60):  # the others' logits move along, so it takes a few corrections
            logprobs_N = token_logprobs(*inputs[:3], bias=inputs.bias_V, backend="chunked").logprobs
            log_odds_N = logprobs_N - torch.log(-torch.expm1(logprobs_N))
            step_N = 0.7 * (goal - log_odds_N) / direction_ND.square().sum(-1)
            inputs.hidden_ND.add_(step_N[:, None] * direction_ND)
    return Inputs(*(t.detach().to(dtype).requires_grad_() if t.is_floating_point() else t for t in inputs))


@pytest.mark.parametrize("probability", [1e-6, 0.974, 0.9999])
@pytest.mark.parametrize(
    ("dtype", "logprob_error", "gradient_error"),
    [(torch.float32, 1e-5, 5e-6), (torch.bfloat16, 5e-2, 4e-2)],
    ids=["fp32", "bf16"],
)
def test_errors_against_double_precision(dtype, logprob_error: float, gradient_error: float, probability: float):
    inputs = confident_inputs(probability, dtype)
    exact = Inputs(*(t.detach().double().requires_grad_() if t.is_floating_point() else t for t in inputs))
    g_N = upstream(64, seed=1)
    got, expected = (
        token_logprobs(*parts[:3], bias=parts.bias_V, entropy="value", squares=True, backend=backend)
        for parts, backend in ((inputs, "chunked"), (exact, "reference"))
    )
    limits = (logprob_error, logprob_error, 2 * logprob_error)  # a square is off by twice as much
    for got_N, expected_N, limit in zip(got, expected, limits, strict=True):
        assert relative_error(got_N, expected_N) <= limit
    for entropy_upstream_N in (None, upstream(64, seed=2)):
        single = None if entropy_upstream_N is None else entropy_upstream_N.float()
        got_gradients = gradients(inputs, g_N.float(), single, backend="chunked")
        exact_gradients = gradients(exact, g_N, entropy_upstream_N, backend="reference")
        for got_tensor, exact_tensor in zip(got_gradients, exact_gradients, strict=True):
            assert relative_error(got_tensor, exact_tensor) <= gradient_error
    for got_tensor, exact_tensor in zip(
        gradients_at_once(inputs, g_N), gradients(exact, g_N, None, backend="reference"), strict=True
    ):
        assert relative_error(got_tensor, exact_tensor) <= gradient_error


def gradients_at_once(inputs: Inputs, upstream_N: torch.Tensor, **options) -> tuple[torch.Tensor, ...]:
    """Of Σ g·logprob, formed on the way forward."""

    def loss(result: TokenLogprobs, _inputs: tuple[torch.Tensor, ...], rows: slice) -> LossOutput:
        return LossOutput(loss=(result.logprobs * upstream_N[rows].to(result.logprobs.dtype)).sum(), metrics={})

    lengths = [1] * len(inputs.targets_N)
    output = fused_policy_loss(
        *inputs[:3], loss, sequence_lengths=lengths, bias=inputs.bias_V, backend="chunked", **options
    )
    return torch.autograd.grad(output.loss, (inputs.hidden_ND, inputs.weight_VD, inputs.bias_V))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"temperature": 0.7, "logit_scale": 1.7},
        {"softcap": 2.5},
        {"entropy": "value"},
        {"support": torch.full((23,), -1.5, dtype=torch.float64)},
    ],
    ids=lambda options: ", ".join(options) or "plain",
)
@pytest.mark.parametrize("shape", [(23, 4, 31), LARGE], ids=str)
def test_gradients_formed_at_once_know_every_option(options: dict, shape: tuple[int, int, int]):
    inputs, g_N = random_inputs(*shape), upstream(23, seed=1)
    g_N[1::3] = 0
    others = {name: value for name, value in options.items() if name != "entropy"}
    expected = gradients(inputs, g_N, None, backend="reference", **others)
    torch.testing.assert_close(gradients_at_once(inputs, g_N, **options), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
def test_results_repeat_bit_for_bit(dtype: torch.dtype):
    inputs = random_inputs(70, 16, 70_001, dtype=dtype)
    first, second = (gradients(inputs, upstream(70, seed=1).float(), None, backend="chunked") for _ in range(2))
    assert all(torch.equal(*pair) for pair in zip(first, second, strict=True))


@each_backend
def test_autocast_computes_in_its_precision_and_gives_gradients_in_the_parameters(backend: str):
    inputs = random_inputs(8, 16, 31, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        got = gradients(inputs, upstream(8, seed=1).float(), None, backend=backend)
    half = Inputs(*(t.detach().bfloat16().requires_grad_() if t.is_floating_point() else t for t in inputs))
    expected = gradients(half, upstream(8, seed=1).float(), None, backend=backend)
    assert {tensor.dtype for tensor in got} == {torch.float32}
    torch.testing.assert_close(got, tuple(tensor.float() for tensor in expected), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize(
    ("shape", "options", "mode", "backend", "reason"),
    [
        ((4096, 1, 1024), {}, "dense", "reference", "few enough"),
        ((4097, 1, 1024), {}, "two_pass", "chunked", "any loss may follow"),
        ((4097, 1, 1024), {"sequence_lengths": [1] * 4097}, "one_pass", "chunked", "sum over sequences"),
        ((6000, 1, 1024), {"sequence_lengths": [3000] * 2}, "one_pass", "chunked", "sum over sequences"),
        ((6000, 1, 1024), {"sequence_lengths": [6000]}, "two_pass", "chunked", "too many"),
        ((2, 1, 3), {"backend": "reference"}, "dense", "reference", "asked for"),
        ((2, 1, 3), {"backend": "chunked"}, "two_pass", "chunked", "any loss may follow"),
    ],
)
def test_choice_says_how_by_what_and_why(shape, options: dict, mode: str, backend: str, reason: str):
    choice = choose(*random_inputs(*shape, dtype=torch.float32)[:2], **options)
    assert (choice.mode, choice.backend) == (mode, backend)
    assert reason in choice.reason


def test_a_frozen_head_is_looked_at_once_unless_its_entropy_needs_a_gradient_or_its_bias_is_trained():
    hidden_ND, weight_VD, _, bias_V = random_inputs(2, 3, 5)
    frozen_VD, frozen_V = weight_VD.detach(), bias_V.detach()
    assert choose(hidden_ND, frozen_VD, frozen_V, backend="chunked").mode == "frozen_head"
    assert choose(hidden_ND, frozen_VD, bias_V, backend="chunked").mode == "two_pass"
    assert choose(hidden_ND, frozen_VD, entropy="grad", backend="chunked").mode == "two_pass"
    with torch.no_grad():
        assert choose(hidden_ND, frozen_VD, backend="chunked").mode == "two_pass"


def test_a_choice_is_logged_once(caplog: pytest.LogCaptureFixture):
    inputs = random_inputs(3, 2, 5)
    with caplog.at_level(logging.INFO, "agents.kernels"):
        for _ in range(3):
            token_logprobs(*inputs[:3], backend="chunked")
    assert len([record for record in caplog.records if record.message.startswith("two_pass (chunked)")]) <= 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"weight_VD": torch.zeros(5, 3, dtype=torch.bfloat16)},
            r"one precision, got torch.float32 and torch.bfloat16",
        ),
        ({"targets_N": torch.tensor([0, 5])}, r"targets in \[0, 5\)"),
        ({"targets_N": torch.tensor([0, -100])}, r"leave out rows without a target"),
        ({"bias": torch.zeros(4)}, r"bias \[5\], one per row of weight, got \(4,\)"),
        ({"softcap": 0.0}, r"softcap must be positive"),
        ({"support": torch.zeros(3)}, r"support \[2\], one per row of hidden, got \(3,\)"),
        ({"support": torch.tensor([-1.0, 0.5])}, r"support ≤ 0"),
        ({"backend": "triton"}, r"on 'cpu', not on an NVIDIA GPU\. Pass backend='auto' or 'chunked'"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(changes: dict, message: str):
    arguments = {"hidden_ND": torch.zeros(2, 3), "weight_VD": torch.zeros(5, 3), "targets_N": torch.zeros(2).long()}
    with pytest.raises(ValueError, match=message):
        token_logprobs(**(arguments | changes))


def test_an_unknown_backend_is_told_of_the_nearest_one():
    with pytest.raises(UnknownNameError, match="chunked"):
        token_logprobs(*random_inputs(2, 3, 5)[:3], backend="chunkd")
