"""The algorithms whose baseline is the group: their defaults, the options that they share, and what they refuse."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
import torch
from token_batches import sampled_batch

from agents.advantages import batch_scaled_advantages, high_entropy_weights
from agents.algorithms import (
    ALGORITHMS,
    CISPO,
    DPPO,
    GMPO,
    GRPO,
    GSPO,
    SAPO,
    GroupBaseline,
    load_algorithm,
)
from agents.algorithms.surrogates.cispo import cispo_two_sided
from agents.algorithms.surrogates.dapo import dapo
from agents.algorithms.surrogates.dr_grpo import dr_grpo
from agents.errors import ConfigError
from agents.losses import kl_k3
from agents.testing import check_algorithm
from agents.types import PolicyOutputs, TokenBatch
from reasonenv.errors import UnknownNameError

GROUP_ALGORITHMS = (CISPO, DPPO, GMPO, GRPO, GSPO, SAPO)
each_algorithm = pytest.mark.parametrize("kind", GROUP_ALGORITHMS)


def defaults_of(kind: type) -> dict[str, Any]:
    return {field.name: field.default for field in dataclasses.fields(kind)}


SHARED = {
    "scale": "group",
    "kl_coef": 0.0,
    "kl_estimator": "k3",
    "entropy_coef": 0.0,
    "top_entropy_share": 1.0,
    "max_tokens": None,
}


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        # The bounds of ScaleRL, DPPO's paper, Eq. 4 of GMPO, PPO, Sec. 5.1 of GSPO, and SAPO's paper.
        (CISPO, {"min_ratio": 0.0, "max_ratio": 5.0, "reduction": "token_mean"}),
        (DPPO, {"threshold": 0.2, "reduction": "token_mean"}),
        (GMPO, {"clip_low": 0.4, "clip_high": 0.4, "reduction": "sequence_mean"}),
        (
            GRPO,
            {
                "clip_low": 0.2,
                "clip_high": 0.2,
                "max_ratio": None,
                "max_sequence_kl": None,
                "reduction": "sequence_mean",
            },
        ),
        (GSPO, {"clip_low": 3e-4, "clip_high": 4e-4, "reduction": "sequence_mean"}),
        (SAPO, {"temperature_positive": 1.0, "temperature_negative": 1.05, "reduction": "sequence_mean"}),
    ],
)
def test_an_algorithm_left_alone_has_the_settings_of_its_paper(kind: type, own: dict[str, Any]) -> None:
    assert defaults_of(kind) == SHARED | own


def test_names_of_papers_are_settings() -> None:
    assert dr_grpo() == GRPO(scale="none", reduction="constant_length_mean", max_tokens=1024)
    assert dapo() == GRPO(clip_low=0.2, clip_high=0.28, reduction="token_mean")
    assert cispo_two_sided() == CISPO(min_ratio=0.8, max_ratio=1.2)
    assert load_algorithm("dapo") == dapo()


def test_the_rows_of_the_table_are_in_order() -> None:
    assert list(ALGORITHMS) == sorted(ALGORITHMS)


OPTIONS: dict[str, dict[str, Any]] = {
    "batch scale": {"scale": "batch"},
    "entropy bonus": {"entropy_coef": 0.01},
    "no scale": {"scale": "none"},
    "top entropy": {"top_entropy_share": 0.5},
    "unbiased kl": {"kl_coef": 0.1, "kl_estimator": "unbiased"},
}


@pytest.mark.parametrize("option", sorted(OPTIONS))
@each_algorithm
def test_every_algorithm_works_with_every_option(kind: Any, option: str) -> None:
    check_algorithm(kind(**OPTIONS[option]))


def test_two_sided_clipping_is_an_option_that_works() -> None:
    check_algorithm(GRPO(max_ratio=4.0))


def off_policy(batch: TokenBatch, shift: float | torch.Tensor) -> PolicyOutputs:
    logprobs_BT = ((batch.behavior_logprobs_BT + shift) * batch.loss_mask_BT).requires_grad_()
    return PolicyOutputs(logprobs_BT=logprobs_BT, entropy_BT=0.5 * batch.loss_mask_BT)


def annotated(algorithm: Any, **changes: Any) -> TokenBatch:
    """One group of rewards 1, 0, 0, 0: advantages 0.75 and −0.25 where nothing scales them."""
    return algorithm.annotate(replace(sampled_batch([1, 0, 0, 0]), **changes))


@pytest.mark.parametrize(
    ("algorithm", "better", "worse"),
    [
        # ρ = 1.1 in the better row, where A = 3/4, and 0.9 in the three worse ones, where A = −1/4; a mean over rows.
        (GRPO(scale="none"), 1.1 * 0.75, -0.9 * 0.25),
        (GSPO(scale="none"), 1.0004 * 0.75, -0.9997 * 0.25),
        (GMPO(scale="none", clip_high=0.05, clip_low=0.05), 1.0512710964 * 0.75, -0.9512294245 * 0.25),
        # (4/τ) σ(τ · 0.1) with τ = 1, and σ(−τ · 0.1) with τ = 1.05.
        (SAPO(scale="none"), 2.0999167499 * 0.75, -1.8048536785 * 0.25),
        # p − μ is below 0.2 here, where every token has a probability below 1 %.
        (DPPO(scale="none", reduction="sequence_mean"), 1.1 * 0.75, -0.9 * 0.25),
    ],
)
def test_golden_loss(algorithm: Any, better: float, worse: float) -> None:
    batch = annotated(algorithm)
    ratios_B1 = torch.tensor([[1.1], [0.9], [0.9], [0.9]])
    result = algorithm.loss(off_policy(batch, ratios_B1.log()), batch)
    assert result.loss.item() == pytest.approx(-(better + 3 * worse) / 4, rel=1e-5, abs=1e-6)


def test_batch_scaled_advantages_are_centred_in_the_group_and_scaled_by_all_rewards() -> None:
    # Mean ¼ and ¾ of the groups; all rewards have mean ½ and Σ(r − ½)² = 2, so std = √(2/7).
    rewards_B, groups_B = torch.tensor([1.0, 0, 0, 0, 1, 1, 1, 0]), torch.arange(8) // 4
    expected = np.array([0.75, -0.25, -0.25, -0.25, 0.25, 0.25, 0.25, -0.75]) / (math.sqrt(2 / 7) + 1e-4)
    np.testing.assert_allclose(batch_scaled_advantages(rewards_B.double(), groups_B), expected, rtol=1e-12)


@pytest.mark.parametrize("rewards", [[], [1.0], [0.1] * 3, [0.1, 0.1, 0.7, 0.7]])
def test_groups_of_equal_rewards_have_no_batch_scaled_advantage(rewards: list[float]) -> None:
    advantages_B = batch_scaled_advantages(torch.tensor(rewards), torch.arange(len(rewards)) // 2)
    assert advantages_B.tolist() == [0.0] * len(rewards)


def test_high_entropy_weights_keep_the_most_uncertain_share_of_the_sampled_tokens() -> None:
    entropy_BT = torch.tensor([[9.0, 0.1, 0.4, 0.3], [0.2, 0.5, 9.0, 9.0]])
    mask_BT = torch.tensor([[0.0, 1, 1, 1], [1, 1, 0, 0]])
    kept = {share: high_entropy_weights(entropy_BT, mask_BT, share=share).tolist() for share in (0.2, 0.5, 1.0)}
    assert kept[0.2] == [[0, 0, 0, 0], [0, 1, 0, 0]]
    assert kept[0.5] == [[0, 0, 1, 1], [0, 1, 0, 0]]
    assert kept[1.0] == mask_BT.tolist()


def test_high_entropy_weights_keep_tokens_equal_to_the_last_one_and_nothing_of_nothing() -> None:
    ones_BT = torch.ones(1, 4)
    assert high_entropy_weights(ones_BT, ones_BT, share=0.25).tolist() == [[1, 1, 1, 1]]
    assert not high_entropy_weights(ones_BT, 0 * ones_BT, share=0.25).any()


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1])
def test_a_share_of_the_tokens_lies_between_none_and_all(share: float) -> None:
    with pytest.raises(ValueError, match="must lie in"):
        high_entropy_weights(torch.ones(1, 1), torch.ones(1, 1), share=share)
    with pytest.raises(ConfigError, match=r"top_entropy_share must lie in \(0, 1\]"):
        GRPO(top_entropy_share=share)


def test_tokens_of_low_entropy_have_no_gradient_and_still_count_in_the_mean() -> None:
    batch = sampled_batch([1, 0, 0, 0])
    entropy_BT = torch.arange(48.0).reshape(4, 12)
    algorithm = GRPO(top_entropy_share=0.25, scale="none", reduction="token_mean")
    batch = algorithm.annotate(replace(batch, old_entropy_BT=entropy_BT))
    outputs = off_policy(batch, 0.0)
    algorithm.loss(outputs, batch).loss.backward()
    assert outputs.logprobs_BT.grad is not None
    sampled = np.flatnonzero(batch.loss_mask_BT.numpy())
    kept = sampled[-math.ceil(len(sampled) / 4) :]
    expected = np.zeros(48)
    expected[kept] = -batch.advantages_BT.numpy().ravel()[kept] / len(sampled)
    np.testing.assert_allclose(outputs.logprobs_BT.grad.numpy().ravel(), expected, rtol=1e-6)


def test_weights_that_a_batch_has_already_are_multiplied() -> None:
    given_BT = torch.full((4, 12), 0.5)
    batch = annotated(GRPO(top_entropy_share=0.5), token_weights_BT=given_BT, old_entropy_BT=torch.rand(4, 12))
    assert sorted(set(cast(torch.Tensor, batch.token_weights_BT).flatten().tolist())) == [0.0, 0.5]


@each_algorithm
@pytest.mark.parametrize(
    ("options", "needs"),
    [
        ({}, set()),
        ({"kl_coef": 0.1}, {"reference_logprobs"}),
        ({"entropy_coef": 0.1}, {"entropy"}),
        ({"top_entropy_share": 0.9}, {"old_entropy"}),
    ],
)
def test_an_option_asks_for_what_it_looks_at(kind: Any, options: dict[str, float], needs: set[str]) -> None:
    assert kind(**options).needs == needs


@pytest.mark.parametrize("options", [{"kl_coef": 0.1}, {"entropy_coef": 0.1}])
def test_a_penalty_or_a_bonus_gives_every_row_a_gradient(options: dict[str, float]) -> None:
    algorithm = GRPO(**options)
    assert algorithm.gradient_rows(algorithm.annotate(sampled_batch([1, 1, 1, 1]))).all()


def test_the_unbiased_penalty_is_k3_times_the_ratio() -> None:
    algorithm = GRPO(kl_coef=0.5, kl_estimator="unbiased")
    batch = sampled_batch([1, 1, 1, 1])
    batch = algorithm.annotate(replace(batch, reference_logprobs_BT=batch.behavior_logprobs_BT - 0.3))
    result = algorithm.loss(off_policy(batch, 0.1), batch)
    expected = 0.5 * math.exp(0.1) * kl_k3(torch.tensor(0.1), torch.tensor(-0.3)).item()
    assert result.loss.item() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("kind", [GMPO, GSPO])
@pytest.mark.parametrize("reduction", ["constant_length_mean", "token_mean"])
def test_a_ratio_per_response_is_not_summed_over_tokens(kind: Any, reduction: str) -> None:
    with pytest.raises(ConfigError, match="counts a response as often as it is long"):
        kind(reduction=reduction, max_tokens=10)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GRPO(max_ratio=1.2), r"max_ratio must be above 1 \+ clip_high = 1.2, got 1.2"),
        (lambda: CISPO(min_ratio=-0.1), "0 <= min_ratio < 1 < max_ratio"),
        (lambda: CISPO(max_ratio=0.9), "0 <= min_ratio < 1 < max_ratio"),
        (lambda: SAPO(temperature_positive=0.0), "temperature_positive must be positive"),
        (lambda: SAPO(temperature_negative=-1.0), "temperature_negative must be positive"),
        (lambda: DPPO(threshold=0.0), r"must lie in \(0, 1\), got 0.0"),
        (lambda: DPPO(threshold=1.0), r"must lie in \(0, 1\), got 1.0"),
    ],
)
def test_settings_that_mean_nothing_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


@each_algorithm
def test_unknown_choices_get_the_closest_name(kind: Any) -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown scale 'batches'\. Did you mean 'batch'\?"):
        kind(scale="batches")
    with pytest.raises(UnknownNameError, match=r"Unknown KL estimator 'unbiasd'\. Did you mean 'unbiased'\?"):
        kind(kl_estimator="unbiasd")


@each_algorithm
def test_these_algorithms_say_that_their_baseline_is_the_group(kind: Any) -> None:
    algorithm = kind()
    assert isinstance(algorithm, GroupBaseline)
    assert (algorithm.min_group_size, algorithm.allows_dynamic_sampling) == (2, True)
