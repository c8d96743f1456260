from __future__ import annotations

import io
import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from token_batches import sampled_batch
from transformers import GPT2Config, GPT2LMHeadModel, MixtralConfig, MixtralForCausalLM

from agents.algorithms.grpo import GRPO
from agents.algorithms.ppo import PPO
from agents.errors import ConfigError
from agents.learner import Learner, OptimizerConfig, UpdateConfig, learning_rate
from agents.losses import sft_loss, totals_of
from agents.policies.hf import HFPolicy
from agents.policies.tiny import build_tiny_policy
from agents.rollout.cuts import microbatches, take_rows
from agents.types import LossOutput, PolicyOutputs, TokenBatch

REWARDS = [1, 0, 0, 1, 1, 1, 1, 1, 0, 0, 1, 0]
"""Three groups of four; the second one has no variance."""


def make_learner(
    *, has_value_head: bool = False, dtype: torch.dtype = torch.float64, num_optimizer_steps: int = 10, **optimizer
) -> Learner:
    policy = HFPolicy(build_tiny_policy(seed=0)[0].to(dtype), has_value_head=has_value_head)
    config = OptimizerConfig(**{"learning_rate": 1e-3, **optimizer})
    return Learner(policy, config, num_optimizer_steps=num_optimizer_steps)


def weights(learner: Learner) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in learner.policy.named_parameters()}


def gradients(learner: Learner) -> list[torch.Tensor]:
    """Those of the first optimizer step, read from AdamW's first moment (1 − β₁)·g."""
    return [state["exp_avg"] / (1 - learner.config.betas[0]) for state in learner.optimizer.state.values()]


def update(learner: Learner, batch: TokenBatch, algorithm=None, *, seed: int = 0, **config) -> dict[str, float]:
    return learner.update(batch, algorithm or GRPO(), UpdateConfig(**config), temperature=1.0, seed=seed)


def negative_log_likelihood(outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
    return sft_loss(outputs.logprobs_BT, batch.loss_mask_BT, totals=batch.totals)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (OptimizerConfig(learning_rate=2.0), [2, 2, 2, 2, 2]),
        (OptimizerConfig(learning_rate=2.0, num_warmup_steps=4), [0.5, 1.0, 1.5, 2, 2]),
        (
            OptimizerConfig(learning_rate=2.0, schedule="cosine"),
            [2, 1 + math.cos(math.pi / 5), 1 + math.cos(2 * math.pi / 5), 1 - math.cos(2 * math.pi / 5)],
        ),
        (
            OptimizerConfig(learning_rate=2.0, schedule="cosine", num_warmup_steps=1, final_learning_rate=1.0),
            [2, 2, 1.5 + math.sqrt(0.125), 1.5, 1.5 - math.sqrt(0.125), 1.0],
        ),
    ],
    ids=["constant", "warm-up", "cosine", "warm-up and cosine to a floor"],
)
def test_learning_rate_schedules_golden_numbers(config: OptimizerConfig, expected: list[float]):
    assert [learning_rate(config, step, 5) for step in range(len(expected))] == pytest.approx(expected)


def test_cosine_stays_at_its_end_beyond_the_planned_steps():
    config = OptimizerConfig(learning_rate=2.0, schedule="cosine", final_learning_rate=0.5)
    assert learning_rate(config, 50, 5) == pytest.approx(0.5)


def test_warm_up_longer_than_the_run_is_still_linear():
    config = OptimizerConfig(learning_rate=1.0, schedule="cosine", num_warmup_steps=10)
    assert [learning_rate(config, step, 4) for step in range(4)] == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_an_update_takes_one_step_of_adam_down_the_gradient_at_the_scheduled_rate():
    learner = make_learner(num_warmup_steps=2, max_grad_norm=math.inf)
    before = weights(learner)
    metrics = update(learner, sampled_batch(REWARDS))
    assert metrics["learning_rate"] == pytest.approx(5e-4)
    for gradient, old, new in zip(gradients(learner), before.values(), weights(learner).values(), strict=True):
        # In AdamW's first step both moments are the gradient's own: Δ = −η g / (|g| + ε).
        torch.testing.assert_close(new, old - 5e-4 * gradient / (gradient.abs() + 1e-8), rtol=1e-9, atol=1e-12)


def test_updates_make_rewarded_responses_more_likely():
    learner, batch = make_learner(learning_rate=1e-4), sampled_batch(REWARDS)
    is_right_B = batch.rewards_B * torch.tensor([1.0] * 4 + [0.0] * 4 + [1.0] * 4)

    def likelihood() -> float:
        with torch.no_grad():
            rows = batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT
            return (learner.policy(*rows).logprobs_BT.sum(1) * is_right_B).sum().item()

    before = likelihood()
    update(learner, batch)
    assert likelihood() > before


@pytest.mark.parametrize("max_tokens", [12, 60, 144, 1200])
@pytest.mark.parametrize("reduction", ["sequence_mean", "token_mean"])
def test_accumulated_microbatches_give_the_gradient_of_the_whole_minibatch(max_tokens: int, reduction: str):
    whole, cut = make_learner(), make_learner()
    batch, algorithm = sampled_batch(REWARDS), GRPO(reduction=reduction)
    expected = update(whole, batch, algorithm)
    got = update(cut, batch, algorithm, max_tokens_per_microbatch=max_tokens)
    torch.testing.assert_close(gradients(cut), gradients(whole), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(weights(cut), weights(whole), rtol=1e-6, atol=1e-9)
    assert got == pytest.approx(expected, rel=1e-6)


def test_accumulated_microbatches_give_the_gradient_of_the_whole_minibatch_with_a_critic():
    whole, cut = make_learner(has_value_head=True), make_learner(has_value_head=True)
    batch = sampled_batch(REWARDS)
    expected, got = update(whole, batch, PPO()), update(cut, batch, PPO(), max_tokens_per_microbatch=60)
    torch.testing.assert_close(gradients(cut), gradients(whole), rtol=1e-4, atol=1e-7)
    assert got == pytest.approx(expected, rel=1e-5)


@settings(max_examples=5)
@given(st.lists(st.sampled_from([0.0, 0.1, 1.0]), min_size=12, max_size=12), st.integers(12, 144))
def test_step_of_any_cut_has_the_gradient_of_the_whole(rewards: list[float], max_tokens: int):
    whole, cut = make_learner(), make_learner()
    batch = GRPO().annotate(sampled_batch(rewards))
    whole.step(batch, GRPO().loss)
    cut.step(batch, GRPO().loss, max_tokens)
    torch.testing.assert_close(gradients(cut), gradients(whole), rtol=1e-9, atol=1e-12)


def test_microbatches_hold_as_many_rows_as_fit_with_their_padding():
    batch = sampled_batch(REWARDS)
    order_B = batch.attention_mask_BT.sum(1).argsort(stable=True)
    parts = microbatches(batch, order_B, 40)
    assert torch.cat(parts).tolist() == order_B.tolist()
    padded = [int(batch.attention_mask_BT[rows].sum(1).max()) for rows in parts]
    sizes = [len(rows) for rows in parts]
    assert max(size * longest for size, longest in zip(sizes, padded, strict=True)) <= 40
    assert all((size + 1) * longest > 40 for size, longest in zip(sizes[:-1], padded[1:], strict=True))
    assert microbatches(batch, order_B, None)[0].tolist() == order_B.tolist()
    with pytest.raises(ConfigError, match=r"max_tokens_per_microbatch=11 is less than one row of 12 tokens: raise it"):
        microbatches(batch, order_B, 11)


def test_a_mixture_of_experts_skips_no_row_because_every_row_loads_the_routers():
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1}
    config = MixtralConfig(vocab_size=272, num_hidden_layers=1, num_local_experts=4, pad_token_id=0, **sizes)
    learner = Learner(HFPolicy(MixtralForCausalLM(config)), OptimizerConfig(), num_optimizer_steps=1)
    metrics = update(learner, sampled_batch([1, 1, 1, 1]))
    assert metrics["skipped_row_share"] == 0
    assert metrics["grad_norm"] > 0


@pytest.mark.parametrize("num_minibatches", [1, 3])
@pytest.mark.parametrize("max_tokens", [None, 24])
def test_skipping_rows_without_gradient_gives_the_same_update(num_minibatches: int, max_tokens: int | None):
    skipping, complete = make_learner(weight_decay=0.1), make_learner(weight_decay=0.1)
    batch = sampled_batch(REWARDS)
    cut = {"num_minibatches": num_minibatches, "max_tokens_per_microbatch": max_tokens, "num_epochs": 2}
    got = update(skipping, batch, skip_zero_gradient_rows=True, **cut)
    expected = update(complete, batch, skip_zero_gradient_rows=False, **cut)
    torch.testing.assert_close(weights(skipping), weights(complete), rtol=1e-6, atol=1e-9)
    assert got["skipped_row_share"] == pytest.approx(1 / 3)
    assert expected["skipped_row_share"] == 0
    assert got["grad_norm"] == pytest.approx(expected["grad_norm"])
    assert got["clip_share"] == pytest.approx(expected["clip_share"])


def test_metrics_are_means_over_the_steps_that_had_a_gradient():
    """One row a minibatch, at a learning rate of 0; the second group has no variance."""
    both = sampled_batch([1, 0, 0, 1, 1, 1, 1, 1])
    first = take_rows(both, torch.arange(4), is_whole_minibatch=True)
    expected = update(make_learner(learning_rate=0.0), first, num_minibatches=4)
    got = update(make_learner(learning_rate=0.0), both, num_minibatches=8)
    assert got["kl_behavior"] == pytest.approx(expected["kl_behavior"]) != 0
    assert got["grad_norm"] == pytest.approx(expected["grad_norm"] / 2)


@pytest.mark.parametrize("skip_zero_gradient_rows", [True, False])
def test_a_batch_without_any_gradient_leaves_weights_and_moments_alone(skip_zero_gradient_rows: bool):
    learner = make_learner(weight_decay=0.1)
    update(learner, sampled_batch(REWARDS))
    before, moments = weights(learner), gradients(learner)
    metrics = update(learner, sampled_batch([1] * 8), skip_zero_gradient_rows=skip_zero_gradient_rows)
    torch.testing.assert_close(weights(learner), before, rtol=0, atol=0)
    torch.testing.assert_close(gradients(learner), moments, rtol=0, atol=0)
    assert metrics["grad_norm"] == 0


def test_an_empty_minibatch_changes_nothing_but_the_position_in_the_schedule():
    learner = make_learner(num_warmup_steps=4)
    before = weights(learner)
    empty = take_rows(sampled_batch(REWARDS), torch.arange(0))
    assert learner.step(empty, negative_log_likelihood) == {"learning_rate": pytest.approx(2.5e-4), "grad_norm": 0.0}
    torch.testing.assert_close(weights(learner), before, rtol=0, atol=0)
    assert not learner.optimizer.state
    assert learner.num_steps_done == 1


def test_supervised_step_lowers_the_loss_of_its_own_batch():
    learner, batch = make_learner(), sampled_batch(REWARDS)
    losses = [learner.step(batch, negative_log_likelihood)["loss"] for _ in range(3)]
    assert losses[0] > losses[1] > losses[2]
    assert losses[0] == pytest.approx(math.log(272), rel=0.1)


def test_gradient_is_clipped_to_its_maximal_norm_and_measured_before():
    learner = make_learner(max_grad_norm=0.01)
    metrics = update(learner, sampled_batch(REWARDS))
    clipped_norm = torch.stack([gradient.norm() for gradient in gradients(learner)]).norm().item()
    assert metrics["grad_norm"] > 0.01
    assert clipped_norm == pytest.approx(0.01, rel=1e-3)


def test_epochs_and_minibatches_multiply_to_optimizer_steps():
    learner = make_learner()
    update(learner, sampled_batch(REWARDS), num_epochs=2, num_minibatches=3)
    assert learner.num_steps_done == 6


def test_minibatches_beyond_the_number_of_rows_are_left_out():
    learner = make_learner()
    update(learner, sampled_batch([1, 0, 0, 0]), num_minibatches=6)
    assert learner.num_steps_done == 4


def test_the_seed_decides_how_rows_are_dealt_and_repeats_bit_for_bit():
    runs = []
    for seed in (1, 1, 2):
        learner = make_learner()
        update(learner, sampled_batch(REWARDS), num_minibatches=3, seed=seed)
        runs.append(weights(learner))
    torch.testing.assert_close(runs[0], runs[1], rtol=0, atol=0)
    assert not all(torch.equal(runs[0][name], runs[2][name]) for name in runs[0])


def test_an_update_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    update(make_learner(), sampled_batch(REWARDS), num_minibatches=3)
    assert torch.equal(torch.get_rng_state(), before)


def test_dropout_is_off_so_that_equal_weights_have_equal_logprobs():
    sizes = {"vocab_size": 272, "n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 32}
    special_tokens = {"bos_token_id": 0, "eos_token_id": 1}
    model = GPT2LMHeadModel(GPT2Config(resid_pdrop=0.5, embd_pdrop=0.5, attn_pdrop=0.5, **special_tokens, **sizes))
    learner = Learner(HFPolicy(model.train()), OptimizerConfig(), num_optimizer_steps=1)
    batch = sampled_batch(REWARDS)
    with torch.no_grad():
        rows = batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT
        batch = replace(batch, behavior_logprobs_BT=learner.policy(*rows).logprobs_BT)
    metrics = update(learner, batch)
    assert metrics["kl_behavior"] == pytest.approx(0, abs=1e-9)


def test_policy_and_reference_are_scored_at_the_temperature_of_the_sampler():
    learner, batch = make_learner(), sampled_batch(REWARDS)
    learner.freeze_reference()
    with torch.no_grad():
        rows = batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT
        expected_BT = learner.policy(*rows, temperature=0.5).logprobs_BT
    batch = replace(batch, behavior_logprobs_BT=expected_BT)
    filled = learner.fill_no_grad_fields(batch, GRPO(kl_coef=0.1), UpdateConfig(), temperature=0.5)
    torch.testing.assert_close(filled.reference_logprobs_BT, expected_BT)
    metrics = learner.update(batch, GRPO(kl_coef=0.1), UpdateConfig(), temperature=0.5, seed=0)
    assert (metrics["kl_behavior"], metrics["kl_reference"]) == pytest.approx((0, 0), abs=1e-9)


@pytest.mark.parametrize("algorithm", [GRPO(kl_coef=0.1), PPO(kl_coef=0.1)], ids=["grpo", "ppo"])
def test_a_restored_learner_continues_bit_for_bit(algorithm):
    settings = {"has_value_head": "values" in algorithm.needs, "dtype": torch.float32, "schedule": "cosine"}
    first = make_learner(**settings)
    first.freeze_reference()
    update(first, sampled_batch(REWARDS), algorithm, num_minibatches=2)
    file = io.BytesIO()
    model = first.policy.model.state_dict()
    torch.save({"learner": first.state_dict(), "reference": first.reference_state(), "model": model}, file)
    expected = update(first, sampled_batch(REWARDS, seed=1), algorithm, num_minibatches=2, seed=1)

    saved = torch.load(io.BytesIO(file.getvalue()), weights_only=True)
    second = make_learner(**settings)
    second.policy.model.load_state_dict(saved["model"])
    second.load_state_dict(saved["learner"], saved["reference"])
    got = update(second, sampled_batch(REWARDS, seed=1), algorithm, num_minibatches=2, seed=1)
    torch.testing.assert_close(weights(second), weights(first), rtol=0, atol=0)
    assert got == expected
    assert second.num_steps_done == first.num_steps_done == 4


def test_the_reference_stays_frozen_while_the_policy_moves():
    learner = make_learner()
    learner.freeze_reference()
    assert learner.reference is not None
    before = {name: tensor.clone() for name, tensor in learner.reference.state_dict().items()}
    first = update(learner, sampled_batch(REWARDS), GRPO(kl_coef=0.1))
    second = update(learner, sampled_batch(REWARDS), GRPO(kl_coef=0.1))
    assert all(torch.equal(tensor, before[name]) for name, tensor in learner.reference.state_dict().items())
    assert not any(parameter.requires_grad for parameter in learner.reference.parameters())
    assert first["kl_reference"] == 0
    assert second["kl_reference"] > 0


def test_the_reference_shares_nothing_with_the_policy_and_keeps_its_own_head():
    learner = make_learner()
    learner.freeze_reference()
    assert learner.reference is not None
    reference, policy = learner.reference, learner.policy
    assert reference.head.module is reference.model.get_output_embeddings()
    assert reference.decoder is reference.model.get_decoder()
    pointers = {parameter.data_ptr() for parameter in policy.parameters()}
    assert not any(parameter.data_ptr() in pointers for parameter in reference.parameters())


def test_freezing_again_moves_the_reference_to_the_policy_of_now_in_the_same_memory():
    learner = make_learner()
    pointers = [tensor.data_ptr() for tensor in learner.freeze_reference().parameters()]
    update(learner, sampled_batch(REWARDS), GRPO(kl_coef=0.1))
    assert [tensor.data_ptr() for tensor in learner.freeze_reference().parameters()] == pointers
    assert update(learner, sampled_batch(REWARDS), GRPO(kl_coef=0.1))["kl_reference"] == 0


def test_a_penalty_without_a_frozen_reference_is_refused():
    with pytest.raises(ConfigError, match=r"call Learner\.freeze_reference\(\) before the first update"):
        update(make_learner(), sampled_batch(REWARDS), GRPO(kl_coef=0.1))


def test_a_critic_without_a_value_head_is_refused():
    with pytest.raises(ConfigError, match=r"build HFPolicy\(model, has_value_head=True\)"):
        update(make_learner(), sampled_batch(REWARDS), PPO())


@pytest.mark.parametrize(
    ("name", "value"),
    [("num_epochs", 0), ("num_minibatches", -1), ("max_tokens_per_microbatch", 0), ("max_tokens_per_microbatch", -2)],
)
def test_a_cut_into_less_than_one_is_refused(name: str, value: int):
    with pytest.raises(ConfigError, match=rf"{name} must be .*at least 1, got {value}"):
        UpdateConfig(**{name: value})


def test_critic_learns_the_rewards():
    learner = make_learner(has_value_head=True, learning_rate=1e-2, dtype=torch.float32)
    batch, algorithm = sampled_batch(REWARDS), PPO(value_coef=1.0, value_clip=math.inf)
    losses = [update(learner, batch, algorithm)["value_loss"] for _ in range(4)]
    assert losses[-1] < losses[0]


def test_taken_rows_are_cut_to_the_longest_of_them():
    batch = sampled_batch(REWARDS)
    lengths_B = batch.attention_mask_BT.sum(1)
    rows = lengths_B.argsort()[:3]
    taken = take_rows(batch, rows)
    num_columns = int(lengths_B[rows].max())
    assert num_columns < batch.token_ids_BT.shape[1]
    assert torch.equal(taken.token_ids_BT, batch.token_ids_BT[rows, :num_columns])
    assert torch.equal(taken.rewards_B, batch.rewards_B[rows])
    assert taken.advantages_BT is None


def test_taken_rows_keep_the_totals_of_their_minibatch():
    batch = sampled_batch(REWARDS)
    assert take_rows(batch, torch.tensor([0, 2])).totals == batch.totals


def test_rows_that_are_a_minibatch_of_their_own_get_their_own_totals():
    batch, rows = sampled_batch(REWARDS), torch.tensor([0, 2])
    assert take_rows(batch, rows, is_whole_minibatch=True).totals == totals_of(batch.loss_mask_BT[rows])
