import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.rollout.engine import SamplingParams
from agents.rollout.sampling import choose_greedily, sample_tokens


def uniforms(num_rows: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(num_rows, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def logits(num_rows: int, vocabulary: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(num_rows, vocabulary, generator=torch.Generator().manual_seed(seed))


def test_greedy_choice_is_the_largest_logit_with_its_logprob_at_temperature_1():
    tokens, logprobs = choose_greedily(torch.tensor([[0.0, 2.0, 1.0], [3.0, 0.0, 0.0]]))
    assert tokens.tolist() == [[1], [0]]
    expected = [np.exp(2) / (1 + np.exp(2) + np.e), np.exp(3) / (np.exp(3) + 2)]
    np.testing.assert_allclose(logprobs[:, 0], np.log(expected), rtol=1e-6)


@pytest.mark.parametrize(
    ("uniform", "token"), [(0.0, 0), (0.1999, 0), (0.2001, 1), (0.4999, 1), (0.5001, 2), (0.999999, 2)]
)
def test_a_token_is_chosen_by_the_interval_of_mass_that_holds_the_uniform(uniform: float, token: int):
    row = torch.tensor([[0.2, 0.3, 0.5]]).log()
    tokens, logprobs = sample_tokens(row, torch.tensor([[uniform]], dtype=torch.float64), temperature=1.0)
    assert tokens.item() == token
    assert logprobs.item() == pytest.approx(math.log([0.2, 0.3, 0.5][token]), rel=1e-6)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_frequencies_follow_the_softmax_at_the_temperature(temperature: float):
    row = torch.tensor([1.0, 0.0, -1.0, 2.0])
    tokens, _ = sample_tokens(row.expand(40_000, 4), uniforms(40_000), temperature=temperature)
    frequencies = tokens.flatten().bincount(minlength=4) / 40_000
    assert torch.allclose(frequencies, (row / temperature).softmax(-1), atol=0.01)


def test_logprob_is_after_temperature_and_before_truncation():
    rows = logits(64, 11)
    tokens, logprobs = sample_tokens(rows, uniforms(64), temperature=0.7, top_p=0.5)
    assert torch.allclose(logprobs, (rows / 0.7).log_softmax(-1).gather(1, tokens), atol=1e-6)


def test_top_p_keeps_the_smallest_prefix_of_likely_tokens_that_reaches_the_mass():
    row = torch.tensor([0.1, 0.4, 0.2, 0.3]).log()
    tokens, _ = sample_tokens(row.expand(20_000, 4), uniforms(20_000), temperature=1.0, top_p=0.6)
    frequencies = tokens.flatten().bincount(minlength=4) / 20_000
    assert torch.allclose(frequencies, torch.tensor([0.0, 4 / 7, 0.0, 3 / 7]), atol=0.015)


def test_top_p_below_the_largest_probability_is_greedy():
    rows = logits(50, 7)
    tokens, _ = sample_tokens(rows, uniforms(50), temperature=1.0, top_p=1e-6)
    assert torch.equal(tokens, rows.argmax(-1, keepdim=True))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 6), st.integers(1, 40), st.integers(0, 2**31), st.sampled_from([0.3, 0.9, 1.0]))
def test_a_row_samples_the_same_alone_as_among_others(num_rows: int, vocabulary: int, seed: int, top_p: float):
    rows, draws = logits(num_rows, vocabulary, seed), uniforms(num_rows, seed)
    together, _ = sample_tokens(rows, draws, temperature=1.3, top_p=top_p)
    alone, _ = sample_tokens(rows[-1:], draws[-1:], temperature=1.3, top_p=top_p)
    assert alone.item() == together[-1].item()


def test_a_token_of_zero_probability_is_never_sampled():
    rows = torch.tensor([float("-inf"), 0.0, float("-inf"), 0.0, float("-inf")]).expand(1000, 5)
    draws = uniforms(1000)
    draws[:2, 0] = torch.tensor([0.0, 1 - 2**-53], dtype=torch.float64)
    tokens, _ = sample_tokens(rows, draws, temperature=1.0)
    assert set(tokens.flatten().tolist()) == {1, 3}


def test_rare_tokens_of_a_large_vocabulary_keep_their_share():
    rows = torch.zeros(1, 150_000)
    rows[0, 0] = 15.0
    mass_of_first = float(rows.double().softmax(-1)[0, 0])
    draw = mass_of_first + (1 - mass_of_first) * (100_000.5 - 1) / 149_999
    tokens, _ = sample_tokens(rows, torch.tensor([[draw]], dtype=torch.float64), temperature=1.0)
    assert abs(tokens.item() - 100_000) <= 10


def test_rows_of_nan_stay_inside_the_vocabulary_and_show_as_nan():
    tokens, logprobs = sample_tokens(torch.full((2, 5), float("nan")), uniforms(2), temperature=1.0)
    assert ((tokens >= 0) & (tokens < 5)).all()
    assert logprobs.isnan().all()


def test_half_precision_logits_give_float32_logprobs():
    rows = logits(4, 9).bfloat16()
    for _, logprobs in (sample_tokens(rows, uniforms(4), temperature=1.0), choose_greedily(rows)):
        assert logprobs.dtype == torch.float32


@pytest.mark.parametrize(("top_p", "kept"), [(0.5, {0}), (0.50001, {0, 1}), (0.75, {0, 1}), (0.875, {0, 1, 2})])
def test_a_prefix_that_reaches_the_mass_exactly_is_all_that_is_kept(top_p: float, kept: set[int]):
    row = torch.tensor([0.5, 0.25, 0.125, 0.125]).log()
    assert row.softmax(-1).tolist() == [0.5, 0.25, 0.125, 0.125]
    draws = torch.linspace(0, 1 - 2**-53, 1001, dtype=torch.float64)[:, None]
    tokens, _ = sample_tokens(row.expand(1001, 4), draws, temperature=1.0, top_p=top_p)
    assert set(tokens.flatten().tolist()) == kept


@pytest.mark.parametrize(
    ("name", "first_allowed", "refused"),
    [("max_new_tokens", 1, 0), ("temperature", 0.0, -1e-9), ("top_p", 1e-9, 0.0), ("top_p", 1.0, 1 + 1e-9)],
)
def test_settings_of_sampling_are_allowed_up_to_their_bounds_and_no_further(name: str, first_allowed, refused):
    assert getattr(SamplingParams(**{"max_new_tokens": 4, name: first_allowed}), name) == first_allowed
    with pytest.raises(ValueError, match=rf"{name} must .* got {refused}"):
        SamplingParams(**{"max_new_tokens": 4, name: refused})
