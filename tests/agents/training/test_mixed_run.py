"""Learning in the mixture of all domains, and noticing when a neural model misleads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agents.config import EnvConfig, EvaluationConfig, PolicyConfig, RLConfig, RolloutConfig, RunConfig
from agents.learner import OptimizerConfig
from agents.records.reward_hacking import RewardHackingWarning
from agents.train import train
from reasonenv.rewards import PRESETS, CompositeReward, rule
from reasonenv.rewards.neural import NeuralReward


def run(folder: Path, env: EnvConfig, *, num_steps: int, num_prompts: int, learning_rate: float = 1e-3) -> RunConfig:
    return RunConfig(
        name="run",
        output_dir=folder,
        policy=PolicyConfig(num_threads=1),
        env=env,
        phases=(
            "before",
            RLConfig(
                num_steps=num_steps,
                rollout=RolloutConfig(num_prompts=num_prompts, group_size=4, max_new_tokens=12),
                optimizer=OptimizerConfig(learning_rate=learning_rate),
            ),
            "after",
        ),
        evaluation=EvaluationConfig(num_tasks=4, max_new_tokens=6),
        checkpoint_every=1000,
    )


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_rules_and_neural_models_reward_their_own_tasks_and_are_logged_by_domain(tmp_path: Path) -> None:
    env = EnvConfig(id="reasonenv/Mixed-v0", tasks="procedural_mixed", reward="r1_all_scenarios")
    train(run(tmp_path, env, num_steps=2, num_prompts=24))
    trajectories = rows(tmp_path / "run/rollouts.jsonl")
    kinds = {"accuracy", "code_all_passed", "qa", "helpfulness", "safety"}
    seen = [kinds & trajectory["reward_components"].keys() for trajectory in trajectories]
    assert all(len(own) == 1 for own in seen)
    assert set().union(*seen) == kinds
    assert all(
        {"format", "language_consistency"} <= trajectory["reward_components"].keys() for trajectory in trajectories
    )
    step = rows(tmp_path / "run/metrics.jsonl")[0]
    assert step["domain/open requests/reward"] is not None
    assert not any(name.startswith("domain/open requests/accuracy") for name in step)
    assert step["rollout/grader_failed_share"] == 0


class Flattered:
    """A reward model that likes long responses, whatever they say."""

    def score(self, prompts: list[str], responses: list[str]) -> list[float]:
        return [float(len(response)) for response in responses]


@rule("brevity")
def brevity(task: Any, response: str) -> float:
    return -float(len(response))


def flattery() -> CompositeReward:
    return CompositeReward({"flattered": (NeuralReward("flattered", Flattered), 1.0), "brevity": (brevity, 0.1)})


def test_policy_that_learns_to_please_a_model_at_the_cost_of_a_rule_raises_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PRESETS, "flattery", f"{__name__}:flattery")
    env = EnvConfig(tasks="chain_arithmetic", reward="flattery", template="plain")
    with pytest.warns(RewardHackingWarning, match=r"rollout/flattered went \+.* while rollout/brevity went -"):
        train(run(tmp_path, env, num_steps=45, num_prompts=4, learning_rate=3e-3))
