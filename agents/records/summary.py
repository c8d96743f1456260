"""The end of a run in one table: the accuracies of its evaluations side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from agents.config import RunConfig

__all__ = ["print_summary", "summarize"]

_TITLES = {"before": "before RL", "control": "control: more SFT", "after": "after RL"}


def summarize(
    config: RunConfig, results: Mapping[str, Mapping[str, Any]], seconds: Mapping[str, float]
) -> dict[str, Any]:
    """Return what `summary.json` holds: the evaluations, what is the same in all of them, and each phase's seconds.

    What is not the same in all of them is None.
    """
    algorithms = dict.fromkeys(type(phase.algorithm).__name__ for phase in config.rl_phases)
    shared = {
        name: next(iter(values)) if len(values := {result[name] for result in results.values()}) == 1 else None
        for name in ("constant_answer_baseline", "num_tasks_also_trained_on")
    }
    return {
        "name": config.name,
        "seed": config.seed,
        "algorithm": ", ".join(algorithms) or None,
        **shared,
        **results,
        "seconds": {**seconds, "total": sum(seconds.values())},
    }


def print_summary(summary: Mapping[str, Any], console: Console) -> None:
    """Print the evaluations side by side, with 95% intervals."""
    results = {name: value for name, value in summary.items() if isinstance(value, Mapping) and name != "seconds"}
    if results:
        _print_results(summary, results, console)
    _say(console, f"Training and evaluation took {summary['seconds']['total']:.0f} seconds.")


def _print_results(summary: Mapping[str, Any], results: Mapping[str, Any], console: Console) -> None:
    titles = _TITLES if summary["algorithm"] else {**_TITLES, "before": "after SFT"}
    seen = dict.fromkeys((result["num_tasks_also_trained_on"], result["n"]) for result in results.values())
    method = summary["algorithm"] or "SFT"
    kind = "" if any(number for number, _ in seen) else "held-out "
    table = Table(title=f"{summary['name']} ({method}, seed {summary['seed']}): {kind}accuracy")
    for heading in ("", *(titles.get(name, name) for name in results)):
        table.add_column(heading, justify="left" if heading == "" else "right")

    def add(title: str, shown: Callable[[Any], str]) -> None:
        table.add_row(title, *(shown(result) for result in results.values()))

    add("greedy", lambda result: _rate(result["greedy"], result["greedy_interval"]))
    for level in dict.fromkeys(level for result in results.values() for level in result["greedy_by_difficulty"]):
        add(f"  difficulty {level}", lambda result, level=level: _greedy_at(result, level))
    temperatures = dict.fromkeys(f"{result['temperature']:g}" for result in results.values())
    add(f"sampled, T = {', '.join(temperatures)}", lambda result: _rate(result["sampled"], result["sampled_interval"]))
    add("greedy reward", lambda result: _number(result["greedy_reward"]))
    add("tasks", lambda result: str(result["n"]))
    add("response tokens", lambda result: f"{result['response_tokens']:.1f}")
    add("constant answer", lambda result: _number(result["constant_answer_baseline"]))
    console.print(table)
    for number, num_tasks in seen:
        if number:
            _say(console, f"NOT HELD OUT: {number} of {num_tasks} evaluated tasks are also trained on.")


def _greedy_at(result: Mapping[str, Any], level: str) -> str:
    accuracy = result["greedy_by_difficulty"].get(level)
    return "-" if accuracy is None else _number(accuracy["greedy"])


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _rate(rate: float | None, interval: list[float]) -> str:
    return "-" if rate is None else f"{rate:.3f} [{interval[0]:.2f},{interval[1]:.2f}]"
