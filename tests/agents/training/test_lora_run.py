"""Runs that train adapters, from the cold start to the merged model."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from test_train import usual_phases
from tiny_policies import save_tiny_policy
from transformers import AutoModelForCausalLM

from agents.__main__ import main
from agents.algorithms import GRPO, PPO
from agents.building import load_policy
from agents.config import (
    EnvConfig,
    EvaluationConfig,
    LoRAConfig,
    PolicyConfig,
    RLConfig,
    RolloutConfig,
    RunConfig,
    SFTConfig,
)
from agents.errors import CheckpointError
from agents.learner import OptimizerConfig
from agents.train import train
from reasonenv.rewards import rule
from reasonenv.types import Task

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # in peft

OPTIMIZER = OptimizerConfig(learning_rate=1e-2)
STAGE = SFTConfig(num_steps=2, batch_size=4, optimizer=OPTIMIZER)


@rule("varied")
def varied(task: Task[Any], response: str) -> float:
    return sum(map(ord, response)) % 7 / 7


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    save_tiny_policy(folder, seed=0)
    return folder


def adapter_run(base: Path, folder: Path, num_steps: int = 6, control: tuple[SFTConfig, ...] = (STAGE,)) -> RunConfig:
    rl = RLConfig(
        num_steps=num_steps,
        algorithm=GRPO(kl_coef=0.1),
        rollout=RolloutConfig(num_prompts=2, group_size=4, max_new_tokens=6),
        optimizer=OPTIMIZER,
        reference_every=3,
    )
    return RunConfig(
        name="adapters",
        output_dir=folder,
        policy=PolicyConfig(path=str(base), num_threads=1, lora=LoRAConfig(rank=4)),
        env=EnvConfig(tasks="chain_arithmetic", template="plain", reward=varied),
        phases=usual_phases((STAGE,), control, rl),
        evaluation=EvaluationConfig(num_tasks=2, max_new_tokens=4),
        checkpoint_every=2,
        keep_checkpoints=2,
    )


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def outcome(folder: Path) -> tuple[Any, ...]:
    """Everything about a finished run that may not depend on when it was interrupted."""
    metrics = [{k: v for k, v in row.items() if not k.startswith("time/")} for row in lines(folder / "metrics.jsonl")]
    adapters = load_file(folder / "checkpoint" / "adapter_model.safetensors")
    return metrics, lines(folder / "rollouts.jsonl"), {k: tensor.numpy().tobytes() for k, tensor in adapters.items()}


@pytest.fixture(scope="module")
def finished(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    train(adapter_run(base, folder))
    return folder / "adapters"


def test_a_run_writes_the_adapters_and_not_the_model(finished: Path, base: Path) -> None:
    for folder in (finished / "starts" / "before", finished / "checkpoint"):
        assert not (folder / "model.safetensors").exists()
        config = json.loads((folder / "adapter_config.json").read_text())
        assert config["base_model_name_or_path"] == str(base.resolve())
    trained = load_file(finished / "checkpoint" / "adapter_model.safetensors")
    first = load_file(finished / "starts" / "before" / "adapter_model.safetensors")
    assert trained.keys() == first.keys()
    assert not any(torch.equal(trained[name], first[name]) for name in trained)


def test_the_reference_is_written_once_and_linked_until_it_is_renewed(finished: Path) -> None:
    references = {
        checkpoint.name: [file.name for file in checkpoint.glob("reference-*.pt")]
        for checkpoint in (finished / "checkpoints").iterdir()
    }
    assert len(references) == 2
    assert list(references.values()) == [["reference-rl-000003.pt"]] * 2
    (file,) = (finished / "checkpoint").glob("reference-*.pt")
    assert file.stat().st_nlink > 1
    assert "reference" not in torch.load(finished / "checkpoint" / "learner.pt")["learner"]


@pytest.mark.parametrize("algorithm", [GRPO(kl_coef=0.1), PPO(kl_coef=0.1)], ids=["grpo", "ppo"])
def test_a_resumed_run_is_the_run_that_was_never_stopped(base: Path, tmp_path: Path, algorithm: GRPO | PPO) -> None:
    def run(name: str, num_steps: int) -> RunConfig:
        config = adapter_run(base, tmp_path / name, num_steps, control=())
        return config.with_phase(replace(config.rl_phases[0], algorithm=algorithm))

    train(run("whole", 6))
    train(run("grown", 4))
    train(run("grown", 6), resume=True)
    assert outcome(tmp_path / "grown" / "adapters") == outcome(tmp_path / "whole" / "adapters")


@pytest.mark.slow
def test_a_killed_run_resumes_bit_for_bit(base: Path, finished: Path, tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from test_lora_run import adapter_run, train
train(adapter_run(Path({str(base)!r}), Path({str(tmp_path)!r})))
"""
    places = ":".join([str(Path(__file__).parent), *sys.path])
    process = subprocess.Popen([sys.executable, "-c", code], env={"PYTHONPATH": places}, stdout=subprocess.DEVNULL)
    metrics = tmp_path / "adapters" / "metrics.jsonl"
    deadline = time.monotonic() + 200
    while not metrics.exists() or len(metrics.read_text().splitlines()) < 9:  # 2 + 2 supervised steps, 5 of RL
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    train(adapter_run(base, tmp_path), resume=True)
    assert outcome(tmp_path / "adapters") == outcome(finished)


def test_adapters_of_another_rank_are_not_resumed(base: Path, finished: Path) -> None:
    config = adapter_run(base, finished.parent)
    other = replace(config, policy=replace(config.policy, lora=LoRAConfig(rank=8)))
    with pytest.raises(CheckpointError, match=r"policy.lora.rank was 4, now 8"):
        train(other, resume=True)


def test_a_checkpoint_of_adapters_is_evaluated_and_merged(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--evaluation.num-tasks", "2", "--evaluation.max-new-tokens", "4", "--policy.num-threads", "1"]
    assert main(["merge", str(finished / "checkpoint"), str(tmp_path / "merged")]) == 0
    capsys.readouterr()
    results: list[Any] = []
    for path in (finished / "checkpoint", tmp_path / "merged"):
        assert main(["eval", "quickstart", "--policy.path", str(path), *flags]) == 0
        results.append(json.loads(capsys.readouterr().out))
    assert results[0] == results[1]
    adapted = load_policy(PolicyConfig(path=str(finished / "checkpoint")), EnvConfig(), seed=0).model
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    ids = torch.tensor([[5, 9, 12, 30]])
    with torch.no_grad():
        torch.testing.assert_close(merged(ids).logits, adapted(ids).logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["merge", "{base}", "{new}"], "holds no adapters"),
        (["merge", "{adapters}", "{base}"], "exists already"),
    ],
)
def test_a_merge_that_cannot_be_is_one_sentence(
    words: list[str], message: str, base: Path, finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"base": base, "new": tmp_path / "new", "adapters": finished / "checkpoint"}
    assert main([word.format(**places) for word in words]) == 2
    assert message in capsys.readouterr().err


def test_flags_give_a_run_its_adapters(base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "quickstart", "--output-dir", str(tmp_path), "--policy.path", str(base)]
    assert main([*words, "--policy.lora.rank", "2", "--policy.lora.target-modules", "q_prj"]) == 2
    error = capsys.readouterr().err
    assert "Unknown policy.lora.target_modules 'q_prj' of Qwen3ForCausalLM. Did you mean 'q_proj'?" in error
    assert list(tmp_path.iterdir()) == []
