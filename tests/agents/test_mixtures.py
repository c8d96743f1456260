"""A learner of a mixture of experts: one balancing loss over all microbatches, and replayed choices."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from tiny_policies import MIXTURES, WITH_LOSS, mixture
from token_batches import sampled_batch

from agents.algorithms import GRPO
from agents.errors import ConfigError, TrainingError
from agents.learner import Learner, OptimizerConfig, UpdateConfig
from agents.policies.hf import HFPolicy
from agents.policies.tiny import build_tiny_policy
from agents.rollout.assemble import assemble
from agents.rollout.codec import TextCodec
from agents.rollout.collect import collect
from agents.rollout.decode import DecodeEngine
from agents.rollout.engine import SamplingParams
from agents.rollout.hf import HFGenerateEngine
from agents.types import LossOutput, PolicyOutputs, TokenBatch
from reasonenv.errors import UnknownNameError
from reasonenv.types import MathReference, Task
from reasonenv.vector import TextVectorEnv

REWARDS = [1, 0, 0, 1, 1, 0, 1, 0]
each_mixture = pytest.mark.parametrize("name", sorted(MIXTURES))
engines = pytest.mark.parametrize("engine_class", [DecodeEngine, HFGenerateEngine])


def learner_of(model: Any, *, learning_rate: float = 1e-3, **policy: Any) -> Learner:
    config = OptimizerConfig(learning_rate=learning_rate, max_grad_norm=math.inf)
    return Learner(HFPolicy(model, **policy), config, num_optimizer_steps=10)


def gradients(learner: Learner) -> list[torch.Tensor]:
    """Those of the first optimizer step, read from AdamW's first moment (1 − β₁)·g."""
    return [state["exp_avg"] / (1 - learner.config.betas[0]) for state in learner.optimizer.state.values()]


def no_loss(outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
    return LossOutput(loss=0 * outputs.logprobs_BT.sum(), metrics={})


@pytest.mark.parametrize("name", sorted(WITH_LOSS))
@pytest.mark.parametrize("loss", [GRPO().loss, no_loss])
def test_microbatches_have_the_balancing_gradient_of_the_whole(name: str, loss: Any):
    batch = GRPO().annotate(sampled_batch(REWARDS))
    whole, cut = (learner_of(mixture(name), auxiliary_coef=0.5) for _ in range(2))
    whole.step(batch, loss)
    cut.step(batch, loss, 30)
    assert any(gradient.abs().max() > 1e-3 for gradient in gradients(whole))
    torch.testing.assert_close(gradients(cut), gradients(whole), rtol=1e-3, atol=2e-6)


@each_mixture
def test_a_step_says_how_the_experts_are_used(name: str):
    metrics = learner_of(mixture(name)).step(GRPO().annotate(sampled_batch(REWARDS)), GRPO().loss, 30)
    assert 1 <= metrics["router/largest_load"] <= 4
    assert 0 < metrics["router/load_entropy"] <= 1
    assert 0 <= metrics["router/idle_share"] < 1


def test_the_load_is_the_same_however_a_batch_is_cut():
    batch = GRPO().annotate(sampled_batch(REWARDS))
    whole, cut = (learner_of(mixture("mixtral")).step(batch, GRPO().loss, tokens) for tokens in (None, 30))
    names = [name for name in whole if name.startswith("router/")]
    assert {name: whole[name] for name in names} == {name: cut[name] for name in names}


def test_a_dense_model_has_no_router_metrics():
    metrics = learner_of(build_tiny_policy(seed=0)[0]).step(GRPO().annotate(sampled_batch(REWARDS)), GRPO().loss)
    assert not [name for name in metrics if name.startswith("router/")]


def test_a_step_moves_the_balancing_biases_by_the_rate():
    model = mixture("deepseek_v3")
    before = {name: buffer.clone() for name, buffer in model.named_buffers() if name.endswith("correction_bias")}
    learner_of(model).update(
        sampled_batch(REWARDS), GRPO(), UpdateConfig(router_bias_rate=0.01), temperature=1.0, seed=0
    )
    moves = [model.get_buffer(name) - buffer for name, buffer in before.items()]
    assert len(moves) == 2
    assert all(move.abs().max().item() == pytest.approx(0.01, rel=1e-4) for move in moves)
    assert all((move > 0).any() and (move < 0).any() for move in moves)
    assert set(before) <= set(model.state_dict())


def test_many_steps_of_bias_balancing_even_out_the_load():
    learner = learner_of(mixture("glm4_moe"), learning_rate=0.0)
    batch, config = sampled_batch(REWARDS), UpdateConfig(router_bias_rate=0.02)
    metrics = [learner.update(batch, GRPO(), config, temperature=1.0, seed=0) for _ in range(30)]
    assert metrics[-1]["router/largest_load"] < 0.8 * metrics[0]["router/largest_load"]
    assert metrics[-1]["router/load_entropy"] > metrics[0]["router/load_entropy"]


def called_experts(model: Any) -> list[torch.Tensor]:
    """Return a list that grows by the indices of each call of a layer's experts."""
    called: list[torch.Tensor] = []
    for module in model.modules():
        if type(module).__name__.endswith("Experts"):
            module.register_forward_pre_hook(
                lambda _, args: called.append(next(part for part in args if not part.is_floating_point()).clone())
            )
    return called


def passes_of(called: list[torch.Tensor], batch: TokenBatch) -> list[torch.Tensor]:
    """Return the experts of the real tokens in each pass over the whole batch, [N, L, K]."""
    is_real_N = batch.attention_mask_BT.flatten().bool()
    return [torch.stack(called[first : first + 2], 1)[is_real_N] for first in range(0, len(called), 2)]


@each_mixture
def test_every_pass_chooses_the_experts_of_the_policy_before_its_first_update(name: str):
    def passes(replay: Any) -> list[torch.Tensor]:
        model, batch = mixture(name), sampled_batch(REWARDS)
        learner = learner_of(model, learning_rate=0.05, auxiliary_coef=0.0)
        called = called_experts(model)
        config = UpdateConfig(num_epochs=3, replay_routing=replay)
        learner.update(batch, GRPO(), config, temperature=1.0, seed=0)
        return passes_of(called, batch)

    first, *others = passes("old")
    assert len(others) == 3
    assert all(torch.equal(first, other) for other in others)
    free = passes(None)
    assert not torch.equal(free[0], free[-1])


def sampled_trajectories(model: Any, engine: Any) -> TokenBatch:
    """Two-turn episodes of a model, with the experts that the engine recorded."""
    tasks = [
        Task(task_id=str(n), prompt=p, reference=MathReference(answer="5")) for n, p in enumerate(["2+3=?", "1+2+2=?"])
    ]
    env = TextVectorEnv(
        8, group_size=4, autoreset_mode="Disabled", tasks=tasks, reward="accuracy", template="plain",
        max_turns=2, turn=lambda attempt: "Go on: " if len(attempt.messages) < 3 else None,
    )  # fmt: skip
    codec = TextCodec(build_tiny_policy(seed=0)[1])
    params = SamplingParams(max_new_tokens=5, seed=3, records_routing=True)
    trajectories = collect(env, engine, codec, params, task_indices=[0, 1])
    batch = assemble(trajectories, pad_token_id=codec.pad_token_id)
    return replace(batch, rewards_B=torch.tensor(REWARDS, dtype=torch.float32))


@engines
@each_mixture
def test_every_pass_chooses_the_experts_that_the_sampler_chose(name: str, engine_class: Callable[..., Any]):
    model = mixture(name)
    batch = sampled_trajectories(model, engine_class(model, 0))
    learner = learner_of(model, learning_rate=0.05, auxiliary_coef=0.0)
    called = called_experts(model)
    config = UpdateConfig(num_epochs=2, replay_routing="sampler")
    metrics = learner.update(batch, GRPO(), config, temperature=1.0, seed=0)
    assert batch.routed_experts_BTLK is not None
    expected = batch.routed_experts_BTLK[batch.attention_mask_BT.bool()].long()
    is_recorded_N = (expected >= 0).flatten(1).all(1)
    assert is_recorded_N.sum() == batch.attention_mask_BT.sum() - len(batch.rewards_B)
    for experts in passes_of(called, batch):
        assert torch.equal(experts[is_recorded_N], expected[is_recorded_N])
    assert metrics["router/replay_agreement"] > 0.99


@engines
@each_mixture
@torch.no_grad()
def test_recorded_experts_are_those_of_a_pass_over_the_whole_row(name: str, engine_class: Callable[..., Any]):
    model = mixture(name)
    prompts, params = [(5, 6, 7), (8, 9)], SamplingParams(max_new_tokens=6, records_routing=True)
    routers = HFPolicy(model).routers
    assert routers is not None
    groups = engine_class(model, 0).generate(prompts, params, num_samples=3)
    for prompt, group in zip(prompts, groups, strict=True):
        for completion in group:
            with routers.routed() as routing:
                model(input_ids=torch.tensor([[*prompt, *completion.token_ids[:-1]]]))
            assert completion.routed_experts is not None
            assert completion.routed_experts.dtype == torch.int16
            expected = torch.stack(routing.chosen, 1)
            assert torch.equal(completion.routed_experts.long().sort(-1)[0], expected.sort(-1)[0])


@engines
def test_nothing_is_recorded_unless_asked_for(engine_class: Callable[..., Any]):
    ((completion,),) = engine_class(mixture("mixtral"), 0).generate([(5, 6)], SamplingParams(max_new_tokens=3))
    assert completion.routed_experts is None


@engines
def test_recording_the_routers_of_a_dense_model_is_refused(engine_class: Callable[..., Any]):
    engine = engine_class(build_tiny_policy(seed=0)[0], 0)
    with pytest.raises(ValueError, match=r"records_routing needs a mixture of experts .* Qwen3ForCausalLM is none"):
        engine.generate([(5, 6)], SamplingParams(max_new_tokens=3, records_routing=True))


def moved_by_a_token(experts_BTLK: torch.Tensor, mask_BT: torch.Tensor) -> torch.Tensor:
    moved_BTLK = experts_BTLK.roll(1, dims=1)
    return moved_BTLK.where((experts_BTLK >= 0), -1).where(moved_BTLK >= 0, experts_BTLK)


@pytest.mark.parametrize("name", ["deepseek_v3", "mixtral"])
def test_a_recording_that_is_moved_by_a_token_raises(name: str):
    model = mixture(name)
    batch = sampled_trajectories(model, DecodeEngine(model, 0))
    assert batch.routed_experts_BTLK is not None
    moved = replace(batch, routed_experts_BTLK=moved_by_a_token(batch.routed_experts_BTLK, batch.attention_mask_BT))
    config = UpdateConfig(replay_routing="sampler")
    with pytest.raises(TrainingError, match=r"the learner's routers choose .* where chance gives 25%"):
        learner_of(model).update(moved, GRPO(), config, temperature=1.0, seed=0)


def test_a_recording_without_sampled_tokens_raises():
    model = mixture("mixtral")
    batch = sampled_trajectories(model, DecodeEngine(model, 0))
    assert batch.routed_experts_BTLK is not None
    short = replace(batch, routed_experts_BTLK=batch.routed_experts_BTLK.roll(-1, dims=1))
    with pytest.raises(TrainingError, match="recorded for other tokens than those of the batch"):
        learner_of(model).update(short, GRPO(), UpdateConfig(replay_routing="sampler"), temperature=1.0, seed=0)


@pytest.mark.parametrize(
    ("model", "replay", "message"),
    [
        (build_tiny_policy(seed=0)[0], "old", "Qwen3ForCausalLM is none: leave it out"),
        (mixture("mixtral"), "sampler", "needs an engine that records routed experts"),
    ],
)
def test_a_replay_that_cannot_be_is_refused(model: Any, replay: Any, message: str):
    config = UpdateConfig(replay_routing=replay)
    with pytest.raises(ConfigError, match=message):
        learner_of(model).update(sampled_batch(REWARDS), GRPO(), config, temperature=1.0, seed=0)


def test_a_replay_of_an_unknown_name_is_refused_with_the_closest():
    with pytest.raises(UnknownNameError, match=r"replay_routing 'samplr'\. Did you mean 'sampler'"):
        UpdateConfig(replay_routing="samplr")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("config", [{"replay_routing": "old"}, {"router_bias_rate": 0.1}])
def test_shared_prompts_leave_out_tokens_that_routers_must_see(config: dict[str, Any]):
    with pytest.raises(ConfigError, match="need whole rows: leave share_prompts out"):
        UpdateConfig(share_prompts=True, **config)
