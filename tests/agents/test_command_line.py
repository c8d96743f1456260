"""The command line from end to end: real tiny runs, and what people see when they get a word wrong."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_policies import save_tiny_policy
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, Qwen3MoeConfig, Qwen3MoeForCausalLM

from agents.__main__ import configure, main
from agents.algorithms import PPO
from agents.policies.tiny import build_tiny_tokenizer
from agents.recipes import RECIPES
from agents.rollout.engine_configs import DecodeEngineConfig, HFEngineConfig

COLD_START = [
    f"--{stage}.{name}"
    for stage in ("cold-start-1", "cold-start-2", "control-1")
    for name in ("num-steps=1", "batch-size=2")
]
EVALUATION = ["--evaluation.num-tasks=3", "--evaluation.max-new-tokens=4"]
RL = ["--rl.num-steps=2", "--rl.rollout.num-prompts=2", "--rl.rollout.group-size=2", "--rl.rollout.max-new-tokens=4"]
TINY = [*COLD_START, *EVALUATION, *RL]
SFT = ["--tasks=chain_arithmetic", "--num-steps=2", "--cold-start-1.batch-size=2", "--env.template=plain", *EVALUATION]


@pytest.fixture
def output(tmp_path: Path) -> list[str]:
    return [f"--output-dir={tmp_path / 'runs'}"]


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Checkpoint folders of three architectures with the tiny tokenizer."""
    folder, tokenizer = tmp_path_factory.mktemp("policies"), build_tiny_tokenizer()
    sizes: dict[str, Any] = {
        "vocab_size": len(tokenizer), "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8,
        "bos_token_id": None, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id,
    }  # fmt: skip
    experts = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 8}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        models = {
            "llama": LlamaForCausalLM(LlamaConfig(**sizes)),
            "qwen3_moe": Qwen3MoeForCausalLM(Qwen3MoeConfig(**sizes, **experts)),
        }
    for name, model in models.items():
        model.save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)
    save_tiny_policy(folder / "qwen3", seed=0)
    return {path.name: str(path) for path in folder.iterdir()}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agents", *arguments], cwd=cwd, capture_output=True, text=True, timeout=200, check=False
    )


def exit_status(arguments: list[str]) -> Any:
    """Of a call that may leave by `sys.exit`, as the interpreter's would be."""
    try:
        return main(arguments)
    except SystemExit as leaving:
        return leaving.code


def test_train_runs_a_recipe_to_its_end(tmp_path: Path) -> None:
    process = command("train", "quickstart", *TINY, cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    folder = tmp_path / "runs" / "quickstart"
    summary = json.loads((folder / "summary.json").read_text())
    assert [summary[name]["n"] for name in ("before", "control", "after")] == [3, 3, 3]
    assert "held-out accuracy" in process.stdout
    assert len(lines(folder / "rollouts.jsonl")) == 2 * 2 * 2
    assert AutoModelForCausalLM.from_pretrained(folder / "checkpoint") is not None


def test_sft_is_train_sft(output: list[str], tmp_path: Path) -> None:
    assert main(["sft", *SFT, *output]) == 0
    folder = tmp_path / "runs" / "sft"
    assert [row["phase"] for row in lines(folder / "metrics.jsonl")] == ["cold_start_1"] * 2
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["algorithm"] is None
    assert "after" not in summary


def test_eval_prints_the_accuracy_of_a_checkpoint_and_writes_nothing(
    policies: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["eval", "quickstart", "--policy.path", policies["qwen3"], *EVALUATION]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["n"] == 3
    assert list(tmp_path.iterdir()) == []


def test_eval_measures_what_the_run_reported(
    output: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["sft", *SFT, *output])
    reported = json.loads((tmp_path / "runs" / "sft" / "summary.json").read_text())["before"]
    capsys.readouterr()
    path = str(tmp_path / "runs" / "sft" / "checkpoint")
    main(["eval", "sft", "--policy.path", path, "--env.tasks=chain_arithmetic", "--env.template=plain", *EVALUATION])
    assert json.loads(capsys.readouterr().out) == reported


def test_damaged_weights_leave_an_earlier_run_where_it_is(
    policies: dict[str, str], output: list[str], tmp_path: Path
) -> None:
    main(["sft", *SFT, *output])
    broken = shutil.copytree(policies["llama"], tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"cut")
    assert main(["sft", *SFT, *output, f"--policy.path={broken}"]) == 2
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["sft"]


@pytest.mark.parametrize("name", ["llama", "qwen3_moe"])
def test_any_checkpoint_folder_can_be_trained(
    policies: dict[str, str], output: list[str], tmp_path: Path, name: str
) -> None:
    assert main(["train", "quickstart", "--policy.path", policies[name], *TINY, *output]) == 0
    folder = tmp_path / "runs" / "quickstart"
    trained = AutoModelForCausalLM.from_pretrained(folder / "checkpoint")
    assert trained.config.model_type == name
    untrained = AutoModelForCausalLM.from_pretrained(policies[name])
    weights, before = trained.get_output_embeddings().weight, untrained.get_output_embeddings().weight
    assert weights.isfinite().all()
    assert not torch.equal(weights, before)


def test_ppo_with_the_hugging_face_engine(output: list[str], tmp_path: Path) -> None:
    engines = ["--rl.rollout.engine=hf", "--evaluation.engine=hf"]
    assert main(["train", "quickstart", "--algorithm=ppo", *engines, *TINY, *output]) == 0
    rows = lines(tmp_path / "runs" / "quickstart" / "metrics.jsonl")
    assert "train/value_loss" in rows[-1]


def test_engines_lead_to_the_same_greedy_accuracy(policies: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    tokens = []
    for engine in ("hf", "decode"):
        main(["eval", "quickstart", f"--policy.path={policies['llama']}", f"--evaluation.engine={engine}", *EVALUATION])
        result = json.loads(capsys.readouterr().out)
        tokens.append((result["greedy"], result["response_tokens"]))
    assert tokens[0] == tokens[1]


def test_chat_template_is_a_flag(output: list[str]) -> None:
    assert main(["sft", "--env.use-chat-template", *SFT, *output]) == 0


def test_variables_of_the_chat_template_are_pairs_of_any_json_value() -> None:
    word = "enable_thinking=false,effort=high,budget=3"
    config = configure("train", "quickstart", [f"--env.chat-template-kwargs={word}", "--env.id=reasonenv/QA-v0"])
    assert config.env.chat_template_kwargs == {"enable_thinking": False, "effort": "high", "budget": 3}
    assert config.evaluation_env().chat_template_kwargs == config.env.chat_template_kwargs


def test_an_engine_may_be_given_settings_behind_its_name() -> None:
    engines = ["--rl.rollout.engine=decode,max_rows=64,max_cache_bytes=1000", "--evaluation.engine=hf,max_rows=8"]
    config = configure("train", "quickstart", engines)
    assert config.rl_phases[0].rollout.engine == DecodeEngineConfig(max_rows=64, max_cache_bytes=1000)
    assert config.evaluation.engine == HFEngineConfig(max_rows=8)
    assert configure("train", "quickstart", ["--evaluation.engine=own:Engine"]).evaluation.engine == "own:Engine"


def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path: Path) -> None:
    arguments = ["sft", "--tasks=chain_arithmetic", "--num-steps=100000", "--cold-start-1.batch-size=2", *EVALUATION]
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "agents", *arguments], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    metrics = tmp_path / "runs" / "sft" / "metrics.jsonl"
    while process.poll() is None and not (metrics.exists() and metrics.stat().st_size):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=100)
    assert process.returncode == 130
    assert f"Go on with: python -m agents train --resume {Path('runs') / 'sft'}" in errors
    assert "Traceback" not in errors
    assert (tmp_path / "runs" / "sft" / "checkpoint" / "state.json").exists()


def test_a_mistake_ends_the_process_with_status_two(tmp_path: Path) -> None:
    process = command("train", "quickstrat", cwd=tmp_path)
    assert (process.returncode, process.stdout) == (2, "")
    assert process.stderr.startswith("error: Unknown recipe")


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ([], ("train RECIPE", "eval RECIPE", "sft", *RECIPES)),
        (["-h"], ("train RECIPE", "eval RECIPE", "sft", *RECIPES)),
        (["train", "--help"], ("usage: python -m agents train", *RECIPES)),
        (["eval", "-h"], ("usage: python -m agents eval", *RECIPES)),
    ],
)
def test_help_lists_commands_and_recipes(
    arguments: list[str], names: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_status(arguments) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in names)


@pytest.mark.parametrize("arguments", [["train", "quickstart", "--help"], ["sft", "-h"], ["eval", "quickstart", "-h"]])
def test_help_of_a_recipe_lists_every_field(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_status(arguments) == 0
    shown = capsys.readouterr().out
    assert all(flag in shown for flag in ("--policy.path", "--env.tasks", "--evaluation.num-tasks", "--seed"))


@pytest.mark.parametrize("flags", [[], ["--model=some/model"], ["--policy.path", "some/model"], ["--algorithm=ppo"]])
def test_help_of_a_recipe_with_required_flags_lists_every_field_without_them(
    flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_status(["train", "r1_zero", *flags, "--help"]) == 0
    captured = capsys.readouterr()
    words = ("--model", "--policy.path", "--rl.reference-every", "--rl.algorithm.kl-coef", "--seed")
    assert [word for word in words if word not in captured.out] == []
    assert ("some/model" in captured.out) is ("some/model" in "".join(flags))
    assert captured.err == ""


def test_flags_of_the_recipe_come_first_and_fields_override_them() -> None:
    config = configure("train", "quickstart", ["--seed", "4", "--algorithm", "ppo", "--rl.algorithm.clip-high", "0.5"])
    assert config.seed == 4
    assert config.rl_phases[0].algorithm == PPO(clip_high=0.5)
