from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_policies import save_tiny_policy
from transformers import AutoModelForCausalLM, AutoTokenizer

from agents.algorithms import GRPO, PPO
from agents.building import (
    build_engine,
    build_rl_phase,
    build_sft_phase,
    check_parts,
    evaluate_policy,
    load_policy,
    make_env,
)
from agents.config import EnvConfig, EvaluationConfig, PolicyConfig, RLConfig, RolloutConfig, RunConfig, SFTConfig
from agents.errors import ConfigError
from agents.learner import UpdateConfig
from agents.policies.tiny import build_tiny_policy
from agents.rollout import ENGINES
from agents.seeds import derive_seed
from agents.sft import TaskExamples
from reasonenv.errors import ReasonEnvError, UnknownNameError
from reasonenv.tasksets import load_tasks

ENV = EnvConfig(tasks="chain_arithmetic", template="plain")
ROLLOUT = RolloutConfig(num_prompts=2, group_size=3, max_new_tokens=4)
SFT = SFTConfig(num_steps=2, batch_size=2)
RL = RLConfig(num_steps=3, rollout=ROLLOUT)
RUN = RunConfig(
    name="run",
    env=ENV,
    phases=(SFT, "before", RL, "after"),
    evaluation=EvaluationConfig(num_tasks=3, max_new_tokens=4),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("policy")
    save_tiny_policy(path, seed=5)
    return path


def damaged(folder: Path, tmp_path: Path, name: str, content: bytes | None) -> Path:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)
    return tmp_path


def test_without_a_path_the_tiny_policy_of_the_seed_is_built() -> None:
    model = load_policy(PolicyConfig(), ENV, seed=5).model
    expected, _ = build_tiny_policy(seed=derive_seed(5, "policy"))
    assert torch.equal(model.get_output_embeddings().weight, expected.get_output_embeddings().weight)
    assert not model.training


@pytest.mark.parametrize("is_argument", [True, False])
def test_a_path_loads_that_checkpoint(folder: Path, is_argument: bool) -> None:
    config = PolicyConfig() if is_argument else PolicyConfig(path=str(folder))
    loaded = load_policy(config, ENV, path=str(folder) if is_argument else None, seed=0)
    expected, tokenizer = build_tiny_policy(seed=5)
    assert torch.equal(loaded.model.get_output_embeddings().weight, expected.get_output_embeddings().weight)
    assert loaded.codec.encode("<think>5") == tuple(tokenizer.encode("<think>5"))


def test_chat_template_is_as_configured() -> None:
    assert load_policy(PolicyConfig(), replace(ENV, use_chat_template=True), seed=0).codec.use_chat_template


@pytest.mark.parametrize("is_saved", [False, True])
def test_weights_are_kept_in_full_where_they_are_trained_and_in_half_elsewhere(folder: Path, is_saved: bool) -> None:
    config = PolicyConfig(dtype="bfloat16", path=str(folder) if is_saved else None)
    trained = load_policy(config, ENV, seed=0).model
    assert {parameter.dtype for parameter in trained.parameters()} == {torch.float32}
    model = load_policy(config, ENV, seed=0, is_trained=False).model
    linear = {module.weight.dtype for module in model.modules() if isinstance(module, torch.nn.Linear)}
    assert linear == {torch.bfloat16, torch.float32}
    assert model.get_output_embeddings().weight.dtype == torch.float32, "it embeds as well"
    assert {buffer.dtype for buffer in model.buffers()} == {torch.float32}
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight


@pytest.mark.parametrize("source", ["/nowhere/at/all", "no-such-model-of-anyone", "not a name!"])
def test_a_policy_that_is_nowhere_is_named(source: str) -> None:
    with pytest.raises(ConfigError, match=f"No causal language model .* from '{source}'"):
        load_policy(PolicyConfig(path=source), ENV, seed=0)


@pytest.mark.parametrize(
    ("name", "content"),
    [("model.safetensors", None), ("model.safetensors", b"cut"), ("config.json", b"{"), ("config.json", b"{}")],
)
def test_a_damaged_checkpoint_folder_is_named(folder: Path, tmp_path: Path, name: str, content: bytes | None) -> None:
    path = str(damaged(folder, tmp_path, name, content))
    with pytest.raises(ConfigError, match=path):
        load_policy(PolicyConfig(path=path), ENV, seed=0)


@pytest.mark.parametrize("device", ["cuba", "cuda:99"])
def test_a_device_that_is_not_there_is_named(device: str) -> None:
    with pytest.raises(ConfigError, match=f"policy.device='{device}' cannot be used"):
        load_policy(PolicyConfig(device=device), ENV, seed=0)


def test_environment_has_the_configured_parts_in_waiting_groups() -> None:
    env = make_env(replace(ENV, reward="format"), split="test", num_groups=2, group_size=3)
    assert (env.num_envs, env.group_size, env.metadata["autoreset_mode"].value) == (6, 3, "Disabled")
    assert (env.tasks.split, env.envs[0].max_turns, set(env.reward.terms)) == ("test", 1, {"format"})
    _, infos = env.reset(options={"task_index": [0, 1]})
    assert infos["task_id"][0] == infos["task_id"][2] == load_tasks("chain_arithmetic", split="test")[0].task_id


@pytest.mark.parametrize("env_id", ["reasonenv/Maths-v0", "nowhere/Math-v0", "CartPole-v1", "FrozenLake-v1"])
def test_an_environment_that_is_not_ours_is_named(env_id: str) -> None:
    with pytest.raises(ConfigError, match=f"'{env_id}' cannot be made as a TextVectorEnv"):
        make_env(replace(ENV, id=env_id), split="train", num_groups=1, group_size=1)


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_shares_the_policys_own_weights(name: str) -> None:
    policy = load_policy(PolicyConfig(), ENV, seed=0)
    engine = build_engine(policy, name)
    engine.load_weights(policy.model.named_parameters(), version=4)
    assert engine.weights_version == 4


def test_an_unknown_engine_is_refused_with_the_closest_name() -> None:
    with pytest.raises(UnknownNameError, match=r"rollout engine 'decoder'\. Did you mean 'decode'"):
        build_engine(load_policy(PolicyConfig(), ENV, seed=0), "decoder")


def test_sft_phase_trains_on_the_train_split_with_its_own_optimizer() -> None:
    phase = build_sft_phase(RUN, SFT, load_policy(PolicyConfig(), ENV, seed=0))
    assert isinstance(phase.examples, TaskExamples)
    assert (phase.examples.tasks.split, phase.learner.num_optimizer_steps) == ("train", 2)
    assert phase.learner.config is SFT.optimizer


@pytest.mark.parametrize(("algorithm", "has_critic"), [(GRPO(), False), (PPO(), True)])
def test_rl_phase_has_a_critic_where_the_algorithm_needs_one(algorithm: GRPO | PPO, has_critic: bool) -> None:
    rl = replace(RL, algorithm=algorithm)
    phase = build_rl_phase(RUN.with_phase(rl), rl, load_policy(PolicyConfig(), ENV, seed=0), lambda *_: None)
    assert (phase.learner.policy.value_head is not None) is has_critic
    assert (phase.env.num_envs, phase.env.group_size, phase.env.tasks.split) == (6, 3, "train")


def test_rl_phase_plans_its_schedule_over_all_optimizer_steps() -> None:
    rl = replace(RL, update=UpdateConfig(num_epochs=2, num_minibatches=4))
    phase = build_rl_phase(RUN.with_phase(rl), rl, load_policy(PolicyConfig(), ENV, seed=0), lambda *_: None)
    assert phase.learner.num_optimizer_steps == 3 * 2 * 4


@pytest.mark.parametrize("engine", ENGINES)
def test_evaluation_uses_the_held_out_split_and_is_the_same_every_time(engine: str) -> None:
    config = replace(RUN, evaluation=EvaluationConfig(num_tasks=3, max_new_tokens=4, engine=engine))
    policy = load_policy(PolicyConfig(), ENV, seed=0)
    result = evaluate_policy(config, policy)
    assert result == evaluate_policy(config, policy)
    assert (result.n, result.greedy.num_graded) == (3, 3)


def test_evaluation_samples_with_a_seed_of_its_own_for_every_run_and_split(tmp_path: Path) -> None:
    """Both splits hold the same tasks and the reward goes by length, so what differs is what was sampled."""
    for split in ("train", "test"):
        (tmp_path / f"{split}.jsonl").write_text('{"prompt": "2+3=?", "answer": "5"}\n' * 4)
    policy = load_policy(PolicyConfig(), ENV, seed=0)

    def sampled(seed: int, split: str) -> float:
        evaluation = EvaluationConfig(num_tasks=4, samples_per_task=8, max_new_tokens=8, split=split)
        env = replace(ENV, tasks=str(tmp_path), reward="length")
        return evaluate_policy(replace(RUN, seed=seed, env=env, evaluation=evaluation), policy).sampled_reward

    results = [sampled(0, "test"), sampled(1, "test"), sampled(0, "train")]
    assert sampled(0, "test") == results[0]
    assert len(set(results)) == 3


def test_parts_that_are_all_there_pass() -> None:
    check_parts(RUN)


def test_an_evaluation_alone_needs_no_training_split() -> None:
    check_parts(replace(RUN, phases=("before",), evaluation=EvaluationConfig(split="test")))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"policy": PolicyConfig(path="/nowhere")}, "/nowhere"),
        ({"policy": PolicyConfig(device="cuba")}, "policy.device='cuba'"),
        ({"env": replace(ENV, id="reasonenv/Math-v99")}, "Math-v99"),
        ({"env": replace(ENV, tasks="chain_arithmetik")}, "Did you mean 'chain_arithmetic'"),
        ({"env": replace(ENV, template="plian")}, "Did you mean 'plain'"),
        ({"env": replace(ENV, reward="acuracy")}, "Did you mean 'accuracy'"),
        ({"env": replace(ENV, max_turns=0)}, "max_turns"),
        ({"evaluation": EvaluationConfig(split="tets")}, "Did you mean 'test'"),
        ({"evaluation": EvaluationConfig(engine="fh")}, "rollout engine 'fh'"),
        ({"phases": (replace(RL, rollout=replace(ROLLOUT, engine="fh")),)}, "rollout engine 'fh'"),
    ],
)
def test_a_part_that_is_not_there_is_named_before_anything_runs(changes: dict[str, Any], message: str) -> None:
    with pytest.raises((ReasonEnvError, ValueError), match=message):
        check_parts(replace(RUN, **changes))


def test_tasks_without_solutions_are_refused_for_imitation_but_not_for_rl(tmp_path: Path) -> None:
    for split, answer in (("train", 5), ("test", 6)):
        (tmp_path / f"{split}.jsonl").write_text(f'{{"prompt": "2+{answer - 2}=?", "answer": "{answer}"}}\n')
    config = replace(RUN, env=replace(ENV, tasks=str(tmp_path)))
    with pytest.raises(ConfigError, match="no worked solution"):
        check_parts(config)
    check_parts(config.with_phase(replace(SFT, worked_share=0.0)))
    check_parts(replace(config, phases=("before", RL)))


def test_a_checkpoint_folder_is_checked_without_its_weights(folder: Path, tmp_path: Path) -> None:
    check_parts(replace(RUN, policy=PolicyConfig(path=str(damaged(folder, tmp_path, "model.safetensors", None)))))


def test_a_tokenizer_without_chat_template_is_refused_where_one_is_asked_for(folder: Path, tmp_path: Path) -> None:
    path = damaged(folder, tmp_path, "chat_template.jinja", None)
    assert AutoModelForCausalLM.from_pretrained(path) is not None
    config = replace(RUN, policy=PolicyConfig(path=str(path)), env=replace(ENV, use_chat_template=True))
    with pytest.raises(ConfigError, match="no chat template"):
        check_parts(config)


def test_chat_template_that_cannot_be_followed_is_refused_before_several_turns_and_not_before_one(
    tmp_path: Path,
) -> None:
    save_tiny_policy(tmp_path, seed=0)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    tokenizer.chat_template = "{% for m in messages %}{{ messages | length }}{{ m['content'] }}<eos>{% endfor %}"
    tokenizer.save_pretrained(tmp_path)
    env = replace(ENV, use_chat_template=True)
    config = replace(RUN, policy=PolicyConfig(path=str(tmp_path)), env=env)
    check_parts(config)
    with pytest.raises(ConfigError, match="cannot be followed turn by turn"):
        check_parts(replace(config, env=replace(env, turn=lambda attempt: "Again", max_turns=2)))
