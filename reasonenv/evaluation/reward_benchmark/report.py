"""The report: a table in the terminal, a JSON file, and an HTML page.

The page carries plotly's JavaScript in itself, so that it can be mailed, archived and opened offline.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasonenv.errors import MissingExtraError
from reasonenv.evaluation.reward_benchmark.figures import COLORS, figures
from reasonenv.evaluation.reward_benchmark.results import BenchmarkResult, GraderResult, Rate, shortened
from reasonenv.evaluation.reward_benchmark.types import text_of

if TYPE_CHECKING:
    from rich.console import Console

_MAX_SHOWN_CHARS = 160
_TEMPLATE = "report.html.jinja"


def check_report_extra() -> None:
    """Raise `MissingExtraError`, before minutes of measuring, where a library of the report is not installed."""
    for package in ("jinja2", "plotly", "rich"):
        try:
            __import__(package)
        except ModuleNotFoundError as error:
            raise MissingExtraError(package, "reasonenv[report]") from error


def write_report(result: BenchmarkResult, folder: str | Path) -> tuple[Path, Path]:
    """Write `results.json` and `report.html` into a folder, which is made if needed, and return both paths.

    Raises:
        MissingExtraError: a library of the report is not installed.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    data, page = folder / "results.json", folder / "report.html"
    data.write_text(json.dumps(result.as_dict(), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    page.write_text(render_page(result), encoding="utf-8", errors="backslashreplace")
    return data, page


def render_page(result: BenchmarkResult) -> str:
    """Return the whole HTML page.

    Raises:
        MissingExtraError: a library of the report is not installed.
    """
    check_report_extra()
    from jinja2 import Environment, StrictUndefined
    from plotly.offline import get_plotlyjs

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(
        visible=visible, rate=_rate, interval=_interval, duration=_duration, speed=_speed, text=text_of
    )
    template = files(__package__ or "").joinpath(_TEMPLATE).read_text(encoding="utf-8")
    plots = figures(result)
    coloured = [(grader, COLORS[index % len(COLORS)]) for index, grader in enumerate(result.graders)]
    return environment.from_string(template).render(
        result=result,
        graders=coloured,
        plots=plots,
        figures_json=_script_json(plots),
        plotly_js=get_plotlyjs(),
        rewarded=_rewarded_by(result, "exploits_rewarded"),
        refused=_rewarded_by(result, "honest_refused"),
        policy=_rewarded_by(result, "policy_accepted"),
        kinds=kind_table(result),
        unpaid_kinds=_unpaid_kinds(result),
    )


def print_table(result: BenchmarkResult, console: Console) -> None:
    """Print the graders side by side, and then the types of cases and the kinds of exploits on which any of them errs.

    Raises:
        MissingExtraError: a library of the report is not installed.
    """
    check_report_extra()
    _print_rows("Reward functions", result, _summary_rows(result), console)
    types = result.graders[0].by_type
    errors = [(answer_type, *(_errors(grader, answer_type) for grader in result.graders)) for answer_type in types]
    errors = [row for row in errors if set(row[1:]) != {"-"}]
    if errors:
        _print_rows("Errors by type: wrong accepted, right refused", result, errors, console)
    kinds = [(kind, *cells) for kind, cells in kind_table(result).items() if set(cells) != {"-"}]
    if kinds:
        _print_rows("Exploits by kind: rewarded, honest look-alikes refused", result, kinds, console)


def _print_rows(title: str, result: BenchmarkResult, rows: Sequence[tuple[str, ...]], console: Console) -> None:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    table.add_column("")
    for grader in result.graders:
        table.add_column(grader.label, justify="right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _summary_rows(result: BenchmarkResult) -> list[tuple[str, ...]]:
    graders = result.graders
    return [
        ("precision", *(f"{_rate(g.overall.precision)} {_interval(g.overall.precision)}" for g in graders)),
        ("recall", *(f"{_rate(g.overall.recall)} {_interval(g.overall.recall)}" for g in graders)),
        ("exploits rewarded", *(f"{len(g.exploits_rewarded)} of {g.exploits_total}" for g in graders)),
        ("honest look-alikes refused", *(f"{len(g.honest_refused)} of {g.honest_total}" for g in graders)),
        ("hangs", *(str(len(g.hangs)) for g in graders)),
        ("exceptions", *(str(len(g.exceptions)) for g in graders)),
        ("deaths of the process", *(str(len(g.deaths)) for g in graders)),
        ("abstentions", *(str(g.num_abstained) for g in graders)),
        ("changed by order or batch", *(str(len(g.drift)) for g in graders)),
        ("lost in batches that stopped", *(str(g.num_lost_in_batches) for g in graders)),
        ("responses per second", *(_speed(g.responses_per_second) for g in graders)),
        ("latency, median", *(_duration(g.latency_p50_seconds) for g in graders)),
        ("latency, 99th percentile", *(_duration(g.latency_p99_seconds) for g in graders)),
        ("import", *(_duration(g.import_seconds) for g in graders)),
    ]


def _errors(grader: GraderResult, answer_type: str) -> str:
    confusion = grader.by_type[answer_type]
    wrong, right = confusion.false_positives, confusion.false_negatives
    return f"{wrong.num}/{wrong.total}  {right.num}/{right.total}" if wrong.num or right.num else "-"


def kind_table(result: BenchmarkResult) -> dict[str, list[str]]:
    """Return kind of exploit → for each grader how many were rewarded and how many look-alikes refused, or a dash."""
    totals = Counter((exploit.kind, exploit.expected) for exploit in result.exploits.values())
    paid, refused = (
        [Counter(result.exploits[name].kind for name in getattr(grader, field)) for grader in result.graders]
        for field in ("exploits_rewarded", "honest_refused")
    )
    return {
        kind: [
            f"{wrong[kind]}/{totals[kind, 0]}  {right[kind]}/{totals[kind, 1]}" if wrong[kind] or right[kind] else "-"
            for wrong, right in zip(paid, refused, strict=True)
        ]
        for kind in dict.fromkeys(exploit.kind for exploit in result.exploits.values())
    }


def _rewarded_by(result: BenchmarkResult, field: str) -> dict[str, list[bool]]:
    """Return id of an exploit → for each grader, whether it is in that list of the grader; only those in any."""
    lists = [set(getattr(grader, field)) for grader in result.graders]
    return {name: [name in ids for ids in lists] for name in result.exploits if any(name in ids for ids in lists)}


def _unpaid_kinds(result: BenchmarkResult) -> list[str]:
    """Return the kinds of exploits of which no grader rewarded any, each with its number."""
    kinds = Counter(exploit.kind for exploit in result.exploits.values() if exploit.expected == 0)
    paid = {result.exploits[name].kind for grader in result.graders for name in grader.exploits_rewarded}
    return [f"{kind} ({number})" for kind, number in kinds.items() if kind not in paid]


def visible(text: str, max_chars: int = _MAX_SHOWN_CHARS) -> str:
    r"""Cut a text in the middle and write characters that nobody sees as escapes.

    >>> visible("a\u200bb")
    'a\\u200bb'
    """
    return "".join(
        character if _is_visible(character) else _escape(character) for character in shortened(text, max_chars)
    )


def _is_visible(character: str) -> bool:
    return character == " " or unicodedata.category(character)[0] in "LNPS"


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def _rate(rate: Rate) -> str:
    """Return a share in per cent, or a dash where there were no trials."""
    return "-" if math.isnan(rate.value) else f"{rate.value:.1%}"


def _interval(rate: Rate) -> str:
    return "" if math.isnan(rate.value) else f"[{100 * rate.low:.1f}, {100 * rate.high:.1f}]"


def _speed(rate: float) -> str:
    return "-" if math.isnan(rate) else f"{rate:,.0f}"


def _duration(seconds: float) -> str:
    """Return a duration in the unit that suits it.

    >>> _duration(0.00217), _duration(1.5)
    ('2.17 ms', '1.50 s')
    """
    if math.isnan(seconds):
        return "-"
    for scale, unit in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}" if seconds / scale >= 10 else f"{seconds / scale:.2f} {unit}"
    return f"{seconds * 1e6:.0f} µs"


def _script_json(value: Mapping[str, Any] | Sequence[Any]) -> str:
    """Return JSON that may stand in a script element, whatever the names in it say."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c").replace("&", "\\u0026")
