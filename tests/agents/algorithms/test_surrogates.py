"""Every surrogate against its formula, token by token in double precision, and with numbers written out."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from agents.losses import Penalties, policy_loss, reduction_for, sequence_mean, token_mean
from agents.losses.surrogates import (
    SurrogateFunction,
    TokenRatios,
    cispo_surrogate,
    gmpo_surrogate,
    gspo_surrogate,
    ratio_clip_surrogate,
    sapo_surrogate,
    tv_mask_surrogate,
)

Row = list[float]


def clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def clipped_by_definition(logprobs: Row, behavior: Row, advantage: float, low: float, high: float) -> Row:
    ratios = [math.exp(new - old) for new, old in zip(logprobs, behavior, strict=True)]
    return [min(ratio * advantage, clip(ratio, 1 - low, 1 + high) * advantage) for ratio in ratios]


def two_sided_by_definition(
    logprobs: Row, behavior: Row, advantage: float, low: float, high: float, most: float
) -> Row:
    ratios = [math.exp(new - old) for new, old in zip(logprobs, behavior, strict=True)]
    return [min(min(ratio, most) * advantage, clip(ratio, 1 - low, 1 + high) * advantage) for ratio in ratios]


def gspo_by_definition(logprobs: Row, behavior: Row, advantage: float, low: float, high: float) -> Row:
    ratio = (math.exp(sum(logprobs)) / math.exp(sum(behavior))) ** (1 / len(logprobs))
    return [min(ratio * advantage, clip(ratio, 1 - low, 1 + high) * advantage)] * len(logprobs)


def gmpo_by_definition(logprobs: Row, behavior: Row, advantage: float, low: float, high: float) -> Row:
    """Eq. 4 as it is printed: clip(ρ^sgn A, …) under the product, then the root and the sign again."""
    sign, product = (1 if advantage > 0 else -1), 1.0
    bounds = (math.exp(-low), math.exp(high))
    for new, old in zip(logprobs, behavior, strict=True):
        ratio = math.exp(new - old)
        product *= min(ratio**sign, clip(ratio, *bounds) ** sign) ** sign
    return [product ** (1 / len(logprobs)) * advantage] * len(logprobs)


def cispo_by_definition(logprobs: Row, behavior: Row, advantage: float, low: float, high: float) -> Row:
    pairs = zip(logprobs, behavior, strict=True)
    return [clip(math.exp(new - old), low, high) * advantage * new for new, old in pairs]


def sapo_by_definition(logprobs: Row, behavior: Row, advantage: float, positive: float, negative: float) -> Row:
    tau = positive if advantage > 0 else negative
    ratios = [math.exp(new - old) for new, old in zip(logprobs, behavior, strict=True)]
    return [advantage * 4 / tau / (1 + math.exp(-tau * (ratio - 1))) for ratio in ratios]


def dppo_by_definition(logprobs: Row, behavior: Row, advantage: float, threshold: float) -> Row:
    objective: Row = []
    for new, old in zip(logprobs, behavior, strict=True):
        moved = math.exp(new) - math.exp(old)
        is_dropped = (advantage > 0 and moved > threshold) or (advantage < 0 and -moved > threshold)
        objective.append(0.0 if is_dropped else math.exp(new - old) * advantage)
    return objective


CASES: dict[str, tuple[SurrogateFunction, Callable[..., Row], tuple[float, ...]]] = {
    "cispo": (partial(cispo_surrogate, min_ratio=0.0, max_ratio=1.4), cispo_by_definition, (0.0, 1.4)),
    "cispo_two_sided": (partial(cispo_surrogate, min_ratio=0.8, max_ratio=1.2), cispo_by_definition, (0.8, 1.2)),
    "dppo": (partial(tv_mask_surrogate, threshold=0.1), dppo_by_definition, (0.1,)),
    "gmpo": (partial(gmpo_surrogate, clip_low=0.1, clip_high=0.2), gmpo_by_definition, (0.1, 0.2)),
    "grpo": (partial(ratio_clip_surrogate, clip_low=0.2, clip_high=0.28), clipped_by_definition, (0.2, 0.28)),
    "gspo": (partial(gspo_surrogate, clip_low=0.02, clip_high=0.03), gspo_by_definition, (0.02, 0.03)),
    "sapo": (
        partial(sapo_surrogate, temperature_positive=1.0, temperature_negative=1.05),
        sapo_by_definition,
        (1.0, 1.05),
    ),
    "two_sided": (
        partial(ratio_clip_surrogate, clip_low=0.2, clip_high=0.28, max_ratio=1.5),
        two_sided_by_definition,
        (0.2, 0.28, 1.5),
    ),
}
each_surrogate = pytest.mark.parametrize("name", sorted(CASES))


def random_rows(seed: int, shape: tuple[int, int] = (6, 7)) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Log-probabilities of two policies, an advantage a row, and a mask whose last row is empty; double precision."""
    rng = np.random.default_rng(seed)
    mask = (rng.random(shape) < 0.7).astype(float)
    mask[:, 1], mask[-1] = 1, 0
    behavior = -rng.exponential(1, size=shape)
    logprobs = np.minimum(behavior + rng.normal(scale=0.4, size=shape), -0.01)
    advantages = rng.normal(size=(shape[0], 1)) * mask
    tensors = map(torch.from_numpy, (logprobs, behavior, advantages, mask))
    logprobs_BT, behavior_BT, advantages_BT, mask_BT = tensors
    return logprobs_BT, behavior_BT, advantages_BT, mask_BT


def by_definition(name: str, inputs: tuple[Tensor, Tensor, Tensor, Tensor]) -> np.ndarray:
    """The objective of every token, and 0 outside the mask."""
    logprobs, behavior, advantages, mask = (tensor.detach().numpy() for tensor in inputs)
    objective = np.zeros_like(mask)
    _, definition, settings = CASES[name]
    for row in range(len(mask)):
        at = mask[row] > 0
        if at.any():
            arguments = (logprobs[row, at].tolist(), behavior[row, at].tolist(), float(advantages[row, at][0]))
            objective[row, at] = definition(*arguments, *settings)
    return objective


@each_surrogate
@pytest.mark.parametrize("seed", range(3))
def test_a_surrogate_is_its_formula_at_every_token(name: str, seed: int):
    logprobs_BT, behavior_BT, advantages_BT, mask_BT = inputs = random_rows(seed)
    objective_BT, _ = CASES[name][0](TokenRatios.of(logprobs_BT, behavior_BT, mask_BT), advantages_BT)
    np.testing.assert_allclose(objective_BT * mask_BT, by_definition(name, inputs), rtol=1e-12, atol=1e-15)


@each_surrogate
@pytest.mark.parametrize("reduction", ["constant_length_mean", "sequence_mean", "token_mean"])
def test_the_loss_is_the_reduced_formula_with_its_sign_turned(name: str, reduction: Any):
    inputs = random_rows(7)
    objective, mask = by_definition(name, inputs), inputs[-1].numpy()
    expected = {
        "constant_length_mean": objective.sum() / (len(mask) * 9),
        "sequence_mean": (objective.sum(1) / np.maximum(mask.sum(1), 1)).sum() / len(mask),
        "token_mean": objective.sum() / mask.sum(),
    }
    chosen = reduction_for(reduction, max_tokens=9)
    result = policy_loss(CASES[name][0], *inputs, reduction=chosen)
    assert result.loss.item() == pytest.approx(-expected[reduction], rel=1e-12)


@pytest.mark.parametrize("name", sorted(set(CASES) - {"cispo", "cispo_two_sided"}))
def test_the_gradient_of_a_loss_is_that_of_finite_differences(name: str):
    inputs = random_rows(3)
    logprobs_BT = inputs[0].clone().requires_grad_()

    def loss(values_BT: Tensor) -> Tensor:
        return policy_loss(CASES[name][0], values_BT, *inputs[1:], reduction=sequence_mean).loss

    assert torch.autograd.gradcheck(loss, (logprobs_BT,), eps=1e-7, atol=1e-6)


def gradient(name: str, inputs: tuple[Tensor, Tensor, Tensor, Tensor]) -> np.ndarray:
    logprobs_BT = inputs[0].clone().requires_grad_()
    policy_loss(CASES[name][0], logprobs_BT, *inputs[1:], reduction=sequence_mean).loss.backward()
    assert logprobs_BT.grad is not None
    return logprobs_BT.grad.numpy()


@pytest.mark.parametrize(("name", "low", "high"), [("cispo", 0.0, 1.4), ("cispo_two_sided", 0.8, 1.2)])
def test_cispo_bounds_the_weight_and_drops_no_gradient(name: str, low: float, high: float):
    logprobs_BT, behavior_BT, advantages_BT, mask_BT = inputs = random_rows(3)
    weight = (logprobs_BT - behavior_BT).exp().numpy().clip(low, high)
    lengths = np.maximum(mask_BT.numpy().sum(1, keepdims=True), 1)
    expected = -weight * (advantages_BT * mask_BT).numpy() / lengths / len(lengths)
    np.testing.assert_allclose(gradient(name, inputs), expected, rtol=1e-12)
    assert (np.abs(expected[mask_BT.numpy() > 0]) > 0).all()


@each_surrogate
def test_all_surrogates_have_the_gradient_of_reinforce_where_the_policies_agree(name: str):
    logprobs_BT, _, advantages_BT, mask_BT = random_rows(5)
    lengths = np.maximum(mask_BT.numpy().sum(1, keepdims=True), 1)
    expected = -(advantages_BT * mask_BT).numpy() / lengths / len(lengths)
    got = gradient(name, (logprobs_BT, logprobs_BT, advantages_BT, mask_BT))
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-18)


RATIOS = (1.1, 0.5)
"""Of two sampled tokens; μ = 0.4 for both, so that p = 0.44 and 0.2."""


@pytest.mark.parametrize(
    ("name", "advantage", "expected", "clip_share"),
    [
        # min(1.1, 1.28) and 0.5; with A = −1, −1.1 and −max(0.5, 0.8).
        ("grpo", 1.0, 1.1 + 0.5, 0.0),
        ("grpo", -1.0, -1.1 - 0.8, 0.5),
        # √0.55 = 0.7416 at both tokens, held at 0.98 for A = −1.
        ("gspo", 1.0, 2 * 0.7416198487, 0.0),
        ("gspo", -1.0, -2 * 0.98, 1.0),
        # log 1.1 = 0.0953 and log 0.5; for A = −1 the latter is held at −0.1: √(1.1 · e^−0.1) = 0.99766.
        ("gmpo", 1.0, 2 * 0.7416198487, 0.0),
        ("gmpo", -1.0, -2 * 0.9976578371, 0.5),
        # ρ log p with p = 0.44 and 0.2: 1.1 · −0.820981 + 0.5 · −1.609438; on two sides 0.5 becomes 0.8.
        ("cispo", 1.0, -0.9030786073 - 0.8047189562, 0.0),
        ("cispo_two_sided", 1.0, -0.9030786073 - 1.2875503299, 0.5),
        # 4 σ(0.1) and 4 σ(−0.5); for A = −1 with τ = 1.05, (4/1.05) σ(0.105) and (4/1.05) σ(−0.525).
        ("sapo", 1.0, 2.0999167499 + 1.5101626752, 0.0),
        ("sapo", -1.0, -2.0046701309 - 1.4159383303, 0.0),
        # p − μ = 0.04 and −0.2: pushed down, the second is beyond 0.1 and dropped.
        ("dppo", 1.0, 1.1 + 0.5, 0.0),
        ("dppo", -1.0, -1.1, 0.5),
    ],
)
def test_golden_numbers(name: str, advantage: float, expected: float, clip_share: float):
    mask_BT = torch.tensor([[0.0, 1.0, 1.0]], dtype=torch.float64)
    behavior_BT = math.log(0.4) * mask_BT
    logprobs_BT = behavior_BT + torch.tensor([[0.0, *map(math.log, RATIOS)]], dtype=torch.float64)
    result = policy_loss(CASES[name][0], logprobs_BT, behavior_BT, advantage * mask_BT, mask_BT, reduction=token_mean)
    assert -2 * result.loss.item() == pytest.approx(expected, rel=1e-9)
    assert result.metrics["clip_share"].item() == clip_share


@pytest.mark.parametrize(
    ("ratio", "advantage", "expected", "slope"),
    [(3.0, -1.0, -1.5, 0.0), (1.4, -1.0, -1.4, -1.4), (3.0, 1.0, 1.28, 0.0), (0.5, -1.0, -0.8, 0.0)],
)
def test_two_sided_clipping_also_bounds_the_ratio_of_what_gets_less_likely(
    ratio: float, advantage: float, expected: float, slope: float
):
    ones_BT = torch.ones(1, 1, dtype=torch.float64)
    logprobs_BT = (math.log(ratio) * ones_BT).requires_grad_()
    result = policy_loss(
        CASES["two_sided"][0], logprobs_BT, 0 * ones_BT, advantage * ones_BT, ones_BT, reduction=token_mean
    )
    result.loss.backward()
    assert logprobs_BT.grad is not None
    assert (-result.loss.item(), -logprobs_BT.grad.item()) == pytest.approx((expected, slope))
    assert result.metrics["clip_share"].item() == (slope == 0)


def test_unbiased_kl_has_the_value_and_the_gradient_of_the_divergence_whichever_policy_sampled():
    # Every token of a vocabulary of four once, weighted by μ: the exact expectation over samples of μ.
    rng = np.random.default_rng(0)
    logits = torch.from_numpy(rng.normal(size=4)).requires_grad_()
    log_mu, log_reference = (torch.from_numpy(rng.normal(size=4)).log_softmax(0) for _ in range(2))
    logprobs = logits.log_softmax(0)
    (logprobs.exp() * (logprobs - log_reference)).sum().backward()
    exact, logits.grad = logits.grad, None
    penalties = Penalties(reference_logprobs_BT=log_reference[:, None], kl_coef=1.0, kl_estimator="unbiased")
    logprobs_BT = logits.log_softmax(0)[:, None]
    ones_BT = torch.ones_like(logprobs_BT)

    def expectation(values_BT: Tensor, mask_BT: Tensor, totals: object) -> Tensor:
        return (values_BT * log_mu.exp()[:, None]).sum()

    result = policy_loss(
        CASES["grpo"][0],
        logprobs_BT,
        log_mu[:, None],
        0 * ones_BT,
        ones_BT,
        reduction=expectation,
        penalties=penalties,
    )
    result.loss.backward()
    assert result.loss.item() == pytest.approx((logprobs.exp() * (logprobs - log_reference)).sum().item(), rel=1e-12)
    torch.testing.assert_close(logits.grad, exact, rtol=1e-10, atol=1e-12)


def test_k3_alone_is_weighted_by_no_ratio_and_unbiased_by_its_own():
    # π = 0.3, μ = 0.6, π_ref = 0.15: k3 = 0.5 − 1 + ln 2 = 0.193147, and half of it with ρ = 0.5.
    ones_BT = torch.ones(1, 1, dtype=torch.float64)
    arguments = (math.log(0.3) * ones_BT, math.log(0.6) * ones_BT, 0 * ones_BT, ones_BT)
    for estimator, expected in (("k3", 0.1931471806), ("unbiased", 0.0965735903)):
        penalties = Penalties(reference_logprobs_BT=math.log(0.15) * ones_BT, kl_coef=1.0, kl_estimator=estimator)
        result = policy_loss(CASES["grpo"][0], *arguments, reduction=token_mean, penalties=penalties)
        assert result.loss.item() == pytest.approx(expected, rel=1e-9)
        assert result.metrics["kl_reference"].item() == pytest.approx(0.1931471806, rel=1e-9)


def test_entropy_is_rewarded_and_token_weights_weigh_the_surrogate_alone():
    # w = (1, 0, 3) on A = 1 at ρ = 1, minus 0.1 · (0.5 + 1 + 1.5), plus β k3 with π_ref = π/2 at each: over 3 tokens.
    ones_BT = torch.ones(1, 3, dtype=torch.float64)
    entropy_BT = torch.tensor([[0.5, 1.0, 1.5]], dtype=torch.float64, requires_grad=True)
    penalties = Penalties(
        reference_logprobs_BT=-math.log(2) * ones_BT, kl_coef=0.2, entropy_BT=entropy_BT, entropy_coef=0.1
    )
    result = policy_loss(
        CASES["grpo"][0],
        0 * ones_BT,
        0 * ones_BT,
        ones_BT,
        ones_BT,
        reduction=token_mean,
        token_weights_BT=torch.tensor([[1.0, 0.0, 3.0]], dtype=torch.float64),
        penalties=penalties,
    )
    result.loss.backward()
    assert result.loss.item() == pytest.approx((-4 - 0.1 * 3 + 0.2 * 3 * (math.log(2) - 0.5)) / 3, rel=1e-12)
    assert result.metrics["entropy"].item() == 1.0
    torch.testing.assert_close(entropy_BT.grad, -0.1 / 3 * ones_BT)


@pytest.mark.parametrize("reduction", ["constant_length_mean", "sequence_mean", "token_mean"])
def test_the_bonus_is_a_mean_over_tokens_whatever_the_reduction(reduction: Any):
    mask_BT = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]], dtype=torch.float64)
    penalties = Penalties(entropy_BT=torch.tensor([[1.0, 2, 3], [6, 9, 9]], dtype=torch.float64), entropy_coef=0.5)
    chosen = reduction_for(reduction, max_tokens=10)
    nothing_BT = 0 * mask_BT
    result = policy_loss(
        CASES["grpo"][0], nothing_BT, nothing_BT, nothing_BT, mask_BT, reduction=chosen, penalties=penalties
    )
    assert result.loss.item() == pytest.approx(-0.5 * (1 + 2 + 3 + 6) / 4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"kl_coef": 0.1}, "needs reference_logprobs_BT"), ({"entropy_coef": 0.1}, "needs entropy_BT")],
)
def test_a_penalty_without_what_it_penalises_is_refused(settings: dict[str, float], message: str):
    with pytest.raises(ValueError, match=message):
        Penalties(**settings)


@each_surrogate
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_objective_is_linear_in_weights_of_its_advantages(name: str, sign: float):
    logprobs_BT, behavior_BT, advantages_BT, mask_BT = random_rows(4)
    advantages_BT = sign * advantages_BT.abs()
    weights_BT = torch.from_numpy(np.random.default_rng(4).choice([0.0, 0.5, 2.0], size=mask_BT.shape))
    weights_BT[:, 1] = 1.0
    ratios = TokenRatios.of(logprobs_BT, behavior_BT, mask_BT)
    weighed_BT = CASES[name][0](ratios, advantages_BT * weights_BT).objective_BT
    torch.testing.assert_close(
        weighed_BT * mask_BT, CASES[name][0](ratios, advantages_BT).objective_BT * weights_BT * mask_BT
    )


@each_surrogate
def test_ratios_beyond_every_bound_give_finite_losses_and_gradients(name: str):
    mask_BT = torch.tensor([[0.0, 1.0, 1.0]])
    for advantage in (1.0, -1.0):
        inputs = (-mask_BT, -1000 * mask_BT, advantage * mask_BT, mask_BT)
        assert np.isfinite(gradient(name, inputs)).all()
