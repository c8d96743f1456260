"""Runs with a second model: a teacher that grades tokens, or a critic of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer, Lfm2Config, Lfm2ForCausalLM

from agents.algorithms import GDPO, GRPO, PPO, RLOO, Distillation, MaxRL, ReinforcePP
from agents.building import build_rl_phase, load_policy
from agents.building.other_models import WholeRowsWarning
from agents.config import EnvConfig, EvaluationConfig, PolicyConfig, RLConfig, RolloutConfig, RunConfig
from agents.errors import ConfigError
from agents.learner import OptimizerConfig, UpdateConfig
from agents.memory import memory_parts
from agents.policies.tiny import build_tiny_policy, build_tiny_tokenizer
from agents.train import train
from reasonenv.rewards import rule
from reasonenv.types import Task


@pytest.fixture(scope="module")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A checkpoint of the same family with other weights."""
    folder = tmp_path_factory.mktemp("other")
    model, tokenizer = build_tiny_policy(seed=7)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def small_run(folder: Path, **changes: Any) -> RunConfig:
    rl = RLConfig(
        num_steps=4,
        rollout=RolloutConfig(num_prompts=2, group_size=4, max_new_tokens=6),
        optimizer=OptimizerConfig(learning_rate=1e-3),
    )
    return RunConfig(
        name="small",
        output_dir=folder,
        policy=PolicyConfig(num_threads=1),
        env=EnvConfig(tasks="chain_arithmetic", template="plain"),
        phases=("before", replace(rl, **changes), "after"),
        evaluation=EvaluationConfig(num_tasks=2, max_new_tokens=6),
        checkpoint_every=2,
    )


@rule("early_letters")
def early_letters(task: Task[Any], response: str) -> float:
    """The share of letters up to m: what a policy that has learned nothing yet gets different rewards for."""
    return sum(character < "n" for character in response) / max(1, len(response))


def metrics(config: RunConfig) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (config.folder / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in row.items() if not key.startswith("time/")} for row in rows]


def final_weights(config: RunConfig) -> dict[str, bytes]:
    return weights_of(config.folder / "checkpoint")


def weights_of(folder: Path) -> dict[str, bytes]:
    model = AutoModelForCausalLM.from_pretrained(folder)
    return {name: tensor.numpy().tobytes() for name, tensor in model.state_dict().items()}


def assert_interruption_leaves_no_trace(tmp_path: Path, **changes: Any) -> list[dict[str, Any]]:
    whole = small_run(tmp_path / "whole", **changes)
    train(whole)
    train(small_run(tmp_path / "parts", **{**changes, "num_steps": 2}))
    parts = small_run(tmp_path / "parts", **changes)
    train(parts, resume=True)
    assert metrics(parts) == metrics(whole)
    assert final_weights(parts) == final_weights(whole)
    return metrics(whole)


def test_a_student_comes_closer_to_its_teacher(tmp_path: Path, other_model: str) -> None:
    config = small_run(
        tmp_path,
        algorithm=Distillation(),
        teacher=other_model,
        num_steps=25,
        optimizer=OptimizerConfig(learning_rate=3e-3),
    )
    train(config)
    distances = [row["train/kl_teacher"] for row in metrics(config)]
    assert sum(distances[-5:]) < 0.8 * sum(distances[:5])


@pytest.mark.parametrize("critic", ["head", "copy", "model"])
def test_a_run_with_a_critic_goes_on_as_if_it_had_not_been_stopped(
    tmp_path: Path, other_model: str, critic: str
) -> None:
    critic = other_model if critic == "model" else critic
    algorithm = PPO(bootstraps_truncated=True, kl_coef=0.1, kl_in="reward")
    rows = assert_interruption_leaves_no_trace(tmp_path, algorithm=algorithm, critic=critic, num_value_steps=1)
    assert rows[0]["train/kl_behavior"] == pytest.approx(0, abs=1e-9)


def test_a_run_with_a_teacher_goes_on_as_if_it_had_not_been_stopped(tmp_path: Path, other_model: str) -> None:
    assert_interruption_leaves_no_trace(tmp_path, algorithm=Distillation(), teacher=other_model)


@pytest.fixture(scope="module")
def recurrent_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A checkpoint of the same tokens that keeps states in place of keys and values."""
    folder = tmp_path_factory.mktemp("recurrent")
    tokenizer = build_tiny_tokenizer()
    config = Lfm2Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        layer_types=["conv", "full_attention"],
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    for part in (Lfm2ForCausalLM(config), tokenizer):
        part.save_pretrained(folder)
    return str(folder)


def sampled_by_hf(config: RunConfig, path: str) -> RunConfig:
    (rl,) = config.rl_phases
    changed = replace(
        config, policy=replace(config.policy, path=path), evaluation=replace(config.evaluation, engine="hf")
    )
    return changed.with_phase(replace(rl, rollout=replace(rl.rollout, engine="hf")))


@pytest.mark.parametrize("role", ["policy", "teacher", "critic"])
def test_a_model_that_cannot_share_prompts_is_named_and_gives_the_same_run(
    tmp_path: Path, recurrent_model: str, role: str
) -> None:
    changes: dict[str, Any] = {"num_steps": 2, "algorithm": GRPO(entropy_coef=0.1)}
    if role != "policy":
        algorithm = Distillation() if role == "teacher" else PPO()
        changes = {"num_steps": 2, "algorithm": algorithm, role: recurrent_model}
    whole = small_run(tmp_path / "whole", **changes)
    shared = small_run(tmp_path / "shared", **changes, update=UpdateConfig(share_prompts=True))
    if role == "policy":
        whole, shared = (sampled_by_hf(config, recurrent_model) for config in (whole, shared))
    train(whole)
    with pytest.warns(
        WholeRowsWarning, match=rf"the {role}, Lfm2\w+, cannot share prompts .* computes whole rows"
    ) as said:
        train(shared)
    assert len([warning for warning in said if warning.category is WholeRowsWarning]) == 1
    for row, other in zip(metrics(shared), metrics(whole), strict=True):
        assert row.pop("phase") == other.pop("phase")
        assert row == pytest.approx(other, rel=1e-3, abs=1e-5)


def test_memory_names_the_teacher_and_counts_the_weights_of_a_critic_once(tmp_path: Path, other_model: str) -> None:
    def parts(**changes: Any) -> dict[str, int]:
        config = small_run(tmp_path, **changes)
        policy = load_policy(config.policy, config.env, seed=0)
        return memory_parts(
            build_rl_phase(config, config.rl_phases[0], policy, lambda *_: None).learner, has_reference=True
        )

    plain = parts()
    assert "teacher" not in plain
    assert parts(algorithm=Distillation(), teacher=other_model)["teacher"] == plain["weights (float32)"]
    with_critic = parts(algorithm=PPO(), critic="copy")
    assert with_critic["reference"] == plain["reference"]
    assert with_critic["weights (float32)"] > 1.9 * plain["weights (float32)"]


def test_the_policy_does_not_move_in_the_steps_of_the_critic(tmp_path: Path) -> None:
    config = small_run(tmp_path, algorithm=PPO(), num_value_steps=3)
    config = replace(config, env=replace(config.env, reward=early_letters), checkpoint_every=3, keep_checkpoints=2)
    train(config)
    model = load_policy(config.policy, config.env, seed=config.seed).model
    initial = {name: tensor.numpy().tobytes() for name, tensor in model.state_dict().items()}
    checkpoints = {path.name: weights_of(path) for path in (config.folder / "checkpoints").iterdir()}
    assert len(checkpoints) == 2
    assert [weights == initial for _, weights in sorted(checkpoints.items())] == [True, False]


def test_a_critic_starts_from_the_model_that_is_named(tmp_path: Path, other_model: str) -> None:
    config = small_run(tmp_path, algorithm=PPO(), critic=other_model)
    policy = load_policy(config.policy, config.env, seed=0)
    phase = build_rl_phase(config, config.rl_phases[0], policy, lambda step, trajectories: None)
    expected = AutoModelForCausalLM.from_pretrained(other_model).get_input_embeddings().weight
    assert phase.learner.policy.critic is not None
    assert phase.learner.policy.critic.get_input_embeddings().weight.equal(expected)  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"algorithm": Distillation()}, r"Distillation learns from a teacher: set rl\.teacher"),
        ({"algorithm": Distillation(), "teacher": "no/such/folder"}, r"'no/such/folder': there is no such folder"),
        ({"algorithm": PPO(), "critic": "no/such/folder"}, r"'no/such/folder': there is no such folder"),
    ],
)
def test_a_model_that_is_missing_is_found_before_anything_is_written(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        train(small_run(tmp_path, **changes))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["critic", "teacher"])
def test_a_model_of_other_tokens_is_refused(tmp_path: Path, other_model: str, name: str) -> None:
    folder = tmp_path / "shifted"
    AutoModelForCausalLM.from_pretrained(other_model).save_pretrained(folder)
    AutoTokenizer.from_pretrained(other_model).save_pretrained(folder)
    file = folder / "tokenizer.json"
    content = json.loads(file.read_text())
    vocabulary = content["model"]["vocab"]
    first, second = [token for token in vocabulary if len(token) == 1][:2]
    vocabulary[first], vocabulary[second] = vocabulary[second], vocabulary[first]
    file.write_text(json.dumps(content))
    algorithm = PPO() if name == "critic" else Distillation()
    with pytest.raises(
        ConfigError, match=rf"rl\.{name}='.*' must have the policy's tokens: .* Choose a model of the same"
    ):
        train(small_run(tmp_path / "run", algorithm=algorithm, **{name: str(folder)}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"algorithm": GRPO(), "teacher": "model"}, r"rl\.teacher='model', but GRPO has none"),
        ({"algorithm": GRPO(), "critic": "copy"}, r"rl\.critic='copy' .* of a critic, and GRPO has none"),
        ({"algorithm": GRPO(), "num_value_steps": 3}, r"rl\.num_value_steps=3 are of a critic, and GRPO has none"),
        ({"algorithm": PPO(bootstraps_truncated=True), "mask_truncated": True}, r"set one of them to False"),
        (
            {"algorithm": RLOO(), "rollout": RolloutConfig(group_size=1)},
            r"at least 2 for RLOO, got 1",
        ),
        ({"algorithm": MaxRL(), "rollout": RolloutConfig(group_size=1)}, r"at least 2 for MaxRL, got 1"),
        ({"algorithm": GDPO(), "rollout": RolloutConfig(group_size=1)}, r"at least 2 for GDPO, got 1"),
        (
            {"algorithm": ReinforcePP(baseline="group"), "rollout": RolloutConfig(group_size=1)},
            r"at least 2 for ReinforcePP, got 1",
        ),
        ({"algorithm": RLOO(), "max_extra_collections": 2}, r"max_extra_collections must be 0 for RLOO, got 2"),
        ({"algorithm": GDPO(), "max_extra_collections": 2}, r"max_extra_collections must be 0 for GDPO, got 2"),
        ({"algorithm": PPO(), "num_value_steps": -1}, r"num_value_steps must be at least 0, got -1"),
    ],
)
def test_settings_that_nothing_learns_from_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RLConfig(num_steps=1, **changes)
