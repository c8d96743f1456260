"""What an evaluation or a comparison shows, as JSON values and as tables."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from reasonenv.errors import TaskDataError
from reasonenv.evaluation.accuracy import mean_rate, pass_rates
from reasonenv.evaluation.baselines import constant_answer_rate, random_choice_rate
from reasonenv.evaluation.comparison import compare
from reasonenv.evaluation.contamination import NgramIndex, words_for_overlap
from reasonenv.evaluation.samples import Sample
from reasonenv.evaluation.summary import summary
from reasonenv.tasksets.rows import FILE_SUFFIXES, file_rows
from reasonenv.types import MathReference, QAReference, Task

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

__all__ = ["compared", "contaminated_tasks", "measured", "print_comparison", "print_measures"]

_COUNTS = {
    "num_grader_failures": "left out: the grader failed",
    "num_without_accuracy": "scored, but nothing says whether they are right",
    "num_unparsed": "without an answer that can be read",
    "num_truncated": "cut off at the most tokens",
    "num_refused": "refused",
}
"""Key of the summary → what its responses are."""
_LABELS = ("difficulty", "domain", "language")


def measured(
    samples: Sequence[Sample], tasks: Sequence[Task[Any]], *, contaminated: Collection[str] | None = None
) -> dict[str, Any]:
    """Return the summary of samples, and what a policy that reads no task would have, as JSON values.

    Args:
        samples: of one evaluation.
        tasks: which it asked.
        contaminated: the ids of those that the policy was trained on (`contaminated_tasks`), where that is known.
    """
    references = [task.reference for task in tasks if isinstance(task.reference, MathReference | QAReference)]
    has_answers = any(reference.answer for reference in references)
    measures = {
        **summary(samples),
        "constant_answer": constant_answer_rate(tasks) if has_answers else None,
        "random_choice": random_choice_rate(tasks),
    }
    if contaminated is None:
        return measures
    clean = [sample for sample in samples if sample.task_id not in contaminated]
    return measures | {
        "contamination": {
            "num_tasks": len(contaminated),
            "task_ids": sorted(contaminated),
            "pass@1 of the others": mean_rate(pass_rates(clean)).as_dict(),
        }
    }


def contaminated_tasks(tasks: Sequence[Task[Any]], path: Path) -> set[str]:
    """Return the ids of the tasks that have ten words in a row of a file of what was trained on.

    Args:
        tasks: whose words are held in memory.
        path: a table, of which each text in each row counts, or a text file. Little is held at once of JSON lines, CSV,
            parquet and text, which may be larger than memory.

    Raises:
        TaskDataError: the file cannot be read.
    """
    index = NgramIndex({task.task_id: task.prompt for task in tasks})
    is_table = path.name.endswith(FILE_SUFFIXES)
    texts = (text for row in file_rows(path) for text in _texts(row.cells)) if is_table else _lines(path, index)
    return index.documents_in(texts)


def _lines(path: Path, index: NgramIndex) -> Iterator[str]:
    """Yield each line alone, as a short problem is found, and with the words before it, as one of several lines is."""
    before = ""
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                yield line
                words = words_for_overlap(f"{before} {line}")
                if before:
                    yield f"{before} {line}"
                before = " ".join(words[1 - index.ngram_size :])
    except (OSError, UnicodeDecodeError) as error:
        raise TaskDataError(f"{path} cannot be read as text: {error}") from error


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from chain.from_iterable(map(_texts, cast("Mapping[str, object]", value).values()))
    elif isinstance(value, list | tuple):
        yield from chain.from_iterable(map(_texts, cast("Sequence[object]", value)))


def compared(first: Sequence[Sample], second: Sequence[Sample]) -> dict[str, Any]:
    """Return pass@1 of two evaluations and their difference, problem by problem, as JSON values.

    Raises:
        ValueError: they have no problem in common, or a task of one name asks something else.
    """
    paired = compare(first, second)
    if not paired.num_problems:
        raise ValueError("The two evaluations have no graded problem in common: there is nothing to compare.")
    return {
        "first": mean_rate(pass_rates(first)).as_dict(),
        "second": mean_rate(pass_rates(second)).as_dict(),
        "paired": paired.as_dict(),
    }


def print_comparison(comparison: Mapping[str, Any], first: Path, second: Path, *, as_json: bool) -> None:
    """Print a comparison as a table, or as JSON."""
    if as_json:
        print(json.dumps(comparison, indent=2, ensure_ascii=False))
        return
    from rich.console import Console

    table = _table("", "", "pass@1", "95% interval", "problems")
    for path, estimate in ((first, comparison["first"]), (second, comparison["second"])):
        table.add_row(_plain(path), *_cells(estimate))
    paired = comparison["paired"]
    table.add_section()
    interval = "" if paired["low"] is None else f"{paired['low']:+.3f} to {paired['high']:+.3f}"
    table.add_row("second − first", f"{paired['difference']:+.3f}", interval, str(paired["num_problems"]))
    table.add_row("  better in", "", "", str(paired["num_better"]))
    table.add_row("  worse in", "", "", str(paired["num_worse"]))
    if paired["num_unpaired"]:
        table.add_row("  only in one of them", "", "", str(paired["num_unpaired"]))
    if paired["p_value"] is not None:
        table.add_row("  McNemar's p", _number(paired["p_value"]), "", "")
    Console().print(table)


def print_measures(measures: Mapping[str, Any], *, title: str, as_json: bool) -> None:
    """Print what was measured as tables, or as JSON."""
    if as_json:
        print(json.dumps(measures, indent=2, ensure_ascii=False))
        return
    from rich.console import Console

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
    for name, meaning in {"constant_answer": "always the same answer", "random_choice": "an option by chance"}.items():
        if measures[name] is not None:
            table.add_row(meaning, _number(measures[name]), "", "")
    table.add_row("reward", _number(measures["reward"]), "", "")
    if len(measures["components"]) > 1:
        for name, value in measures["components"].items():
            table.add_row(_plain(f"  {name}"), _number(value), "", "")
    if (contamination := measures.get("contamination")) is not None:
        table.add_row("pass@1 of what was not trained on", *_cells(contamination["pass@1 of the others"]))
        table.add_row("  tasks that share ten words in a row", "", "", str(contamination["num_tasks"]))
    table.add_section()
    table.add_row("responses", str(measures["num_samples"]), "", str(measures["num_problems"]))
    for name, meaning in _COUNTS.items():
        if measures[name]:
            table.add_row(f"  {meaning}", str(measures[name]), "", "")
    return table


def _by_label(groups: Mapping[str, Any], label: str) -> Table:
    table = _table("", label, "pass@1", "95% interval", "problems")
    for name, group in groups.items():
        table.add_row(_plain(name), *_cells(group["pass@1"]))
    return table


def _table(title: str, *columns: str) -> Table:
    from rich.table import Table

    table = Table(title=_plain(title) if title else None, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right" if column in ("value", "pass@1", "problems") else "left")
    return table


def _plain(name: object) -> Text:
    """Return a name in which rich reads no markup."""
    from rich.text import Text

    return Text(str(name))


def _cells(estimate: Mapping[str, Any]) -> tuple[str, str, str]:
    interval = "" if estimate["low"] is None else f"{estimate['low']:.3f} to {estimate['high']:.3f}"
    return _number(estimate["value"]), interval, str(estimate["num_problems"])


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
