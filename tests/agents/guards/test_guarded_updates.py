"""The guard in the learner's update. B rows, T token positions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from token_batches import sampled_batch

from agents.algorithms import ALGORITHMS, DPPO, GRPO, PPO, load_algorithm
from agents.errors import ConfigError, TrainingError
from agents.guards import GUARDS, RatioGuard, SamplerCheck, guarded, load_guard
from agents.learner import Learner, OptimizerConfig, UpdateConfig
from agents.losses import kl_k3
from agents.policies.hf import HFPolicy
from agents.policies.tiny import build_tiny_policy
from agents.types import LossOutput, PolicyOutputs, TokenBatch

REWARDS = [1, 0, 0, 1, 1, 1, 1, 1, 0, 0, 1, 0]
"""Three groups of four; the second one has no variance."""


def make_learner(*, has_value_head: bool = False) -> Learner:
    policy = HFPolicy(build_tiny_policy(seed=0)[0].double(), has_value_head=has_value_head)
    return Learner(policy, OptimizerConfig(learning_rate=1e-3, max_grad_norm=float("inf")), num_optimizer_steps=10)


def logprobs(learner: Learner, batch: TokenBatch) -> torch.Tensor:
    with torch.no_grad():
        return learner.policy(batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT).logprobs_BT


def sampled_by(learner: Learner, difference: float = 0.0) -> TokenBatch:
    """A batch whose sampler's log-probabilities are the learner's, up to alternating differences."""
    batch = sampled_batch(REWARDS)
    signs_T = torch.where(torch.arange(12) % 2 == 0, 1.0, -1.0)
    return replace(batch, behavior_logprobs_BT=(logprobs(learner, batch) + difference * signs_T) * batch.loss_mask_BT)


def update(learner: Learner, batch: TokenBatch, algorithm: Any = None, *, limit: float | None = None, **config: Any):
    algorithm = algorithm or GRPO()
    return learner.update(
        batch, algorithm, UpdateConfig(**config), temperature=1.0, seed=0, max_sampler_difference=limit
    )


def gradients(learner: Learner) -> list[torch.Tensor]:
    """Those of the first optimizer step, read from AdamW's first moment (1 − β₁)·g."""
    return [state["exp_avg"] / (1 - learner.config.betas[0]) for state in learner.optimizer.state.values()]


def weights(learner: Learner) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in learner.policy.parameters()]


@pytest.mark.parametrize("name", ["icepop", "sequence_mask", "tis"])
def test_the_gradient_is_that_of_the_weighed_ratio_to_the_policy_before_the_step(name: str):
    learner, naive = make_learner(), make_learner()
    batch = sampled_batch(REWARDS)
    update(learner, batch, guard=name)
    old_BT = logprobs(naive, batch)
    advantages_BT = GRPO().annotate(batch).advantages_BT
    assert advantages_BT is not None
    weights_BT = load_guard(name).weights(old_BT, batch.behavior_logprobs_BT, advantages_BT, batch.loss_mask_BT)
    new_BT = naive.policy(batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT).logprobs_BT
    surrogate_BT = (new_BT - old_BT).exp() * weights_BT * advantages_BT * batch.loss_mask_BT
    (-(surrogate_BT.sum(1) / batch.loss_mask_BT.sum(1)).mean()).backward()
    expected = [parameter.grad for parameter in naive.policy.parameters()]
    torch.testing.assert_close(gradients(learner), expected, rtol=1e-6, atol=1e-9)


def test_a_guard_that_drops_leaves_the_ratio_to_the_sampler():
    learner = make_learner()
    batch = replace(GRPO().annotate(sampled_batch(REWARDS)), old_logprobs_BT=logprobs(learner, sampled_batch(REWARDS)))
    result, _ = guarded(batch, "opsm", SamplerCheck())
    assert torch.equal(result.behavior_logprobs_BT, batch.behavior_logprobs_BT)
    assert result.sampler_logprobs_BT is None
    result, _ = guarded(batch, "tis", SamplerCheck())
    assert torch.equal(result.behavior_logprobs_BT, batch.old_logprobs_BT)
    assert torch.equal(result.sampler_logprobs_BT, batch.behavior_logprobs_BT)


@pytest.mark.parametrize("name", sorted(GUARDS))
def test_the_unbiased_penalty_is_weighed_by_the_ratio_to_the_sampler_under_every_guard(name: str):
    learner, naive = make_learner(), make_learner()
    learner.reference = HFPolicy(build_tiny_policy(seed=1)[0].double()).requires_grad_(requires_grad=False)
    batch = sampled_by(learner, difference=0.5)
    batch = replace(batch, rewards_B=torch.zeros_like(batch.rewards_B))
    update(learner, batch, GRPO(kl_coef=1.0, kl_estimator="unbiased"), guard=name)
    inputs = (batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT)
    reference_BT, new_BT = learner.reference(*inputs).logprobs_BT, naive.policy(*inputs).logprobs_BT
    weighed_BT = kl_k3(new_BT, reference_BT) * (new_BT - batch.behavior_logprobs_BT).exp() * batch.loss_mask_BT
    (weighed_BT.sum(1) / batch.loss_mask_BT.sum(1)).mean().backward()
    expected = [parameter.grad for parameter in naive.policy.parameters()]
    torch.testing.assert_close(gradients(learner), expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    "algorithm", [DPPO(threshold=1e-4), GRPO(max_sequence_kl=0.01, clip_low=9.0, clip_high=9.0)], ids=["DPPO", "OPSM"]
)
def test_what_is_left_out_for_its_distance_from_the_sampler_is_the_same_under_every_guard(algorithm: DPPO | GRPO):
    batch = sampled_by(make_learner())
    rows_B1 = torch.arange(len(batch.rewards_B))[:, None] % 3 - 1
    batch = replace(batch, behavior_logprobs_BT=batch.behavior_logprobs_BT + 0.1 * rows_B1 * batch.loss_mask_BT)
    expected = update(make_learner(), batch, algorithm, skip_zero_gradient_rows=False)["clip_share"]
    assert 0 < expected < 1
    for name in ("tis", "mis", "kpop", "sequence_tis"):
        metrics = update(make_learner(), batch, algorithm, skip_zero_gradient_rows=False, guard=name)
        assert (metrics["guard_kept_share"], metrics["clip_share"]) == (1.0, expected)


def test_a_guard_changes_nothing_where_the_sampler_agrees():
    plain, guarded_one = make_learner(), make_learner()
    batch = sampled_by(plain)
    update(plain, batch)
    metrics = update(guarded_one, batch, guard="icepop")
    torch.testing.assert_close(gradients(guarded_one), gradients(plain), rtol=1e-9, atol=1e-12)
    assert metrics["guard_kept_share"] == metrics["guard_weight"] == 1.0


@pytest.mark.parametrize("algorithm", [GRPO(kl_coef=0.1), PPO(kl_coef=0.1)], ids=["GRPO", "PPO"])
def test_penalties_and_critic_are_not_weighed(algorithm: GRPO | PPO):
    learner = make_learner(has_value_head="values" in algorithm.needs)
    learner.freeze_reference()
    if learner.policy.value_head is not None:
        torch.nn.init.normal_(learner.policy.value_head.weight)
    nothing = RatioGuard(action="mask", statistic="k2", low=50.0, high=60.0)
    batch = sampled_batch(REWARDS)
    filled = learner.fill_no_grad_fields(batch, algorithm, UpdateConfig(guard=nothing), temperature=1.0)
    masked, metrics = guarded(algorithm.annotate(filled), nothing, SamplerCheck())
    none = replace(algorithm.annotate(filled), behavior_logprobs_BT=filled.old_logprobs_BT)
    assert none.advantages_BT is not None
    none = replace(none, advantages_BT=torch.zeros_like(none.advantages_BT))
    outputs = PolicyOutputs(logprobs_BT=filled.old_logprobs_BT - 0.1, values_BT=filled.values_BT)
    assert metrics["guard_kept_share"] == 0.0
    assert algorithm.loss(outputs, masked).loss == algorithm.loss(outputs, none).loss > 0


def test_rows_that_are_masked_as_a_whole_are_left_out():
    learner = make_learner()
    batch = sampled_by(learner)
    behavior_BT = batch.behavior_logprobs_BT.clone()
    behavior_BT[0] -= 3.0 * batch.loss_mask_BT[0]
    metrics = update(learner, replace(batch, behavior_logprobs_BT=behavior_BT), guard="sequence_mask")
    assert metrics["skipped_row_share"] == pytest.approx(5 / 12)
    assert metrics["guard_kept_share"] < 1.0


def test_weights_of_an_algorithm_are_used_once_and_multiplied_by_those_of_a_guard():
    batch = GRPO().annotate(sampled_batch(REWARDS))
    assert batch.advantages_BT is not None
    weights_BT = torch.full_like(batch.advantages_BT, 0.5)
    batch = replace(batch, token_weights_BT=weights_BT, old_logprobs_BT=batch.behavior_logprobs_BT)
    for guard in (None, "tis"):
        result, _ = guarded(batch, guard, SamplerCheck())
        torch.testing.assert_close(result.advantages_BT, batch.advantages_BT * 0.5)
        assert result.token_weights_BT is None


@dataclass(frozen=True)
class Imitation:
    """An algorithm without advantages."""

    needs: frozenset[Any] = frozenset()

    def annotate(self, batch: TokenBatch) -> TokenBatch:
        return batch

    def gradient_rows(self, batch: TokenBatch) -> torch.Tensor:
        return batch.rewards_B > 0

    def loss(self, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
        return LossOutput(loss=-outputs.logprobs_BT.sum(), metrics={})


def test_a_guard_of_an_algorithm_without_advantages_is_refused():
    with pytest.raises(ConfigError, match="algorithm fills none: use no guard with it"):
        update(make_learner(), sampled_batch(REWARDS), Imitation(), guard="tis")


def test_differences_golden_numbers():
    # Δ = 0.5, −0.5, 1.0, 0: mean |Δ| 0.5; Σe^Δ = 1.648721 + 0.606531 + 2.718282 + 1 = 5.973534;
    # Σe^2Δ = 2.718282 + 0.367879 + 7.389056 + 1 = 11.475217; 5.973534² / (4 · 11.475217) = 0.777395;
    # k3 = (0.148721 + 0.106531 + 0.718282 + 0) / 4; one of four is beyond log 2.
    batch = sampled_batch([1.0])
    behavior_BT = torch.tensor([[0.0, -1.0, -2.0, -3.0, -1.5]], dtype=torch.float64)
    mask_BT = torch.tensor([[0.0, 1.0, 1.0, 1.0, 1.0]], dtype=torch.float64)
    batch = replace(batch, behavior_logprobs_BT=behavior_BT, loss_mask_BT=mask_BT)
    check = SamplerCheck()
    check.add(behavior_BT + torch.tensor([[9.0, 0.5, -0.5, 1.0, 0.0]], dtype=torch.float64), batch)
    assert check.metrics() == pytest.approx(
        {
            "sampler_difference": 0.5,
            "sampler_difference_max": 1.0,
            "sampler_kl": 0.2433835,
            "sampler_effective_share": 0.7773950,
            "sampler_outlier_share": 0.25,
        },
        rel=1e-6,
    )


def test_nothing_is_said_of_a_batch_without_rows():
    check = SamplerCheck(0.1)
    empty = sampled_batch([1.0]).select(slice(0, 0))
    check.add(empty.behavior_logprobs_BT, empty)
    assert check.is_empty
    assert check.metrics() == {}


@pytest.mark.parametrize("max_tokens", [None, 24])
def test_differences_are_measured_on_the_way_as_by_a_pass_of_its_own(max_tokens: int | None):
    free, own = make_learner(), make_learner()
    batch = sampled_batch(REWARDS)
    got = update(free, batch, max_tokens_per_microbatch=max_tokens, skip_zero_gradient_rows=False)
    expected = update(own, batch, max_tokens_per_microbatch=max_tokens, guard="tis")
    names = [name for name in expected if name.startswith("sampler_")]
    assert len(names) == 5
    assert {name: got[name] for name in names} == pytest.approx({name: expected[name] for name in names}, rel=1e-6)


def test_the_measured_divergence_is_the_loss_s_own_before_the_first_step():
    learner = make_learner()
    batch = sampled_batch(REWARDS)
    k3_BT = kl_k3(batch.behavior_logprobs_BT, logprobs(learner, batch)) * batch.loss_mask_BT
    metrics = update(learner, batch, skip_zero_gradient_rows=False)
    assert metrics["sampler_kl"] == pytest.approx((k3_BT.sum() / batch.loss_mask_BT.sum()).item(), rel=1e-6)


def test_later_optimizer_steps_are_not_measured():
    learner = make_learner()
    metrics = update(learner, sampled_by(learner), num_epochs=3, num_minibatches=2)
    assert metrics["sampler_difference_max"] == pytest.approx(0.0, abs=1e-6)
    assert metrics["kl_behavior"] > 1e-5


@pytest.mark.parametrize("guard", [None, "tis"])
def test_a_sampler_that_is_too_far_stops_the_update_before_it_changes_a_weight(guard: str | None):
    learner = make_learner()
    batch, before = sampled_by(learner, difference=0.3), weights(learner)
    with pytest.raises(TrainingError, match=r"differ from the sampler's by 0\.3 nats on average and 0\.3 at most"):
        update(learner, batch, limit=0.2, guard=guard, max_tokens_per_microbatch=24)
    assert all(map(torch.equal, before, weights(learner)))
    assert all(parameter.grad is None for parameter in learner.policy.parameters())
    assert learner.num_steps_done == 0
    update(learner, batch, limit=0.4, guard=guard)
    assert learner.num_steps_done == 1


def test_a_weight_that_is_not_a_number_is_left_to_the_gradient_to_refuse():
    learner = make_learner()
    batch = sampled_by(learner)
    with torch.no_grad():
        learner.policy.head.module.weight[0, 0] = torch.nan
    with pytest.raises(TrainingError, match="gradient's norm is nan"):
        update(learner, batch, limit=0.1)


@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_every_algorithm_is_linear_in_weights_of_its_advantages(name: str):
    algorithm = load_algorithm(name)
    learner = make_learner(has_value_head="values" in algorithm.needs)
    learner.freeze_reference()
    learner.teacher = HFPolicy(build_tiny_policy(seed=1)[0].double())
    batch = sampled_batch(REWARDS)
    parts = {"reward_components": {"accuracy": batch.rewards_B}, "reward_weights": {"accuracy": torch.ones(12)}}
    batch = replace(batch, is_stopped_B=torch.arange(12) != 3, **parts)
    batch = replace(batch, behavior_logprobs_BT=logprobs(learner, batch))
    batch = algorithm.annotate(learner.fill_no_grad_fields(batch, algorithm, UpdateConfig(), temperature=1.0))
    assert batch.advantages_BT is not None
    noise_BT = 0.05 * torch.rand(batch.loss_mask_BT.shape, generator=torch.Generator().manual_seed(1))
    first_BT, second_BT = torch.rand((2, *noise_BT.shape), generator=torch.Generator().manual_seed(2)).double()

    def gradient(weights_BT: torch.Tensor) -> torch.Tensor:
        weighed, _ = guarded(replace(batch, token_weights_BT=weights_BT), None, SamplerCheck())
        leaf_BT = ((batch.behavior_logprobs_BT - noise_BT) * batch.loss_mask_BT).requires_grad_()
        values_BT = None if batch.values_BT is None else batch.values_BT.clone()
        outputs = PolicyOutputs(logprobs_BT=leaf_BT, entropy_BT=torch.zeros_like(leaf_BT), values_BT=values_BT)
        algorithm.loss(outputs, weighed).loss.backward()
        assert leaf_BT.grad is not None
        return leaf_BT.grad

    total_BT = gradient(first_BT + second_BT)
    assert total_BT.any()
    torch.testing.assert_close(total_BT, gradient(first_BT) + gradient(second_BT), rtol=1e-6, atol=1e-9)
