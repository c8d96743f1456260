"""Labelled responses and exploits from a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reasonenv.errors import TaskDataError
from reasonenv.evaluation.reward_benchmark.cases.domains import Domain, gold_of
from reasonenv.evaluation.reward_benchmark.types import Exploit, Gold, LabelledResponse
from reasonenv.tasksets.rows import Row, file_rows


def load_cases(
    path: str | Path, *, domain: Domain = "mathematics"
) -> tuple[list[LabelledResponse[Gold]], list[Exploit]]:
    """Read labelled responses and exploits from JSON lines, or another file that `reasonenv.tasksets` reads.

    Each row has `gold`, which `gold_of` reads, and `response`. With `label` (0 or 1) it is a labelled response and may
    have `type`, `rule` and `answer`; with `expected` (0, 1 or null) it is an exploit and may have `kind` and `attempt`.
    Either may have an `id`, for which the number of the row stands in; the file's name goes before it.

    Raises:
        TaskDataError: no such file, or a row that is neither; the message says which.
    """
    cases: list[LabelledResponse[Gold]] = []
    exploits: list[Exploit] = []
    for number, row in enumerate(file_rows(Path(path)), start=1):
        gold = _gold(row, domain)
        item_id = f"{Path(path).stem}/{row.cells.get('id', number)}"
        if "label" in row.cells:
            cases.append(_labelled(row.cells, gold, item_id))
        else:
            exploits.append(_exploit(row.cells, gold, item_id))
    return cases, exploits


def _gold(row: Row, domain: Domain) -> Gold:
    """Return the gold answer of a row that is a case."""
    cells = row.cells
    is_text = isinstance(cells.get("response"), str) and "gold" in cells
    is_judged = cells["label"] in (0, 1) if "label" in cells else cells.get("expected", "") in (0, 1, None)
    if not (is_text and is_judged):
        raise TaskDataError(
            f"{row.where}: expected text under gold and response, and either label (0 or 1) or expected "
            f"(0, 1 or null), got {str(dict(cells))[:120]}."
        )
    try:
        return gold_of(domain, cells["gold"])
    except TaskDataError as error:
        raise TaskDataError(f"{row.where}: {error}.") from None


def _labelled(cells: Mapping[str, Any], gold: Gold, item_id: str) -> LabelledResponse[Gold]:
    return LabelledResponse(
        case_id=item_id,
        answer_type=str(cells.get("type", "unknown")),
        rule=str(cells.get("rule", "")),
        gold=gold,
        answer=str(cells.get("answer", "")),
        response=cells["response"],
        is_correct=bool(cells["label"]),
    )


def _exploit(cells: Mapping[str, Any], gold: Gold, item_id: str) -> Exploit:
    return Exploit(
        exploit_id=item_id,
        kind=str(cells.get("kind", "unknown")),
        gold=gold,
        response=cells["response"],
        attempt=str(cells.get("attempt", cells.get("note", ""))),
        expected=None if cells["expected"] is None else int(cells["expected"]),
    )
