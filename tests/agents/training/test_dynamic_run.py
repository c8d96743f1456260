"""Whole runs with dynamic sampling: stopped anywhere, they go on to the same bits."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_train import RL, lines, outcome, small_run, start, stop_at

from agents.algorithms import GRPO, load_algorithm
from agents.config import EnvConfig, EvaluationConfig, RunConfig
from agents.records.run_config import read_config
from agents.train import train
from reasonenv.rewards import CompositeReward, load_reward, rule
from reasonenv.types import Task


@rule("parity")
def parity(task: Task[Any], response: str) -> float:
    """A reward that the four responses to one prompt often share."""
    return float(sum(map(ord, response)) % 5 == 0)


def reward() -> CompositeReward:
    accuracy = load_reward("accuracy").terms["accuracy"][0]
    return CompositeReward({"accuracy": (accuracy, 1.0), "parity": (parity, 1.0)})


def dynamic_run(folder: Path) -> RunConfig:
    algorithm = GRPO(top_entropy_share=0.5, entropy_coef=0.01, reduction="token_mean")
    return small_run(
        folder,
        cold_start=(),
        control=(),
        env=EnvConfig(tasks="chain_arithmetic", template="plain", reward="test_dynamic_run:reward"),
        evaluation=EvaluationConfig(num_tasks=2, max_new_tokens=4),
        rl=replace(RL, algorithm=algorithm, max_extra_collections=2, num_steps=5),
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    train(dynamic_run(folder))
    return folder / "small"


def test_the_run_drops_groups_and_makes_more_collections(finished: Path) -> None:
    rows = lines(finished / "metrics.jsonl")
    assert any(row["sampling/dropped_groups"] for row in rows)
    assert any(row["sampling/collections"] > 1 for row in rows)
    assert len(lines(finished / "rollouts.jsonl")) == sum(8 * row["sampling/collections"] for row in rows)


@pytest.mark.parametrize("num_rows", [1, 3])
def test_a_killed_run_with_dynamic_sampling_resumes_bit_for_bit(finished: Path, tmp_path: Path, num_rows: int) -> None:
    process = start(f"train(__import__('test_dynamic_run').dynamic_run(Path({str(tmp_path)!r})))")
    stop_at(process, tmp_path / "small", num_rows=num_rows, number=signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    train(dynamic_run(tmp_path), resume=True)
    assert outcome(tmp_path / "small") == outcome(finished)


@pytest.mark.parametrize("name", ["cispo", "dapo", "gspo"])
def test_a_run_of_any_algorithm_of_the_table_can_be_resumed_from_its_folder(tmp_path: Path, name: str) -> None:
    config = dynamic_run(tmp_path)
    config = config.with_phase(replace(config.rl_phases[0], algorithm=load_algorithm(name), num_steps=1))
    train(config)
    assert read_config(config.folder) == config
