"""Whole runs of a mixture of experts and of a critic of its own: killed anywhere, they go on to the same bits."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest
from test_train import RL, lines, outcome, small_run, start, stop_at
from tiny_policies import mixture

from agents.algorithms import GRPO, PPO
from agents.config import PolicyConfig, RunConfig
from agents.policies.tiny import build_tiny_tokenizer
from agents.train import train


def mixture_run(folder: Path, policy: Path, kind: str) -> RunConfig:
    """Return a run whose experts are balanced by biases and replayed, or one with a critic and a renewed reference."""
    if kind == "mixture":
        update = replace(RL.update, replay_routing="sampler", router_bias_rate=0.01, num_minibatches=2)
        rl = replace(RL, algorithm=GRPO(kl_coef=0.01, entropy_coef=0.1), update=update)
    else:
        rl = replace(RL, algorithm=PPO(kl_coef=0.01), critic="copy", reference_every=2)
    policy_config = PolicyConfig(path=str(policy), dtype="bfloat16")
    return small_run(folder, cold_start=(), control=(), rl=replace(rl, num_steps=5), policy=policy_config)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("policy")
    mixture("deepseek_v3", max_position_embeddings=512).save_pretrained(folder)
    build_tiny_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=["critic", "mixture"])
def finished(
    request: pytest.FixtureRequest, policy: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("finished")
    train(mixture_run(folder, policy, request.param))
    return request.param, folder / "small"


@pytest.mark.parametrize("num_rows", [1, 4])
def test_a_killed_run_resumes_bit_for_bit(
    finished: tuple[str, Path], policy: Path, tmp_path: Path, num_rows: int
) -> None:
    kind, expected = finished
    made = f"mixture_run(Path({str(tmp_path)!r}), Path({str(policy)!r}), {kind!r})"
    process = start(f"train(__import__('test_mixture_run').{made})")
    stop_at(process, tmp_path / "small", num_rows=num_rows, number=signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    train(mixture_run(tmp_path, policy, kind), resume=True)
    assert outcome(tmp_path / "small") == outcome(expected)


def test_the_runs_do_what_they_are_for(finished: tuple[str, Path]) -> None:
    kind, folder = finished
    names = {name for row in lines(folder / "metrics.jsonl") for name in row}
    wanted = {"critic": {"train/value_loss"}, "mixture": {"router/replay_agreement", "router/idle_share"}}
    assert wanted[kind] | {"train/kl_reference"} <= names
