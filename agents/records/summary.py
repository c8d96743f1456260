"""The end of a run in one table: accuracy before, after a supervised control, and after reinforcement learning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from agents.config import RunConfig

__all__ = ["print_summary", "summarize"]

_TITLES = {"before": "before RL", "control": "control: more SFT", "after": "after RL"}


def summarize(
    config: RunConfig, results: Mapping[str, Mapping[str, Any]], seconds: Mapping[str, float]
) -> dict[str, Any]:
    """Return what `summary.json` holds: the evaluations, what is the same in all of them, and each phase's seconds."""
    shared = next(iter(results.values()))
    return {
        "name": config.name,
        "seed": config.seed,
        "algorithm": None if config.rl is None else type(config.rl.algorithm).__name__,
        "constant_answer_baseline": shared["constant_answer_baseline"],
        "num_tasks_also_trained_on": shared["num_tasks_also_trained_on"],
        **results,
        "seconds": {**seconds, "total": sum(seconds.values())},
    }


def print_summary(summary: Mapping[str, Any], console: Console) -> None:
    """Print the evaluations side by side, with 95% intervals."""
    titles = _TITLES if summary["algorithm"] else {**_TITLES, "before": "after SFT"}
    shown = {name: title for name, title in titles.items() if name in summary}
    results = [summary[name] for name in shown]
    num_seen = summary["num_tasks_also_trained_on"]
    method = summary["algorithm"] or "SFT"
    table = Table(
        title=f"{summary['name']} ({method}, seed {summary['seed']}): {'' if num_seen else 'held-out '}accuracy"
    )
    for heading in ("", *shown.values()):
        table.add_column(heading, justify="left" if heading == "" else "right")
    table.add_row("greedy", *(_rate(result["greedy"], result["greedy_interval"]) for result in results))
    for level in results[0]["greedy_by_difficulty"]:
        rates = [result["greedy_by_difficulty"][level]["greedy"] for result in results]
        table.add_row(f"  difficulty {level}", *map(_number, rates))
    table.add_row("sampled, T = 1", *(_rate(result["sampled"], result["sampled_interval"]) for result in results))
    table.add_row("greedy reward", *(_number(result["greedy_reward"]) for result in results))
    table.add_row("tasks", *(str(result["n"]) for result in results))
    table.add_row("response tokens", *(f"{result['response_tokens']:.1f}" for result in results))
    console.print(table)
    if num_seen:
        _say(console, f"NOT HELD OUT: {num_seen} of {results[0]['n']} evaluated tasks are also trained on.")
    _say(
        console,
        f"Always giving the most frequent answer scores {summary['constant_answer_baseline']:.3f}. "
        f"Training and evaluation took {summary['seconds']['total']:.0f} seconds.",
    )


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _rate(rate: float | None, interval: list[float]) -> str:
    return "-" if rate is None else f"{rate:.3f} [{interval[0]:.2f},{interval[1]:.2f}]"
