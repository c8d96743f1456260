"""The end of a run in one table: accuracy before, after a supervised control, and after reinforcement learning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from agents.config import RunConfig
from agents.evaluate import constant_answer_rate
from reasonenv.tasksets import load_tasks

__all__ = ["print_summary", "summarize"]

_TITLES = {"before": "before RL", "control": "control: more SFT", "after": "after RL"}


def summarize(
    config: RunConfig, results: Mapping[str, Mapping[str, Any]], seconds: Mapping[str, float]
) -> dict[str, Any]:
    """Return what `summary.json` holds: the evaluations, the constant-answer baseline, and each phase's seconds."""
    tasks = load_tasks(config.env.tasks, split=config.evaluation.split)
    return {
        "name": config.name,
        "seed": config.seed,
        "algorithm": None if config.rl is None else type(config.rl.algorithm).__name__,
        "constant_answer_baseline": constant_answer_rate(tasks, config.evaluation.num_tasks),
        **results,
        "seconds": {**seconds, "total": sum(seconds.values())},
    }


def print_summary(summary: Mapping[str, Any], console: Console) -> None:
    """Print the evaluations side by side, with 95% intervals."""
    shown = {name: title for name, title in _TITLES.items() if name in summary}
    results = [summary[name] for name in shown]
    table = Table(title=f"{summary['name']} ({summary['algorithm']}, seed {summary['seed']}): held-out accuracy")
    for heading in ("", *shown.values()):
        table.add_column(heading, justify="left" if heading == "" else "right")
    table.add_row("greedy", *(_rate(result["greedy"], result["greedy_interval"]) for result in results))
    for level in results[0]["greedy_by_difficulty"]:
        rates = [result["greedy_by_difficulty"][level]["greedy"] for result in results]
        table.add_row(f"  difficulty {level}", *("-" if rate is None else f"{rate:.3f}" for rate in rates))
    table.add_row("sampled, T = 1", *(_rate(result["sampled"], result["sampled_interval"]) for result in results))
    table.add_row("tasks", *(str(result["n"]) for result in results))
    table.add_row("response tokens", *(f"{result['response_tokens']:.1f}" for result in results))
    console.print(table)
    console.print(
        f"Always giving the most frequent answer scores {summary['constant_answer_baseline']:.3f}. "
        f"Training and evaluation took {summary['seconds']['total']:.0f} seconds.",
        highlight=False,
        soft_wrap=True,
    )


def _rate(rate: float | None, interval: list[float]) -> str:
    return "-" if rate is None else f"{rate:.3f} [{interval[0]:.2f},{interval[1]:.2f}]"
