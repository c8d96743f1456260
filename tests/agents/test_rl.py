from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from agents.algorithms import GRPO, PPO
from agents.config import RLConfig, RolloutConfig
from agents.learner import Learner, OptimizerConfig, UpdateConfig
from agents.policies.hf import HFPolicy
from agents.policies.tiny import build_tiny_policy
from agents.rl import RLPhase
from agents.rollout.codec import TextCodec
from agents.rollout.decode import DecodeEngine
from agents.rollout.engine import SamplingParams
from agents.seeds import indices_of_step
from agents.types import Trajectory
from reasonenv.rewards import rule
from reasonenv.types import MathReference, Score, ScoreStatus, Task
from reasonenv.vector import TextVectorEnv

TASKS = [
    Task(task_id=f"sum/{index}", prompt=prompt, reference=MathReference(answer="5"))
    for index, prompt in enumerate(["2+3=?", "1+4=?"])
]


@rule("codes")
def codes(task: Task[Any], response: str) -> float:
    return sum(map(ord, response)) % 7 / 7


@rule("half_broken")
def half_broken(task: Task[Any], response: str) -> float | Score:
    return Score.failed("down") if task.task_id == "sum/0" else codes(task, response)


@rule("broken")
def broken(task: Task[Any], response: str) -> Score:
    return Score.failed("down")


def phase(
    reward: Any = codes, *, num_prompts: int = 2, seed: int = 0, rows: list[Trajectory] | None = None, **changes: Any
) -> RLPhase:
    """Two-turn episodes of a tiny policy; `rows` collects the trajectories."""
    rollout = RolloutConfig(num_prompts=num_prompts, group_size=4, max_new_tokens=4)
    config = replace(RLConfig(num_steps=5, rollout=rollout), **changes)
    env = TextVectorEnv(
        num_prompts * 4, group_size=4, autoreset_mode="Disabled", tasks=TASKS, reward=reward, template="plain",
        max_turns=2, turn=lambda attempt: "Go on: " if len(attempt.messages) < 3 else None,
    )  # fmt: skip
    model, tokenizer = build_tiny_policy(seed=0)
    policy = HFPolicy(model, has_value_head="values" in config.algorithm.needs)
    learner = Learner(policy, OptimizerConfig(learning_rate=1e-3), num_optimizer_steps=5)
    record = (lambda _, trajectories: None) if rows is None else (lambda _, trajectories: rows.extend(trajectories))
    engine = DecodeEngine(model, tokenizer.pad_token_id)
    return RLPhase(config, env, engine, TextCodec(tokenizer), learner, seed, record)


def weights(policy: Any) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in policy.model.parameters()]).clone()


@pytest.mark.parametrize("algorithm", [GRPO(), GRPO(kl_coef=0.1), PPO(), PPO(kl_coef=0.1)])
def test_a_step_trains_on_what_it_sampled(algorithm: GRPO | PPO) -> None:
    rows: list[Trajectory] = []
    ours = phase(
        rows=rows, algorithm=algorithm, update=UpdateConfig(num_minibatches=2, max_tokens_per_microbatch=2 * 64)
    )
    before = weights(ours.learner.policy)
    metrics = ours.step(0)
    assert not torch.equal(before, weights(ours.learner.policy))
    assert metrics["train/grad_norm"] > 0
    assert metrics["rollout/tokens"] == sum(sum(row.loss_mask) for row in rows)


def test_multi_turn_episodes_are_trained_on() -> None:
    rows: list[Trajectory] = []
    phase(rows=rows).step(0)
    assert {len(row.responses) for row in rows} == {2}


def test_every_step_is_recorded_with_the_version_of_its_weights() -> None:
    rows: list[Trajectory] = []
    ours = phase(rows=rows)
    for step in range(3):
        ours.step(step)
    assert [row.weights_version for row in rows] == [0] * 8 + [1] * 8 + [2] * 8


def test_metrics_of_a_step_depend_on_seed_step_and_weights_alone() -> None:
    assert without_times(phase().step(3)) == without_times(phase().step(3))


def test_a_step_samples_and_shuffles_with_different_seeds_and_no_step_repeats_them() -> None:
    seeds: list[int] = []

    class RecordingLearner(Learner):
        def update(self, *arguments: Any, seed: int, **named: Any) -> dict[str, float]:
            seeds.append(seed)
            return super().update(*arguments, seed=seed, **named)

    class RecordingEngine(DecodeEngine):
        def generate(self, prompts: Any, params: SamplingParams, **named: Any) -> Any:
            seeds.append(params.seed)
            return super().generate(prompts, params, **named)

    ours = phase()
    learner = RecordingLearner(ours.learner.policy, OptimizerConfig(), num_optimizer_steps=5)
    engine = RecordingEngine(ours.engine.model, ours.engine.pad_token_id)
    seeds.clear()  # an engine tries itself first
    for run_seed in (0, 1):
        for step in range(3):
            replace(ours, learner=learner, engine=engine, seed=run_seed).step(step)
    assert len(seeds) == 2 * 3 * 3  # two turns and one update each
    assert len(set(seeds)) == len(seeds)


def test_samples_of_a_step_depend_on_seed_step_and_weights_alone() -> None:
    assert sampled_at(3) == sampled_at(3)
    assert sampled_at(3) != sampled_at(4)
    assert sampled_at(3) != sampled_at(3, seed=1)


def sampled_at(step: int, *, seed: int = 0) -> list[tuple[int, ...]]:
    rows: list[Trajectory] = []
    phase(rows=rows, seed=seed).step(step)
    return [row.token_ids for row in rows]


def without_times(metrics: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if not name.startswith("time/")}


def test_time_metrics_say_where_a_step_spent_it() -> None:
    metrics = phase().step(0)
    assert {name for name in metrics if name.startswith("time/")} == {
        "time/collect_seconds",
        "time/update_seconds",
        "time/tokens_per_second",
    }


def test_reference_is_renewed_at_its_interval() -> None:
    ours = phase(algorithm=GRPO(kl_coef=0.1), reference_every=2)
    anchors, starts = [], []
    for step in range(5):
        starts.append(weights(ours.learner.policy))
        ours.step(step)
        anchors.append(weights(ours.learner.reference))
    assert all(not torch.equal(first, second) for first, second in pairwise(starts))
    assert [next(i for i, start in enumerate(starts) if torch.equal(start, anchor)) for anchor in anchors] == [
        0,
        0,
        2,
        2,
        4,
    ]


def test_reference_stays_the_initial_policy_without_an_interval() -> None:
    ours = phase(algorithm=GRPO(kl_coef=0.1))
    initial = weights(ours.learner.policy)
    for step in range(3):
        ours.step(step)
    assert torch.equal(weights(ours.learner.reference), initial)


def test_no_reference_is_kept_for_an_algorithm_without_kl_penalty() -> None:
    ours = phase(reference_every=1)
    ours.step(0)
    assert ours.learner.reference is None


@pytest.mark.filterwarnings("ignore::reasonenv.rewards.UnscoredWarning")
def test_ungraded_groups_are_counted_and_the_others_are_trained_on() -> None:
    rows: list[Trajectory] = []
    ours = phase(half_broken, rows=rows)
    before = weights(ours.learner.policy)
    metrics = ours.step(0)
    assert metrics["rollout/grader_failed_share"] == 0.5
    assert math.isfinite(metrics["rollout/reward"])
    assert weights(ours.learner.policy).isfinite().all()
    assert not torch.equal(before, weights(ours.learner.policy))
    assert [row.reward_status for row in rows].count(ScoreStatus.GRADER_FAILED) == 4


@pytest.mark.parametrize("algorithm", [GRPO(), PPO(kl_coef=0.1)])
@pytest.mark.filterwarnings("ignore::reasonenv.rewards.UnscoredWarning")
def test_a_step_in_which_every_grader_failed_changes_no_weight(algorithm: GRPO | PPO) -> None:
    ours = phase(broken, algorithm=algorithm)
    before = weights(ours.learner.policy)
    metrics = ours.step(0)
    assert metrics["rollout/grader_failed_share"] == 1.0
    assert math.isnan(metrics["rollout/reward"])
    assert not any(name.startswith("train/") for name in metrics)
    assert torch.equal(before, weights(ours.learner.policy))


@pytest.mark.filterwarnings("ignore::reasonenv.rewards.UnscoredWarning")
def test_training_goes_on_after_a_step_in_which_every_grader_failed() -> None:
    ours = phase(half_broken, num_prompts=1)
    shares = [ours.step(step)["rollout/grader_failed_share"] for step in range(2)]
    assert sorted(shares) == [0.0, 1.0]
    assert ours.learner.num_steps_done == 1


@rule("constant")
def constant(task: Task[Any], response: str) -> float:
    return 0.5


@rule("first_task_only")
def first_task_only(task: Task[Any], response: str) -> float:
    return codes(task, response) if task.task_id == "sum/0" else 0.5


def dynamic(limit: int, *, rows: list[Trajectory] | None = None, seed: int = 0, **changes: Any) -> RLPhase:
    return phase(first_task_only, rows=rows, seed=seed, max_extra_collections=limit, **changes)


def test_dynamic_sampling_trains_on_as_many_groups_as_were_asked_for_and_reports_the_others() -> None:
    rows: list[Trajectory] = []
    metrics = dynamic(5, rows=rows).step(0)
    num_groups = len({row.group_id for row in rows})
    assert metrics["sampling/missing_groups"] == 0
    assert metrics["sampling/collections"] == num_groups / 2
    assert metrics["sampling/dropped_groups"] == sum(row.task_id == "sum/1" for row in rows) / 4
    assert metrics["sampling/dropped_groups"] + metrics["sampling/surplus_groups"] == num_groups - 2
    assert metrics["train/skipped_row_share"] == 0
    assert metrics["rollout/tokens"] == sum(sum(row.loss_mask) for row in rows)


def test_dynamic_sampling_repeats_itself_from_seed_step_and_weights_alone() -> None:
    steps = []
    for seed in (0, 0, 1):
        rows: list[Trajectory] = []
        ours = dynamic(2, rows=rows, seed=seed)
        metrics = ours.step(3)
        steps.append((without_times(metrics), [row.token_ids for row in rows], weights(ours.learner.policy).tolist()))
    assert steps[0] == steps[1]
    assert steps[0] != steps[2]


def test_no_collection_repeats_the_samples_of_another() -> None:
    rows: list[Trajectory] = []
    dynamic(3, rows=rows).step(0)
    sampled = [row.token_ids for row in rows if row.task_id == "sum/0"]
    assert len(set(sampled)) == len(sampled) > 4


def test_a_step_without_an_informative_group_takes_no_optimizer_step() -> None:
    ours = phase(constant, max_extra_collections=2)
    before = weights(ours.learner.policy)
    metrics = ours.step(0)
    assert metrics["sampling/collections"] == 3
    assert metrics["sampling/missing_groups"] == 2
    assert not any(name.startswith("train/") for name in metrics)
    assert torch.equal(before, weights(ours.learner.policy))


def test_truncated_responses_have_no_gradient_but_count_in_the_baseline() -> None:
    rows: list[Trajectory] = []
    ours = phase(rows=rows, mask_truncated=True, algorithm=GRPO(kl_coef=0.1))
    before = weights(ours.learner.policy)
    metrics = ours.step(0)
    assert metrics["rollout/stopped_share"] == 0
    assert metrics["train/grad_norm"] == 0
    assert torch.equal(before, weights(ours.learner.policy))


@given(st.integers(1, 7), st.integers(1, 12), st.integers(0, 5))
def test_each_epoch_holds_every_task_exactly_once(num_prompts: int, num_tasks: int, seed: int) -> None:
    num_epochs = 3
    num_steps = math.ceil(num_epochs * num_tasks / num_prompts)
    drawn = [index for step in range(num_steps) for index in indices_of_step(step, num_prompts, num_tasks, seed=seed)]
    for epoch in range(num_epochs):
        assert sorted(drawn[epoch * num_tasks : (epoch + 1) * num_tasks]) == list(range(num_tasks))


def test_a_step_may_ask_for_more_prompts_than_there_are_tasks() -> None:
    assert sorted(indices_of_step(0, 6, 2, seed=0)) == [0, 0, 0, 1, 1, 1]


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    orders = [indices_of_step(epoch, 50, 50, seed=seed) for epoch, seed in [(0, 0), (1, 0), (0, 1)]]
    assert len({tuple(order) for order in orders}) == 3
