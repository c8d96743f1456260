"""The stage table: a row for each measured checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from agents.pipeline.artefacts import Report, write_json
from agents.pipeline.stage import Context, Inputs, Outputs

__all__ = ["COLUMNS", "Tabulating", "stage_table", "table_row"]

_REASONING, _REQUESTS = "reasoning", "requests"
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "greedy": (_REASONING, "greedy", "pass@1"),
    "pass@1": (_REASONING, "sampled", "pass@1"),
    "cons@k": (_REASONING, "sampled", "cons@{k}"),
    "tokens": (_REASONING, "estimates", "tokens"),
    "reflections": (_REASONING, "estimates", "reflections"),
    "language": (_REASONING, "estimates", "language"),
    "form": (_REASONING, "estimates", "form"),
    "helpfulness": (_REQUESTS, "estimates", "reward/helpfulness"),
    "full answers": (_REQUESTS, "estimates", "truth/is_full/helpfulness"),
    "on topic": (_REQUESTS, "estimates", "truth/is_on_topic/helpfulness"),
    "safety": (_REQUESTS, "estimates", "reward/safety"),
    "refusals": (_REQUESTS, "estimates", "truth/is_refusal/safety"),
}
"""Heading → where the estimate is in the report of `Measuring`; columns that no row has are left out. Helpfulness and
safety are scores of reward models; full answers, on topic and refusals are a program's own judgement."""


@dataclass(frozen=True, kw_only=True)
class Tabulating:
    """A stage that puts the reports of `Measuring` together. Output: "report"."""

    name: str
    inputs: Mapping[str, str]
    """Row → its report."""

    def run(self, inputs: Inputs, context: Context) -> Outputs:
        """Write `table.json` and `table.md`."""
        rows = {name: table_row(inputs.report(name).content()) for name in self.inputs}
        write_json(context.folder / "table.json", rows)
        (context.folder / "table.md").write_text(_markdown(rows), encoding="utf-8")
        return {"report": Report(context.folder / "table.json")}


def table_row(report: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the estimates of a row, by heading; one that the report lacks is left out."""
    row: dict[str, dict[str, Any]] = {}
    for heading, (measure, part, name) in COLUMNS.items():
        found: Mapping[str, Any] = report.get(measure, {}).get(part, {})
        names = [key for key in found if key.startswith("cons@")] if "{k}" in name else [name]
        for key in names:
            if found.get(key) is not None and found[key]["value"] is not None:
                row[heading.replace("@k", key.removeprefix("cons")) if "{k}" in name else heading] = found[key]
    return row


def stage_table(rows: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Table:
    """Return the table for a terminal: estimates with their 95% intervals by problem."""
    table = Table(title="Held-out tasks, with 95% intervals by problem")
    table.add_column("stage")
    headings = _headings(rows)
    for heading in headings:
        table.add_column(heading)
    for name, row in rows.items():
        table.add_row(name, *(_cell(row.get(heading), separator="\n") for heading in headings))
    return table


def _headings(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    first = list(dict.fromkeys(heading for row in rows.values() for heading in row))
    order = [heading.partition("@")[0] for heading in COLUMNS]
    return sorted(first, key=lambda heading: order.index(heading.partition("@")[0]))


def _cell(estimate: Mapping[str, Any] | None, *, separator: str) -> str:
    if estimate is None:
        return ""
    interval = "" if estimate["low"] is None else f"{separator}[{_short(estimate['low'])}, {_short(estimate['high'])}]"
    return f"{_short(estimate['value'])}{interval}"


def _short(value: float) -> str:
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _markdown(rows: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    headings = _headings(rows)
    lines = [f"| stage | {' | '.join(headings)} |", f"|---|{'---|' * len(headings)}"]
    for name, row in rows.items():
        lines.append(f"| {name} | {' | '.join(_cell(row.get(heading), separator=' ') for heading in headings)} |")
    return "\n".join(lines) + "\n"
