"""Every id, and parts from outside the package, trained and evaluated from the command line: two steps each."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import pytest
from code_parts import sandbox_or_skip
from tiny_policies import save_tiny_policy

from agents.__main__ import main
from agents.algorithms import PPO
from agents.building import make_env
from agents.config import EnvConfig
from agents.errors import CheckpointError
from agents.evaluate import TrainingTasksWarning
from agents.flags import configure
from agents.records.run_config import read_config
from agents.train import train
from reasonenv.env import TextEnv
from reasonenv.registration import ENVIRONMENTS

TRAIN = ["train", "own_parts:recipe"]

OWN_PARTS = """
from dataclasses import dataclass, replace
import gymnasium
import torch
from agents.algorithms import GRPO
from agents.config import EvaluationConfig, RLConfig, RolloutConfig, RunConfig
from agents.learner import UpdateConfig
from agents.rollout.decode import DecodeEngine
from agents.types import LossOutput
from reasonenv.prompts import PromptTemplate
from reasonenv.rewards import rule
from reasonenv.tasksets import TaskList
from reasonenv.types import MathReference, Task

@rule("brevity")
def brevity(task, response):
    return 1.0 / (1 + len(response))

@rule("exact", is_correctness=True)
def exact(task, response):
    return float(task.reference.answer in response)

def sums(split):
    first = {"train": 0, "test": 50}[split]
    tasks = [
        Task(task_id=f"sums/{split}/{i}", prompt=f"{i}+1=?", reference=MathReference(answer=str(i + 1)))
        for i in range(first, first + 10)
    ]
    return TaskList("sums", split, tuple(tasks))

ask = PromptTemplate(
    name="ask",
    version=0,
    text_template="Q: {prompt} A:",
    message_templates=({"role": "user", "content": "{prompt}"},),
)

def once_more(attempt):
    return "Sure?" if len(attempt.messages) < 4 else None

@dataclass(frozen=True, kw_only=True)
class Reinforce:
    scale: float = 1.0
    needs = frozenset()

    def annotate(self, batch):
        return replace(batch, advantages_BT=(batch.rewards_B - batch.rewards_B.mean())[:, None] * batch.loss_mask_BT)

    def gradient_rows(self, batch):
        return torch.ones_like(batch.rewards_B, dtype=torch.bool)

    def loss(self, outputs, batch):
        terms = batch.advantages_BT * outputs.logprobs_BT * batch.loss_mask_BT
        total = -self.scale * terms.sum() / batch.totals.num_tokens
        return LossOutput(loss=total, metrics={"own_loss": total.detach()})

class Engine(DecodeEngine):
    num_made = 0

    def __init__(self, model, *, pad_token_id):
        super().__init__(model, pad_token_id)
        type(self).num_made += 1

def recipe():
    return RunConfig(
        name="own",
        phases=(
            "before",
            RLConfig(num_steps=2, rollout=RolloutConfig(num_prompts=2, group_size=2, max_new_tokens=4)),
            "after",
        ),
        evaluation=EvaluationConfig(num_tasks=2, max_new_tokens=4),
    )

gymnasium.register(
    "own/Sums-v0",
    entry_point="reasonenv.env:TextEnv",
    vector_entry_point="reasonenv.vector:TextVectorEnv",
    kwargs={"tasks": sums, "reward": exact, "template": ask},
)
"""


@pytest.fixture(scope="module", autouse=True)
def own_parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A module of a user's, in a folder that Python imports from."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "own_parts.py").write_text(OWN_PARTS, encoding="utf-8")
    sys.path.insert(0, str(folder))
    yield __import__("own_parts")
    sys.path.remove(str(folder))
    sys.modules.pop("own_parts")
    gymnasium.registry.pop("own/Sums-v0")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def trained(folder: Path, *arguments: str) -> tuple[list[dict[str, Any]], dict[str, Any], Any]:
    """Rollouts, summary and configuration of a run of the user's recipe."""
    assert main([*TRAIN, f"--output-dir={folder}", *arguments]) == 0
    run = folder / "own"
    return lines(run / "rollouts.jsonl"), json.loads((run / "summary.json").read_text()), read_config(run)


def needs(env_id: str) -> None:
    if env_id in ("reasonenv/Code-v0", "reasonenv/MathPython-v0", "reasonenv/Mixed-v0"):
        sandbox_or_skip()


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_an_id_trains_its_own_tasks_for_its_own_reward_with_its_own_turns(env_id: str, tmp_path: Path) -> None:
    needs(env_id)
    rows, summary, config = trained(tmp_path, f"--env.id={env_id}")
    env = gymnasium.make(env_id).unwrapped
    assert isinstance(env, TextEnv)
    assert len(rows) == 2 * 2 * 2
    for row in rows:
        task = env.tasks[env.tasks.index_of(row["task_id"])]
        assert row["prompt"] == env.template.text(task)
        conditions = env.reward.applies_to
        applying = {name for name in env.reward.terms if name not in conditions or conditions[name](task)}
        assert set(row["reward_components"]) == applying
        assert 1 <= len(row["responses"]) <= env.max_turns
    assert summary["num_tasks_also_trained_on"] == 0
    live = make_env(config.env, split="train", num_groups=1, group_size=1).envs[0]
    assert (type(live.turn), live.max_turns) == (type(env.turn), env.max_turns)


def test_another_id_drops_what_a_recipe_chose_for_its_own_and_keeps_what_the_flags_say() -> None:
    ours = configure("train", "quickstart", ["--env.id=reasonenv/QA-v0"])
    assert ours.env == EnvConfig(id="reasonenv/QA-v0")
    told = configure("train", "quickstart", ["--env.id=reasonenv/QA-v0", "--tasks=gcd_lcm", "--env.template=plain"])
    assert told.env == EnvConfig(id="reasonenv/QA-v0", tasks="gcd_lcm", template="plain")
    assert configure("train", "quickstart", ["--env.reward=format"]).env.tasks == "chain_arithmetic"


def test_parts_of_ones_own_are_trained_from_the_command_line(tmp_path: Path, own_parts: Any) -> None:
    made = own_parts.Engine.num_made
    rows, summary, config = trained(
        tmp_path,
        "--tasks=own_parts:sums",
        "--env.reward=own_parts:brevity=0.5,format=1",
        "--env.template=own_parts:ask",
        "--env.turn=own_parts:once_more",
        "--env.max-turns=2",
        "--algorithm=own_parts:Reinforce",
        "--rl.algorithm.scale=2",
        "--rl.rollout.engine=own_parts:Engine",
        "--evaluation.reward=own_parts:exact",
    )
    assert own_parts.Engine.num_made > made
    for row in rows:
        assert row["task_id"].startswith("sums/train/")
        assert row["prompt"].startswith("Q: ")
        assert set(row["reward_components"]) == {"brevity", "format"}
        assert len(row["responses"]) == 2
    assert summary["algorithm"] == "Reinforce"
    assert summary["before"]["greedy"] == 0.0
    assert config.rl_phases[0].algorithm == own_parts.Reinforce(scale=2.0)
    assert config.env.reward == {"own_parts:brevity": 0.5, "format": 1.0}
    metrics = lines(tmp_path / "own" / "metrics.jsonl")
    assert "train/own_loss" in metrics[-1]


def test_an_environment_of_ones_own_is_trained_by_its_id(tmp_path: Path) -> None:
    rows, summary, _ = trained(tmp_path, "--env.id=own_parts:own/Sums-v0")
    assert all(row["task_id"].startswith("sums/train/") and row["prompt"].startswith("Q: ") for row in rows)
    assert {name for row in rows for name in row["reward_components"]} == {"exact"}
    assert (summary["before"]["n"], summary["before"]["greedy"]) == (2, 0.0)


def test_a_reward_that_does_not_say_what_is_right_has_no_accuracy_in_the_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, summary, _ = trained(tmp_path, "--tasks=own_parts:sums", "--env.reward=own_parts:brevity")
    assert all(row["is_right"] is None for row in rows)
    assert (summary["after"]["greedy"], summary["after"]["num_without_accuracy"]) == (None, 4)
    assert summary["after"]["greedy_reward"] > 0
    assert [line.split()[-2] for line in capsys.readouterr().out.splitlines() if "sampled, T = 1" in line] == ["-"]


def test_evaluation_may_be_on_other_tasks_in_another_environment(tmp_path: Path) -> None:
    config = trained(tmp_path, "--evaluation.tasks=gcd_lcm")[2]
    assert config.evaluation_env() == replace(config.env, tasks="gcd_lcm", split="test")
    other = trained(tmp_path, "--evaluation.env-id=reasonenv/QA-v0", "--env.use-chat-template")[2]
    assert other.evaluation_env() == EnvConfig(id="reasonenv/QA-v0", split="test", use_chat_template=True)


def test_objects_are_trained_from_python_and_recorded_as_what_they_are(tmp_path: Path, own_parts: Any) -> None:
    tasks = [{"question": f"{number}+1=?", "answer": number + 1} for number in range(40)]
    own = own_parts.recipe()
    (rl,) = own.rl_phases
    config = replace(
        own,
        output_dir=tmp_path,
        env=EnvConfig(tasks=tasks, reward=own_parts.exact, template=own_parts.ask),
    ).with_phase(replace(rl, algorithm=own_parts.Reinforce(), rollout=replace(rl.rollout, engine=own_parts.Engine)))
    summary = train(config)
    assert summary["num_tasks_also_trained_on"] == 0
    written = json.loads((tmp_path / "own" / "config.json").read_text())
    assert written["env"]["tasks"] == {"not_importable": "list of 40"}
    assert written["env"]["reward"] == "own_parts:exact"
    assert written["phases"][1]["algorithm"] == {
        "class": "own_parts:Reinforce", "scale": 1.0
    }  # fmt: skip
    assert written["phases"][1]["rollout"]["engine"] == "own_parts:Engine"
    with pytest.raises(CheckpointError, match=r"env\.tasks was an object in memory \(list of 40\)"):
        read_config(tmp_path / "own")
    assert train(config, resume=True)["after"] == summary["after"]


def test_an_evaluation_on_training_tasks_is_loud_and_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.warns(TrainingTasksWarning, match="2 of the 2 tasks of the evaluation are also trained on"):
        _, summary, _ = trained(tmp_path, "--tasks=own_parts:sums", "--evaluation.split=train")
    assert summary["num_tasks_also_trained_on"] == summary["after"]["num_tasks_also_trained_on"] == 2
    assert "NOT HELD OUT: 2 of 2 evaluated tasks" in capsys.readouterr().out


def test_a_file_is_trained_and_evaluated_without_overlap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text("".join(f'{{"Frage": "{n}+1=?", "Antwort": {n + 1}}}\n' for n in range(50)), encoding="utf-8")
    columns = "--env.columns=prompt=Frage,answer=Antwort"
    rows, summary, _ = trained(tmp_path / "runs", f"--tasks={file}", columns, "--evaluation.num-tasks=500")
    assert summary["num_tasks_also_trained_on"] == 0
    assert 0 < summary["before"]["n"] < 25
    assert len(rows) == 8
    assert "mine.jsonl" in capsys.readouterr().out


def test_two_files_are_both_used_whole_and_the_folder_alone_resumes_them(tmp_path: Path) -> None:
    files = tmp_path / "mine.jsonl", tmp_path / "theirs.jsonl"
    for file, first in zip(files, (0, 100), strict=True):
        rows = "".join(f'{{"prompt": "{n}+1=?", "answer": {n + 1}}}\n' for n in range(first, first + 20))
        file.write_text(rows, encoding="utf-8")
    flags = (f"--tasks={files[0]}", f"--evaluation.tasks={files[1]}", "--evaluation.num-tasks=500")
    rows, summary, config = trained(tmp_path / "runs", *flags, "--rl.rollout.num-prompts=20")
    assert len({row["task_id"] for row in rows}) == summary["before"]["n"] == 20
    assert summary["num_tasks_also_trained_on"] == 0
    assert (config.env.split, config.evaluation.split, config.evaluation.tasks) == (None, None, str(files[1]))


def test_files_of_a_public_data_set_are_trained_and_evaluated_by_its_name(tmp_path: Path) -> None:
    for split, first in (("train", 0), ("test", 100)):
        rows = [{"question": f"{n}+1=?", "answer": f"One more.\n#### {n + 1}"} for n in range(first, first + 4)]
        (tmp_path / f"{split}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    flags = ("--env.data-set=gsm8k", "--evaluation.data-set=gsm8k", f"--evaluation.tasks={tmp_path / 'test.jsonl'}")
    rows, summary, _ = trained(tmp_path / "runs", f"--tasks={tmp_path / 'train.jsonl'}", *flags)
    assert all(int(row["reference"]["answer"]) <= 4 for row in rows)
    assert (summary["num_tasks_also_trained_on"], summary["before"]["n"]) == (0, 2)


def test_responses_of_an_evaluation_can_be_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "responses.jsonl"
    assert main(["eval", "own_parts:recipe", "--tasks=own_parts:sums", f"--responses={file}"]) == 0
    result = json.loads(capsys.readouterr().out)
    rows = lines(file)
    assert [row["sampling"] for row in rows] == ["greedy", "greedy", "sampled", "sampled"]
    assert sum(bool(row["is_right"]) for row in rows[:2]) == result["greedy"] * 2


def test_evaluating_alone_on_training_tasks_is_loud_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "own_parts:recipe", "--tasks=own_parts:sums", "--evaluation.split=train"]) == 0
    assert "NOT HELD OUT: 2 of 2 evaluated tasks" in capsys.readouterr().err


def test_r1_zero_is_evaluated_by_the_path_of_a_policy_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_tiny_policy(tmp_path / "policy", seed=0)
    flags = [
        "--policy.device=cpu",
        "--policy.dtype=float32",
        "--evaluation.num-tasks=2",
        "--evaluation.max-new-tokens=4",
    ]
    assert main(["eval", "r1_zero", f"--policy.path={tmp_path / 'policy'}", *flags]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 2


def test_any_recipe_takes_any_algorithm(own_parts: Any) -> None:
    zero = configure("train", "r1_zero", ["--model=m", "--algorithm=ppo", "--rl.algorithm.kl-coef=0.5"])
    assert zero.rl_phases[0].algorithm == PPO(kl_coef=0.5)
    own = configure("train", "quickstart", ["--algorithm=own_parts:Reinforce", "--rl.algorithm.scale=3"])
    assert own.rl_phases[0].algorithm == own_parts.Reinforce(scale=3.0)
