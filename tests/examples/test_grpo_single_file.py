"""The single file and the library: the same episodes, the same weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpo_single_file as example
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from agents.policies.tiny import build_tiny_policy
from agents.recipes.quickstart import quickstart
from agents.rollout.codec import TextCodec
from agents.train import train


def test_single_file_has_at_most_250_lines() -> None:
    assert len(Path(example.__file__).read_text(encoding="utf-8").splitlines()) <= 250


def largest_difference(model: Any, other: Any) -> float:
    others = other.state_dict()
    return max((weight - others[name]).abs().max().item() for name, weight in model.state_dict().items())


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A policy that the single file taught both ways of answering, so that its rewards differ."""
    folder = tmp_path_factory.mktemp("start")
    model, tokenizer = build_tiny_policy(seed=0)
    example.imitate(model.eval(), tokenizer, 150, 3e-3, is_terse=False, seed=1)
    example.imitate(model, tokenizer, 20, 1e-3, is_terse=True, seed=2)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.slow
def test_imitation_in_the_single_file_and_in_the_library_ends_with_the_same_weights(tmp_path: Path) -> None:
    config = replace(quickstart(), output_dir=tmp_path)
    phases = tuple(replace(phase, num_steps=20) for phase in config.training_phases[:2])
    train(replace(config, phases=phases))
    settings = example.Settings(num_worked_steps=20, num_terse_steps=20, num_rl_steps=0, num_test_tasks=1)
    model, _ = example.main(settings)
    assert largest_difference(model, AutoModelForCausalLM.from_pretrained(config.folder / "checkpoint")) < 1e-4


@pytest.mark.slow
def test_grpo_in_the_single_file_and_in_the_library_samples_the_same_and_ends_with_the_same_weights(
    start: Path, tmp_path: Path
) -> None:
    config = quickstart()
    config = replace(
        config,
        output_dir=tmp_path,
        policy=replace(config.policy, path=str(start)),
        phases=("before", replace(config.rl_phases[0], num_steps=4), "after"),
        evaluation=replace(config.evaluation, num_tasks=40, samples_per_task=1),
    )
    summary = train(config)
    settings = example.Settings(num_rl_steps=4, num_test_tasks=40)
    model, tokenizer = AutoModelForCausalLM.from_pretrained(start), AutoTokenizer.from_pretrained(start)
    assert example.greedy_accuracy(model, tokenizer, settings) == summary["before"]["greedy"]
    history = example.reinforce(model, tokenizer, settings)

    rollouts = [json.loads(line) for line in (config.folder / "rollouts.jsonl").read_text("utf-8").splitlines()]
    responses = [response for episodes in history for response in episodes.responses]
    codec = TextCodec(tokenizer)
    assert [codec.decode(tuple(response)) for response in responses] == [row["responses"][0] for row in rollouts]
    rewards = torch.cat([episodes.rewards_B for episodes in history])
    assert rewards.tolist() == [row["reward"] for row in rollouts]
    assert rewards.unique().numel() > 1  # or else nothing is learned
    learned = AutoModelForCausalLM.from_pretrained(config.folder / "checkpoint")
    assert largest_difference(model, learned) < 1e-5
    assert largest_difference(model, AutoModelForCausalLM.from_pretrained(start)) > 1e-4
    assert example.greedy_accuracy(model, tokenizer, settings) == summary["after"]["greedy"]
