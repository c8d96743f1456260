from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from agents.losses import (
    clipped_surrogate,
    clipped_value_loss,
    grpo_loss,
    ppo_loss,
    reduction_for,
    sequence_mean,
    token_mean,
    totals_of,
)

REDUCTIONS = {
    "sequence_mean": sequence_mean,
    "token_mean": token_mean,
    "constant_length_mean": reduction_for("constant_length_mean", max_tokens=7),
}
each_reduction = pytest.mark.parametrize("reduction", REDUCTIONS)
seeds = st.integers(0, 2**16)


def random_inputs(seed: int, shape: tuple[int, int] = (5, 6)) -> dict[str, torch.Tensor]:
    """Float64 log-probabilities, advantages and values under a mask that leaves the last row empty."""
    rng = np.random.default_rng(seed)
    mask = (rng.random(shape) < 0.7).astype(float)
    mask[-1] = 0
    behavior = -rng.exponential(2, size=shape)
    arrays = {
        "logprobs_BT": behavior + rng.normal(scale=0.3, size=shape),
        "behavior_logprobs_BT": behavior,
        "reference_logprobs_BT": behavior + rng.normal(scale=0.3, size=shape),
        "advantages_BT": rng.normal(size=shape),
        "loss_mask_BT": mask,
        "values_BT": rng.normal(size=shape),
        "behavior_values_BT": rng.normal(size=shape),
        "returns_BT": rng.normal(size=shape),
    }
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


GRPO_INPUTS = ("logprobs_BT", "behavior_logprobs_BT", "advantages_BT", "loss_mask_BT")
PPO_INPUTS = (*GRPO_INPUTS, "values_BT", "behavior_values_BT", "returns_BT")


def grpo(inputs: dict[str, torch.Tensor], reduction: str = "sequence_mean", *, kl_coef: float = 0.3, totals=None):
    return grpo_loss(
        *(inputs[name] for name in GRPO_INPUTS),
        clip_low=0.2,
        clip_high=0.28,
        reduction=REDUCTIONS[reduction],
        reference_logprobs_BT=inputs["reference_logprobs_BT"] if kl_coef else None,
        kl_coef=kl_coef,
        totals=totals,
    )


def ppo(inputs: dict[str, torch.Tensor], reduction: str = "token_mean", *, totals=None):
    return ppo_loss(
        *(inputs[name] for name in PPO_INPUTS),
        clip_low=0.2,
        clip_high=0.28,
        value_clip=0.4,
        value_coef=0.5,
        reduction=REDUCTIONS[reduction],
        totals=totals,
    )


def reduced_by_definition(values: np.ndarray, mask: np.ndarray, reduction: str) -> float:
    if reduction == "token_mean":
        return sum(values[mask > 0]) / mask.sum()
    if reduction == "constant_length_mean":
        return sum(values[mask > 0]) / (len(mask) * 7)
    rows = [values[b][mask[b] > 0] for b in range(len(mask))]
    return sum(row.mean() if len(row) else 0.0 for row in rows) / len(mask)


def surrogate_by_definition(ratio: float, advantage: float, low: float, high: float) -> float:
    """Case by case, as drawn in figure 1 of arXiv 1707.06347."""
    if advantage > 0:
        return min(ratio, 1 + high) * advantage
    return max(ratio, 1 - low) * advantage


def grpo_by_definition(inputs: dict[str, torch.Tensor], reduction: str, *, kl_coef: float) -> float:
    arrays = {name: tensor.detach().numpy() for name, tensor in inputs.items()}
    losses = np.zeros_like(arrays["logprobs_BT"])
    for index in np.ndindex(losses.shape):
        logprob, reference = arrays["logprobs_BT"][index], arrays["reference_logprobs_BT"][index]
        ratio = math.exp(logprob - arrays["behavior_logprobs_BT"][index])
        kl = math.exp(reference - logprob) - (reference - logprob) - 1
        surrogate = surrogate_by_definition(ratio, arrays["advantages_BT"][index], 0.2, 0.28)
        losses[index] = kl_coef * kl - surrogate
    return reduced_by_definition(losses, arrays["loss_mask_BT"], reduction)


def value_loss_by_definition(inputs: dict[str, torch.Tensor], clip: float) -> np.ndarray:
    arrays = {name: inputs[name].detach().numpy() for name in PPO_INPUTS}
    losses = np.zeros_like(arrays["values_BT"])
    for index in np.ndindex(losses.shape):
        value, old, target = (arrays[name][index] for name in ("values_BT", "behavior_values_BT", "returns_BT"))
        near = min(max(value, old - clip), old + clip)
        losses[index] = 0.5 * max((value - target) ** 2, (near - target) ** 2)
    return losses


@pytest.mark.parametrize(
    ("ratio", "advantage", "expected"),
    [(1.0, 2.0, 2.0), (1.5, 2.0, 2.56), (0.5, 2.0, 1.0), (1.5, -2.0, -3.0), (0.5, -2.0, -1.6), (1.5, 0.0, 0.0)],
)
def test_clipped_surrogate_takes_the_pessimistic_side(ratio: float, advantage: float, expected: float):
    got = clipped_surrogate(torch.tensor(ratio), torch.tensor(advantage), clip_low=0.2, clip_high=0.28)
    assert got.item() == pytest.approx(expected)


@each_reduction
@pytest.mark.parametrize("kl_coef", [0.0, 0.3])
@pytest.mark.parametrize("seed", range(3))
def test_grpo_loss_matches_its_definition(reduction: str, kl_coef: float, seed: int):
    inputs = random_inputs(seed)
    expected = grpo_by_definition(inputs, reduction, kl_coef=kl_coef)
    assert grpo(inputs, reduction, kl_coef=kl_coef).loss.item() == pytest.approx(expected, rel=1e-12)


def test_grpo_loss_golden_number():
    # Row 1: ρ = 1.5, A = 1 → 1.28 (clipped); ρ = 0.9, A = 1 → 0.9. Row 2: ρ = 0.5, A = −1 → −0.8 (clipped).
    # −½(½(1.28 + 0.9) − 0.8) = −0.145
    ratio_BT = torch.tensor([[1.0, 1.5, 0.9], [1.0, 0.5, 1.0]], dtype=torch.float64)
    advantages_BT = torch.tensor([[1.0, 1.0, 1.0], [-1.0, -1.0, -1.0]], dtype=torch.float64)
    mask_BT = torch.tensor([[0.0, 1.0, 1.0], [0.0, 1.0, 0.0]])
    options = {"clip_low": 0.2, "clip_high": 0.28, "reduction": sequence_mean}
    result = grpo_loss(ratio_BT.log(), torch.zeros_like(ratio_BT), advantages_BT, mask_BT, **options)
    assert result.loss.item() == pytest.approx(-0.145, rel=1e-12)
    assert result.metrics["clip_share"].item() == pytest.approx(2 / 3)


@each_reduction
def test_gradient_of_grpo_loss_matches_finite_differences(reduction: str):
    inputs = random_inputs(7)

    def loss(logprobs_BT: torch.Tensor) -> torch.Tensor:
        return grpo({**inputs, "logprobs_BT": logprobs_BT}, reduction).loss

    assert torch.autograd.gradcheck(loss, inputs["logprobs_BT"].requires_grad_())


@each_reduction
def test_gradient_of_ppo_loss_matches_finite_differences_in_policy_and_critic(reduction: str):
    inputs = random_inputs(8)

    def loss(logprobs_BT: torch.Tensor, values_BT: torch.Tensor) -> torch.Tensor:
        return ppo({**inputs, "logprobs_BT": logprobs_BT, "values_BT": values_BT}, reduction).loss

    assert torch.autograd.gradcheck(
        loss, (inputs["logprobs_BT"].requires_grad_(), inputs["values_BT"].requires_grad_())
    )


def gradient_of_grpo(log_ratio: float, advantage: float, *, clip_low: float = 0.2, clip_high: float = 0.28) -> float:
    logprobs_BT = torch.tensor([[log_ratio]], dtype=torch.float64, requires_grad=True)
    options = {"clip_low": clip_low, "clip_high": clip_high, "reduction": token_mean}
    ones_BT = torch.ones(1, 1, dtype=torch.float64)
    grpo_loss(logprobs_BT, 0 * ones_BT, advantage * ones_BT, ones_BT, **options).loss.backward()
    assert logprobs_BT.grad is not None
    return logprobs_BT.grad.item()


def test_clip_zeroes_gradient_when_ratio_exceeds_bound_and_advantage_positive():
    assert gradient_of_grpo(math.log(1.29), 1.0) == 0


def test_clip_zeroes_gradient_when_ratio_is_below_bound_and_advantage_negative():
    assert gradient_of_grpo(math.log(0.79), -1.0) == 0


@pytest.mark.parametrize(("ratio", "advantage"), [(3.0, -1.0), (0.2, 1.0), (1.0, 1.0), (1.0, -1.0), (1.27, 2.0)])
def test_gradient_is_minus_ratio_times_advantage_where_nothing_is_clipped(ratio: float, advantage: float):
    assert gradient_of_grpo(math.log(ratio), advantage) == pytest.approx(-ratio * advantage)


def test_infinite_upper_bound_never_clips_a_positive_advantage():
    assert gradient_of_grpo(math.log(50.0), 1.0, clip_high=math.inf) == pytest.approx(-50.0)


@given(seeds, st.sampled_from(sorted(REDUCTIONS)))
def test_zero_advantage_has_zero_loss_and_gradient_without_kl(seed: int, reduction: str):
    inputs = random_inputs(seed)
    inputs["advantages_BT"] = torch.zeros_like(inputs["advantages_BT"])
    logprobs_BT = inputs["logprobs_BT"].requires_grad_()
    result = grpo(inputs, reduction, kl_coef=0.0)
    result.loss.backward()
    assert result.loss.item() == 0
    assert logprobs_BT.grad is not None
    assert not logprobs_BT.grad.any()


def test_on_policy_gradient_is_the_policy_gradient():
    inputs = random_inputs(3)
    inputs["logprobs_BT"] = inputs["behavior_logprobs_BT"].clone().requires_grad_()
    grpo(inputs, "token_mean", kl_coef=0.0).loss.backward()
    mask_BT = inputs["loss_mask_BT"]
    torch.testing.assert_close(inputs["logprobs_BT"].grad, -inputs["advantages_BT"] * mask_BT / mask_BT.sum())


@given(seeds, st.integers(1, 4), st.sampled_from(sorted(REDUCTIONS)), st.sampled_from([grpo, ppo]))
def test_losses_and_metrics_of_microbatches_add_up_to_those_of_the_minibatch(seed, cut, reduction, loss):
    inputs = random_inputs(seed)
    totals = totals_of(inputs["loss_mask_BT"])
    whole = loss(inputs, reduction)
    parts = [
        loss({name: tensor[rows] for name, tensor in inputs.items()}, reduction, totals=totals)
        for rows in (slice(0, cut), slice(cut, None))
    ]
    torch.testing.assert_close(parts[0].loss + parts[1].loss, whole.loss)
    for name, value in whole.metrics.items():
        torch.testing.assert_close(parts[0].metrics[name] + parts[1].metrics[name], value)


@given(seeds, st.sampled_from(sorted(REDUCTIONS)), st.sampled_from([grpo, ppo]))
def test_what_stands_outside_the_mask_changes_neither_loss_nor_gradient(seed: int, reduction: str, loss):
    inputs = random_inputs(seed)
    mask_BT = inputs["loss_mask_BT"]
    results = []
    for fill in (0.0, -5.0):
        kept = {name: tensor * mask_BT + fill * (1 - mask_BT) for name, tensor in inputs.items()}
        kept["loss_mask_BT"] = mask_BT
        logprobs_BT = kept["logprobs_BT"].requires_grad_()
        result = loss(kept, reduction)
        result.loss.backward()
        results.append((result.loss, logprobs_BT.grad))
    torch.testing.assert_close(results[0], results[1], rtol=1e-12, atol=1e-12)
    assert not results[0][1][mask_BT == 0].any()


def test_large_ratios_outside_the_mask_do_not_turn_into_nan():
    logprobs_BT = torch.tensor([[0.0, -1.0]], requires_grad=True)
    mask_BT, options = torch.tensor([[0.0, 1.0]]), {"clip_low": 0.2, "clip_high": 0.2, "reduction": token_mean}
    result = grpo_loss(logprobs_BT, torch.tensor([[-1000.0, -1.0]]), torch.ones(1, 2), mask_BT, **options)
    result.loss.backward()
    assert result.loss.item() == -1
    assert logprobs_BT.grad is not None
    assert logprobs_BT.grad.tolist() == [[0, -1]]


@given(seeds, st.integers(1, 4), st.sampled_from(sorted(REDUCTIONS)), st.sampled_from([grpo, ppo]))
def test_columns_of_padding_change_nothing(seed: int, num_columns: int, reduction: str, loss):
    inputs = random_inputs(seed)
    padded = {name: torch.nn.functional.pad(tensor, (0, num_columns)) for name, tensor in inputs.items()}
    torch.testing.assert_close(loss(padded, reduction).loss, loss(inputs, reduction).loss, rtol=1e-12, atol=1e-12)


@given(seeds, st.permutations(range(5)), st.sampled_from(sorted(REDUCTIONS)), st.sampled_from([grpo, ppo]))
def test_the_order_of_rows_does_not_matter(seed: int, order: list[int], reduction: str, loss):
    inputs = random_inputs(seed)
    permuted = {name: tensor[order] for name, tensor in inputs.items()}
    torch.testing.assert_close(loss(permuted, reduction).loss, loss(inputs, reduction).loss)


def test_metrics_are_detached_scalars_with_their_definitions():
    inputs = random_inputs(5)
    inputs["logprobs_BT"].requires_grad_()
    metrics = grpo(inputs).metrics
    arrays = {name: tensor.detach().numpy() for name, tensor in inputs.items()}
    mask, advantages = arrays["loss_mask_BT"] > 0, arrays["advantages_BT"]
    log_ratio = arrays["logprobs_BT"] - arrays["behavior_logprobs_BT"]
    to_reference = arrays["reference_logprobs_BT"] - arrays["logprobs_BT"]
    clipped = np.where(advantages > 0, log_ratio > math.log(1.28), log_ratio < math.log(0.8))
    expected = {
        "clip_share": clipped[mask].mean(),
        "kl_behavior": (np.exp(log_ratio) - 1 - log_ratio)[mask].mean(),
        "kl_reference": (np.exp(to_reference) - 1 - to_reference)[mask].mean(),
    }
    assert {name: value.item() for name, value in metrics.items()} == pytest.approx(expected)
    assert not any(value.requires_grad for value in metrics.values())


def test_metrics_stay_finite_when_the_ratio_underflows():
    logprobs_BT = torch.tensor([[-200.0]])
    options = {"clip_low": 0.2, "clip_high": 0.2, "reduction": token_mean}
    metrics = grpo_loss(logprobs_BT, torch.zeros(1, 1), torch.ones(1, 1), torch.ones(1, 1), **options).metrics
    assert metrics["kl_behavior"].item() == pytest.approx(199.0)


def test_a_reference_without_kl_coefficient_is_measured_and_not_optimised():
    inputs = random_inputs(6)
    options = {"clip_low": 0.2, "clip_high": 0.28, "reduction": sequence_mean}
    arguments = [inputs[name] for name in GRPO_INPUTS]
    with_reference = grpo_loss(*arguments, reference_logprobs_BT=inputs["reference_logprobs_BT"], **options)
    assert with_reference.loss == grpo_loss(*arguments, **options).loss
    assert with_reference.metrics["kl_reference"] > 0


def test_a_kl_coefficient_without_reference_is_refused():
    inputs = random_inputs(0)
    with pytest.raises(ValueError, match=r"kl_coef=0\.1 needs reference_logprobs_BT"):
        grpo_loss(
            *(inputs[name] for name in GRPO_INPUTS), clip_low=0.2, clip_high=0.2, reduction=token_mean, kl_coef=0.1
        )


@each_reduction
def test_ppo_loss_is_the_policy_loss_plus_the_weighted_value_loss(reduction: str):
    inputs = random_inputs(9)
    mask = inputs["loss_mask_BT"].numpy()
    value_losses = value_loss_by_definition(inputs, clip=0.4)
    policy = grpo_by_definition(inputs, reduction, kl_coef=0.0)
    result = ppo(inputs, reduction)
    assert result.loss.item() == pytest.approx(policy + 0.5 * reduced_by_definition(value_losses, mask, reduction))
    assert result.metrics["value_loss"].item() == pytest.approx(value_losses[mask > 0].mean())


@pytest.mark.parametrize(
    ("value", "expected_loss", "expected_gradient"),
    [
        (0.1, 0.5 * 0.9**2, -0.9),  # within the clip range of V_old = 0 towards R = 1
        (0.5, 0.5 * 0.8**2, 0.0),  # already beyond it: no further in one batch
        (-0.5, 0.5 * 1.5**2, -1.5),  # beyond it on the wrong side: free to come back
    ],
)
def test_clipped_value_loss_holds_the_critic_near_its_old_value(value, expected_loss, expected_gradient):
    values_BT = torch.tensor([[value]], dtype=torch.float64, requires_grad=True)
    zeros_BT = torch.zeros(1, 1, dtype=torch.float64)
    loss_BT = clipped_value_loss(values_BT, zeros_BT, zeros_BT + 1, clip=0.2)
    loss_BT.sum().backward()
    assert values_BT.grad is not None
    assert (loss_BT.item(), values_BT.grad.item()) == pytest.approx((expected_loss, expected_gradient))


@given(seeds, st.floats(0.01, 3))
def test_clipped_value_loss_matches_its_definition(seed: int, clip: float):
    inputs = random_inputs(seed)
    got = clipped_value_loss(inputs["values_BT"], inputs["behavior_values_BT"], inputs["returns_BT"], clip=clip)
    np.testing.assert_allclose(got, value_loss_by_definition(inputs, clip))


def test_infinite_value_clip_gives_half_the_squared_error():
    inputs = random_inputs(1)
    values_BT, returns_BT = inputs["values_BT"], inputs["returns_BT"]
    got = clipped_value_loss(values_BT, inputs["behavior_values_BT"], returns_BT, clip=math.inf)
    torch.testing.assert_close(got, (values_BT - returns_BT) ** 2 / 2)


@pytest.mark.parametrize("name", [*PPO_INPUTS, "reference_logprobs_BT"])
def test_a_transposed_tensor_is_refused_instead_of_being_broadcast(name: str):
    inputs = random_inputs(0, (1, 6))
    with pytest.raises(ValueError, match=rf"tensors of one shape, got .*{name} \(6, 1\)"):
        (grpo if name == "reference_logprobs_BT" else ppo)(inputs | {name: inputs[name].T})


@pytest.mark.parametrize("index", range(3))
def test_a_value_loss_refuses_a_transposed_tensor(index: int):
    tensors = [torch.zeros(1, 6) for _ in range(3)]
    tensors[index] = tensors[index].T
    with pytest.raises(ValueError, match=r"_BT \(6, 1\)"):
        clipped_value_loss(*tensors, clip=0.2)


def test_a_token_without_an_advantage_is_never_counted_as_clipped():
    inputs = random_inputs(0)
    inputs["logprobs_BT"] = inputs["behavior_logprobs_BT"] + torch.tensor([2.0, -2.0]).double().repeat(3)
    assert grpo(inputs).metrics["clip_share"] > 0
    assert grpo(inputs | {"advantages_BT": torch.zeros(5, 6)}).metrics["clip_share"] == 0


def test_values_that_are_all_transposed_are_refused_beside_the_tokens():
    inputs = random_inputs(0, (1, 6))
    transposed = {name: inputs[name].T for name in ("values_BT", "behavior_values_BT", "returns_BT")}
    with pytest.raises(ValueError, match=r"tensors of one shape, got .*values_BT \(6, 1\)"):
        ppo(inputs | transposed)


@pytest.mark.parametrize("advantage", [1.0, -1.0])
def test_a_ratio_at_its_bound_is_not_counted_as_clipped(advantage: float):
    ones_BT = torch.ones(1, 3)
    options = {"clip_low": 0.0, "clip_high": 0.0, "reduction": token_mean}
    assert grpo_loss(-ones_BT, -ones_BT, advantage * ones_BT, ones_BT, **options).metrics["clip_share"] == 0


@pytest.mark.parametrize(("advantage", "expected"), [(0.0, 0.0), (1.0, -1.2), (-1.0, math.exp(20))])
def test_a_sampled_token_that_became_absurdly_likely_has_a_finite_loss_and_gradient(advantage: float, expected: float):
    logprobs_BT = torch.zeros(1, 1, requires_grad=True)
    options = {"clip_low": 0.2, "clip_high": 0.2, "reduction": token_mean}
    ones_BT = torch.ones(1, 1)
    result = grpo_loss(logprobs_BT, -1000 * ones_BT, advantage * ones_BT, ones_BT, **options)
    result.loss.backward()
    assert result.loss.item() == pytest.approx(expected, rel=1e-6)
    assert all(value.isfinite() for value in result.metrics.values())
    assert logprobs_BT.grad is not None
    assert logprobs_BT.grad.isfinite()
