"""What an evaluation or a comparison shows, as JSON values and as tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reasonenv.errors import MissingExtraError
from reasonenv.evaluation.runs.baselines import chance_rate, constant_answer_rate
from reasonenv.evaluation.samples import Sample
from reasonenv.evaluation.summary import summary
from reasonenv.types import Task

try:
    from rich.console import Console
    from rich.table import Table
except ModuleNotFoundError as error:
    raise MissingExtraError("rich", "reasonenv[eval]") from error

__all__ = ["compared", "measured", "print_comparison", "print_measures"]

_COUNTS = {
    "num_grader_failures": "left out: the grader failed",
    "num_without_accuracy": "scored, but nothing says whether they are right",
    "num_unparsed": "without an answer that can be read",
    "num_truncated": "cut off at the most tokens",
    "num_refused": "refused",
}
"""Key of the summary → what its responses are."""
_LABELS = ("difficulty", "domain", "language")


def measured(samples: Sequence[Sample], tasks: Sequence[Task[Any]]) -> dict[str, Any]:
    """Return the summary of samples and what can be had without reading the tasks, as JSON values."""
    return {
        **summary(samples),
        "constant_answer": constant_answer_rate(tasks),
        "chance": chance_rate(tasks),
    }


def print_measures(measures: Mapping[str, Any], *, title: str, as_json: bool) -> None:
    """Print what was measured as tables, or as JSON."""
    if as_json:
        print(json.dumps(measures, indent=2, ensure_ascii=False))
        return
    console = Console()
    console.print(_overview(measures, title))
    for label in _LABELS:
        if len(groups := measures[f"by_{label}"]) > 1:
            console.print(_by_label(groups, label))


def _overview(measures: Mapping[str, Any], title: str) -> Table:
    table = _table(title, "", "value", "95% interval", "problems")
    for name, value in measures.items():
        if name.startswith(("pass@", "cons@")):
            table.add_row(name, *_cells(value))
    table.add_row("always the same answer", _number(measures["constant_answer"]), "", "")
    table.add_row("an answer by chance", _number(measures["chance"]), "", "")
    table.add_row("reward", _number(measures["reward"]), "", "")
    if len(measures["components"]) > 1:
        for name, value in measures["components"].items():
            table.add_row(f"  {name}", _number(value), "", "")
    table.add_section()
    table.add_row("responses", str(measures["num_samples"]), "", str(measures["num_problems"]))
    for name, meaning in _COUNTS.items():
        if measures[name]:
            table.add_row(f"  {meaning}", str(measures[name]), "", "")
    return table


def _by_label(groups: Mapping[str, Any], label: str) -> Table:
    table = _table("", label, "pass@1", "95% interval", "problems")
    for name, group in groups.items():
        table.add_row(name, *_cells(group["pass@1"]))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title or None, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right" if column in ("value", "pass@1", "problems") else "left")
    return table


def _cells(estimate: Mapping[str, Any]) -> tuple[str, str, str]:
    interval = "" if estimate["low"] is None else f"{estimate['low']:.3f} – {estimate['high']:.3f}"
    return _number(estimate["value"]), interval, str(estimate["num_problems"])


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
