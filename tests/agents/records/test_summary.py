"""What a person sees of a run: the bar while it trains and the table at its end."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from agents.algorithms import PPO
from agents.config import EnvConfig, EvaluationConfig, RLConfig, RunConfig
from agents.records.progress import phase_progress
from agents.records.summary import print_summary, summarize

CONFIG = RunConfig(
    name="demo",
    seed=3,
    env=EnvConfig(tasks="chain_arithmetic"),
    phases=("before", RLConfig(num_steps=1, algorithm=PPO()), "after"),
    evaluation=EvaluationConfig(num_tasks=50),
)


def result(rate: float | None) -> dict[str, Any]:
    return {
        "n": 50,
        "greedy": rate,
        "greedy_interval": [0.0, 1.0],
        "sampled": rate,
        "temperature": 1.0,
        "sampled_interval": [0.0, 1.0],
        "greedy_by_difficulty": {"1": {"greedy": rate, "n": 50, "interval": [0.0, 1.0]}},
        "greedy_reward": 1.5,
        "response_tokens": 12.5,
        "constant_answer_baseline": 0.25,
        "num_tasks_also_trained_on": 0,
    }


def printed(summary: dict[str, Any]) -> str:
    console = Console(file=io.StringIO(), width=160)
    print_summary(summary, console)
    return console.file.getvalue()


def test_summary_names_run_algorithm_baseline_and_total_seconds() -> None:
    summary = summarize(CONFIG, {"before": result(0.5)}, {"rl": 2.0, "before": 0.5})
    assert (summary["name"], summary["seed"], summary["algorithm"]) == ("demo", 3, "PPO")
    assert summary["seconds"] == {"rl": 2.0, "before": 0.5, "total": 2.5}
    assert (summary["constant_answer_baseline"], summary["num_tasks_also_trained_on"]) == (0.25, 0)
    assert summary["before"] == result(0.5)


def test_table_shows_evaluations_side_by_side() -> None:
    results = {"before": result(0.25), "control": result(0.5), "after": result(0.75)}
    shown = printed(summarize(CONFIG, results, {}))
    assert "demo (PPO, seed 3): held-out accuracy" in shown
    (greedy,) = [line for line in shown.splitlines() if "  difficulty 1" in line]
    assert greedy.index("0.250") < greedy.index("0.500") < greedy.index("0.750")
    assert "0.750 [0.00,1.00]" in shown


def test_table_shows_only_what_was_evaluated() -> None:
    shown = printed(summarize(CONFIG, {"before": result(0.25)}, {}))
    assert "before RL" in shown
    assert "after RL" not in shown


def test_table_shows_a_dash_where_nothing_was_graded() -> None:
    shown = printed(summarize(CONFIG, {"before": result(None)}, {}))
    assert "nan" not in shown
    assert "None" not in shown


def test_table_of_a_supervised_run_says_so() -> None:
    shown = printed(summarize(replace(CONFIG, phases=("before",)), {"before": result(0.25)}, {}))
    assert "demo (SFT, seed 3)" in shown
    assert "after SFT" in shown
    assert "None" not in shown
    assert "RL" not in shown


def test_accuracy_on_tasks_that_are_trained_on_is_not_called_held_out() -> None:
    shown = printed(summarize(CONFIG, {"before": {**result(0.25), "num_tasks_also_trained_on": 7}}, {}))
    assert "held-out accuracy" not in shown
    assert "NOT HELD OUT: 7 of 50 evaluated tasks are also trained on" in shown


class Clock:
    """Seconds that pass only when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def progress_lines(
    num_steps: int, metrics: dict[str, float], *, seconds: float = 0.0, is_terminal: bool = False
) -> list[str]:
    """What is shown of steps that take `seconds` each."""
    console, clock = Console(file=io.StringIO(), force_terminal=is_terminal, width=160), Clock()
    with phase_progress("rl", console=console, num_steps=num_steps, clock=clock) as shown:
        for step in range(num_steps):
            shown.step(step, metrics)
            clock.now += seconds
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_without_terminal_a_line_every_half_minute_is_printed_and_the_first_and_the_last_step() -> None:
    lines = progress_lines(100, {"train/loss": 0.5}, seconds=2.0)
    assert lines == [f"rl {step}/100  loss 0.500" for step in (1, 16, 31, 46, 61, 76, 91, 100)]


def test_without_terminal_slow_steps_have_a_line_each() -> None:
    assert len(progress_lines(5, {}, seconds=300.0)) == 5


def test_without_terminal_quick_steps_are_two_lines() -> None:
    assert progress_lines(1000, {}) == ["rl 1/1000", "rl 1000/1000"]


def evaluation_lines(*, is_terminal: bool) -> list[str]:
    console, clock = Console(file=io.StringIO(), force_terminal=is_terminal, width=160), Clock()
    with phase_progress("before", console=console, clock=clock) as shown:
        for done in range(0, 500, 50):
            shown.responses(done, 500)
            clock.now += 12.0
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_without_terminal_an_evaluation_says_every_half_minute_how_many_responses_are_there() -> None:
    assert evaluation_lines(is_terminal=False) == [
        f"before: evaluation, {done}/500 responses" for done in (0, 150, 300, 450)
    ]


def test_on_a_terminal_an_evaluation_has_a_bar() -> None:
    assert any("before: evaluation" in line for line in evaluation_lines(is_terminal=True))


def test_metrics_are_shown_in_their_own_units_and_the_others_are_left_out() -> None:
    metrics = {"rollout/reward": 1.5, "time/tokens_per_second": 12345.6, "train/clip_share": 0.1}
    assert progress_lines(1, metrics) == ["rl 1/1  reward 1.50  tokens/s 12,346"]


@pytest.mark.parametrize("is_terminal", [False, True])
def test_a_step_without_any_grade_can_be_shown(is_terminal: bool) -> None:
    assert any(
        "reward nan" in line for line in progress_lines(1, {"rollout/reward": math.nan}, is_terminal=is_terminal)
    )


def test_a_phase_without_steps_shows_nothing() -> None:
    assert progress_lines(0, {}) == []
