from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from kernel_inputs import Inputs, gradients, random_inputs, relative_error, upstream

from agents.kernels import choose, token_logprobs

OPTIONS = {
    "plain": {},
    "temperature": {"temperature": 0.7},
    "softcap": {"softcap": 3.0},
    "logit_scale": {"logit_scale": 0.25},
    "all": {"temperature": 1.3, "softcap": 2.5, "logit_scale": 1.7},
}
each_option = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
each_backend = pytest.mark.parametrize("backend", ["reference", "chunked"])
SEVERAL_TILES = (13, 3, 700_001)
"""N, D, V: several of the chunked backend's tiles, the last one narrower, and an odd vocabulary."""


def by_definition(inputs: Inputs, *, temperature=1.0, softcap=None, logit_scale=1.0) -> tuple[np.ndarray, ...]:
    """Log-probabilities of the targets, entropies and Σ p² of the other tokens, one row at a time."""
    hidden, weight, targets, bias = (tensor.detach().numpy() for tensor in inputs)
    logprobs, entropies, squares = np.zeros((3, len(hidden)))
    for i, row in enumerate(hidden):
        logits = logit_scale * (weight @ row + bias)
        if softcap is not None:
            logits = softcap * np.tanh(logits / softcap)
        unnormalised = np.exp(logits / temperature)
        probabilities = unnormalised / unnormalised.sum()
        logprobs[i] = np.log(probabilities[targets[i]])
        entropies[i] = -(probabilities * np.log(probabilities)).sum()
        squares[i] = (np.delete(probabilities, targets[i]) ** 2).sum()
    return logprobs, entropies, squares


@each_backend
@each_option
@pytest.mark.parametrize("shape", [(6, 4, 11), (1, 5, 7), (3, 2, 1)])
def test_logprobs_entropy_and_squares_match_their_definition(backend: str, options: dict, shape: tuple[int, int, int]):
    inputs = random_inputs(*shape)
    result = token_logprobs(*inputs[:3], bias=inputs.bias_V, entropy="value", squares=True, backend=backend, **options)
    for tensor_N, expected_N in zip(result, by_definition(inputs, **options), strict=True):
        np.testing.assert_allclose(tensor_N.detach(), expected_N, rtol=1e-12, atol=1e-12)


@each_backend
@each_option
def test_gradients_of_logprobs_and_entropy_match_finite_differences(backend: str, options: dict):
    inputs = random_inputs(3, 2, 5)

    def outputs(hidden_ND: torch.Tensor, weight_VD: torch.Tensor, bias_V: torch.Tensor) -> tuple[torch.Tensor, ...]:
        result = token_logprobs(
            hidden_ND, weight_VD, inputs.targets_N, bias=bias_V, entropy="grad", backend=backend, **options
        )
        assert result.entropy is not None
        return result.logprobs, result.entropy

    assert torch.autograd.gradcheck(outputs, (inputs.hidden_ND, inputs.weight_VD, inputs.bias_V))


@each_option
@pytest.mark.parametrize("shape", [SEVERAL_TILES, (17, 8, 131), (1, 4, 7)], ids=str)
def test_chunked_forward_equals_the_reference(options: dict, shape: tuple[int, int, int]):
    inputs = random_inputs(*shape)
    reference, chunked = (
        token_logprobs(*inputs[:3], bias=inputs.bias_V, entropy="value", squares=True, backend=backend, **options)
        for backend in ("reference", "chunked")
    )
    torch.testing.assert_close(chunked, reference, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("has_entropy", [False, True])
@pytest.mark.parametrize(
    ("options", "shape"),
    [*((options, (17, 8, 131)) for options in OPTIONS.values()), (OPTIONS["all"], SEVERAL_TILES)],
    ids=[*OPTIONS, "several tiles"],
)
def test_chunked_gradients_equal_the_reference(options: dict, shape: tuple[int, int, int], has_entropy: bool):
    inputs, N = random_inputs(*shape), shape[0]
    entropy_upstream_N = upstream(N, seed=2) if has_entropy else None
    reference, chunked = (
        gradients(inputs, upstream(N, seed=1), entropy_upstream_N, backend=backend, **options)
        for backend in ("reference", "chunked")
    )
    torch.testing.assert_close(chunked, reference, rtol=1e-10, atol=1e-12)


@given(st.integers(0, 12), st.integers(1, 6), st.integers(1, 40), st.integers(0, 1000))
def test_backends_agree_on_any_shape(N: int, D: int, V: int, seed: int):
    inputs = random_inputs(N, D, V, seed=seed)
    reference, chunked = (
        gradients(inputs, upstream(N, seed=1), upstream(N, seed=2), backend=backend)
        for backend in ("reference", "chunked")
    )
    torch.testing.assert_close(chunked, reference, rtol=1e-9, atol=1e-10)


@each_backend
def test_a_head_without_bias_equals_one_with_a_bias_of_zero(backend: str):
    inputs = random_inputs(4, 3, 9)
    without = token_logprobs(*inputs[:3], backend=backend).logprobs
    with_zeros = token_logprobs(*inputs[:3], bias=torch.zeros_like(inputs.bias_V), backend=backend).logprobs
    torch.testing.assert_close(without, with_zeros, rtol=1e-13, atol=1e-13)


@each_backend
@pytest.mark.parametrize("trained", ["hidden_ND", "weight_VD", "bias_V"])
def test_a_frozen_input_gets_no_gradient_and_the_others_keep_theirs(backend: str, trained: str):
    inputs = random_inputs(5, 3, 9)
    expected = dict(
        zip(("hidden_ND", "weight_VD", "bias_V"), gradients(inputs, upstream(5, seed=1), None), strict=True)
    )
    frozen = Inputs(*(tensor.detach() for tensor in inputs))
    getattr(frozen, trained).requires_grad_()
    result = token_logprobs(*frozen[:3], bias=frozen.bias_V, backend=backend)
    (result.logprobs * upstream(5, seed=1)).sum().backward()
    torch.testing.assert_close(getattr(frozen, trained).grad, expected[trained])
    assert all(getattr(frozen, name).grad is None for name in expected if name != trained)


@each_backend
def test_no_tokens_give_no_logprobs_and_zero_gradients(backend: str):
    inputs = random_inputs(0, 3, 9)
    assert token_logprobs(*inputs[:3], entropy="value", backend=backend).logprobs.shape == (0,)
    hidden_gradient, weight_gradient, bias_gradient = gradients(inputs, torch.zeros(0), torch.zeros(0), backend=backend)
    assert hidden_gradient.shape == (0, 3)
    assert not weight_gradient.any()
    assert not bias_gradient.any()


@each_backend
def test_entropy_is_absent_unless_asked_for(backend: str):
    assert token_logprobs(*random_inputs(2, 3, 5)[:3], backend=backend).entropy is None


@each_backend
def test_entropy_as_a_value_carries_no_gradient(backend: str):
    result = token_logprobs(*random_inputs(2, 3, 5)[:3], entropy="value", backend=backend)
    assert result.entropy is not None
    assert not result.entropy.requires_grad
    assert result.logprobs.requires_grad


@each_backend
def test_asking_for_entropy_as_a_value_leaves_the_gradient_of_the_logprobs_alone(backend: str):
    inputs = random_inputs(4, 3, 9)
    result = token_logprobs(*inputs[:3], bias=inputs.bias_V, entropy="value", backend=backend)
    got = torch.autograd.grad(result.logprobs.sum(), (inputs.hidden_ND, inputs.weight_VD, inputs.bias_V))
    torch.testing.assert_close(got, gradients(inputs, torch.ones(4), None, backend=backend), rtol=1e-12, atol=1e-14)


@each_backend
@given(st.integers(0, 1000), st.sampled_from([1.0, 30.0, 1e3, 1e5]), st.integers(1, 50))
def test_logprobs_are_never_positive_and_entropies_never_negative(backend: str, seed: int, scale: float, V: int):
    inputs = random_inputs(8, 4, V, seed=seed, dtype=torch.float32)
    result = token_logprobs(inputs.hidden_ND * scale, *inputs[1:3], entropy="value", backend=backend)
    assert result.entropy is not None
    assert (result.logprobs <= 0).all()
    assert (result.entropy >= 0).all()
    assert (result.entropy <= np.log(V) + 1e-5).all()


@each_backend
def test_entropy_survives_a_large_offset_of_all_logits(backend: str):
    inputs = random_inputs(6, 4, 40, dtype=torch.float32)
    offset_V = torch.full((40,), 4096.0)
    expected_N = token_logprobs(*inputs[:3], entropy="value", backend="reference").entropy
    got_N = token_logprobs(*inputs[:3], bias=offset_V, entropy="value", backend=backend).entropy
    torch.testing.assert_close(got_N, expected_N, rtol=1e-3, atol=1e-3)


@each_backend
@pytest.mark.parametrize(("dtype", "expected"), [(torch.bfloat16, torch.float32), (torch.float64, torch.float64)])
def test_outputs_have_at_least_single_precision(backend: str, dtype: torch.dtype, expected: torch.dtype):
    result = token_logprobs(*random_inputs(3, 4, 5, dtype=dtype)[:3], entropy="value", backend=backend)
    assert result.entropy is not None
    assert (result.logprobs.dtype, result.entropy.dtype) == (expected, expected)


def test_chunked_in_half_precision_is_no_worse_than_the_dense_computation():
    exact_inputs = random_inputs(64, 32, 1001)
    half = Inputs(*(t.detach().bfloat16().requires_grad_() if t.is_floating_point() else t for t in exact_inputs))
    rounded = Inputs(*(t.detach().double().requires_grad_() if t.is_floating_point() else t for t in half))
    exact = gradients(rounded, upstream(64, seed=1), upstream(64, seed=2), backend="reference")
    dense, chunked = (
        gradients(half, upstream(64, seed=1).float(), upstream(64, seed=2).float(), backend=backend)
        for backend in ("reference", "chunked")
    )
    for exact_gradient, dense_gradient, chunked_gradient in zip(exact, dense, chunked, strict=True):
        budget = 1.2 * relative_error(dense_gradient, exact_gradient) + 1e-3
        assert relative_error(chunked_gradient, exact_gradient) <= budget


def test_chunked_keeps_no_tensor_of_tokens_times_vocabulary_for_the_backward_pass():
    N, V = 64, 1000
    inputs, sizes = random_inputs(N, 4, V), []

    def record(tensor: torch.Tensor) -> torch.Tensor:
        sizes.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(record, lambda tensor: tensor):
        token_logprobs(*inputs[:3], bias=inputs.bias_V, entropy="grad", backend="chunked")
    assert 0 < max(sizes) < N * V


def test_chunked_refuses_second_derivatives_instead_of_getting_them_wrong():
    inputs = random_inputs(2, 3, 5)
    logprobs_N = token_logprobs(*inputs[:3], backend="chunked").logprobs
    (gradient_ND,) = torch.autograd.grad(logprobs_N.square().sum(), inputs.hidden_ND, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient_ND.sum().backward()


@pytest.mark.parametrize("shape", [(6, 4, 11), SEVERAL_TILES], ids=str)
def test_the_automatic_backend_is_the_chosen_one_bit_for_bit(shape: tuple[int, int, int]):
    inputs = random_inputs(*shape, dtype=torch.float32)
    chosen = token_logprobs(*inputs[:3], backend=choose(*inputs[:2]).backend).logprobs
    assert torch.equal(token_logprobs(*inputs[:3]).logprobs, chosen)


@pytest.mark.parametrize(
    ("hidden", "weight", "targets", "temperature", "message"),
    [
        ((2, 3), (5, 4), (2,), 1.0, r"same D, got \(2, 3\) and \(5, 4\)"),
        ((2, 3, 3), (5, 3), (2,), 1.0, r"hidden \[N, D\] and weight \[V, D\]"),
        ((2, 3), (5, 3), (3,), 1.0, r"targets \[2\], one per row of hidden, got \(3,\)"),
        ((2, 3), (5, 3), (2,), 0.0, r"temperature must be positive, got 0\.0; score greedy samples at temperature 1"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(hidden, weight, targets, temperature: float, message: str):
    with pytest.raises(ValueError, match=message):
        token_logprobs(
            torch.zeros(hidden), torch.zeros(weight), torch.zeros(targets, dtype=torch.long), temperature=temperature
        )
