"""Fields of a phase are flags under its name, whatever the phase is called and wherever it learns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.config import EnvConfig, RLConfig, RunConfig, SFTConfig
from agents.flags import configure, with_fields
from agents.recipes.quickstart import quickstart

RUN = RunConfig(
    name="run",
    phases=(
        SFTConfig(name="taught", num_steps=1),
        "before",
        RLConfig(num_steps=1),
        RLConfig(name="rl_2", num_steps=1, env=EnvConfig(tasks="gcd_lcm")),
    ),
)


def test_a_flag_changes_the_phase_of_its_name_alone() -> None:
    before, rl = RUN.phases[1:3]
    changed = with_fields(RUN, ["--rl-2.num-steps=5", "--taught.samples=a.jsonl", "--rl-2.start", "before"], "program")
    assert changed.phases[1:3] == (before, rl)
    assert changed.phases[0] == replace(RUN.training_phases[0], samples="a.jsonl")
    assert changed.phases[3] == replace(RUN.rl_phases[1], num_steps=5, start="before")
    assert type(changed) is RunConfig


def test_the_tasks_of_the_run_and_of_a_phase_have_flags_of_their_own() -> None:
    changed = with_fields(RUN, ["--tasks=chain_arithmetic", "--rl-2.env.tasks", "linear_equation"], "program")
    assert changed.env.tasks == "chain_arithmetic"
    assert changed.rl_phases[1].env == EnvConfig(tasks="linear_equation")


def test_another_algorithm_is_that_of_every_phase_of_reinforcement_learning() -> None:
    (rl,) = configure("train", "quickstart", ["--algorithm=ppo", "--rl.num-steps=3"]).rl_phases
    assert (type(rl.algorithm).__name__, rl.num_steps) == ("PPO", 3)


def test_help_lists_the_flags_of_every_phase(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        with_fields(quickstart(), ["--help"], "program")
    shown = capsys.readouterr().out
    for flag in ("--cold-start-1.num-steps", "--cold-start-2.start", "--control-1.batch-size", "--rl.keeps-optimizer"):
        assert flag in shown
    assert "--rl.name" not in shown
