"""Labelled responses: the procedural ones that the benchmark ships, and those of a file.

Lives here: the table of answer types, how an answer is dressed as a response, and reading JSON lines. Does not: the
answers of each type (`numbers`, `structures`) or exploits (`exploits`).

The one decision: a case is a function of the seed, its type and its number, so that changing one family leaves the
cases of the others as they were.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

from reasonenv.errors import TaskDataError
from reasonenv.evaluation.reward_benchmark import numbers, structures
from reasonenv.evaluation.reward_benchmark.types import Exploit, LabelledResponse
from reasonenv.evaluation.reward_benchmark.variants import Variants

__all__ = ["FAMILIES", "labelled_responses", "load_cases"]

FAMILIES: Mapping[str, Callable[[Random], Variants]] = {
    "integer": numbers.integer,
    "decimal": numbers.decimal,
    "fraction": numbers.fraction,
    "mixed number": numbers.mixed_number,
    "percent": numbers.percent,
    "money": numbers.money,
    "units": numbers.unit_quantity,
    "scientific": numbers.scientific,
    "time": numbers.time_of_day,
    "ratio": numbers.ratio,
    "base": numbers.base_number,
    "radical": numbers.radical,
    "complex": numbers.complex_number,
    "pi": numbers.pi_multiple,
    "tuple": structures.tuple_of_numbers,
    "set": structures.finite_set,
    "list": structures.value_list,
    "interval": structures.interval,
    "expression": structures.expression,
    "equation": structures.equation,
    "matrix": structures.matrix,
    "text": structures.text,
    "choice": structures.choice,
}
"""Answer type → family."""

_DRESSES = (
    "\\boxed{{{}}}",
    "We go step by step and check each of them.\n\nTherefore the final answer is $\\boxed{{{}}}$.",
    "Simplifying what is given, we get the result.\n\\[\\boxed{{{}}}\\]",
    "<think>\nI have to be careful with the last step. Now it fits.\n</think>\n\nThe answer is \\boxed{{{}}}.",
    "<think>\nThis follows from the definition.\n</think>\n<answer>\\boxed{{{}}}</answer>",
)


def labelled_responses(*, num_golds: int = 4, seed: int = 0) -> list[LabelledResponse]:
    """Return right and almost right responses for every answer type.

    Args:
        num_golds: gold answers per type; each gives about eight responses.
        seed: of the gold answers.
    """
    return [
        case
        for answer_type in FAMILIES
        for number in range(num_golds)
        for case in _cases(answer_type, number, Random(f"{seed}/{answer_type}/{number}"))
    ]


def _cases(answer_type: str, number: int, rng: Random) -> Iterator[LabelledResponse]:
    variants = FAMILIES[answer_type](rng)
    for is_correct, rewritten in ((True, variants.equal), (False, variants.different)):
        for rule, answer in rewritten:
            yield LabelledResponse(
                case_id=f"{answer_type}/{'equal' if is_correct else 'different'}/{rule}/{number}",
                answer_type=answer_type,
                rule=rule,
                gold=variants.gold,
                answer=answer,
                response=rng.choice(_DRESSES).format(answer),
                is_correct=is_correct,
            )


def load_cases(path: str | Path) -> tuple[list[LabelledResponse], list[Exploit]]:
    """Read labelled responses and exploits from JSON lines.

    Each line has `gold` and `response`. With `label` (0 or 1) it is a labelled response and may have `type`, `rule` and
    `answer`; with `expected` (0, 1 or null) it is an exploit and may have `kind` and `attempt`. Either may have an
    `id`, for which the number of the line stands in; the file's name goes before it.

    Raises:
        TaskDataError: a line that is neither; the message says which.
        OSError: the file cannot be read.
    """
    cases: list[LabelledResponse] = []
    exploits: list[Exploit] = []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").split("\n"), start=1):
        if line.strip():
            row = _row(line, f"{path}, line {number}")
            item_id = f"{Path(path).stem}/{row.get('id', number)}"
            if "label" in row:
                cases.append(_labelled(row, item_id))
            else:
                exploits.append(_exploit(row, item_id))
    return cases, exploits


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise TaskDataError(f"{where}: expected a JSON object, got {line[:80]!r} ({error}).") from None
    is_text = isinstance(row, dict) and all(isinstance(row.get(key), str) for key in ("gold", "response"))
    is_judged = is_text and (
        row.get("label") in (0, 1) or ("label" not in row and row.get("expected", "") in (0, 1, None))
    )
    if not is_judged:
        raise TaskDataError(
            f"{where}: expected text under gold and response, and either label (0 or 1) or expected (0, 1 or null), "
            f"got {line[:120]!r}."
        )
    return row


def _labelled(row: Mapping[str, Any], item_id: str) -> LabelledResponse:
    return LabelledResponse(
        case_id=item_id,
        answer_type=str(row.get("type", "unknown")),
        rule=str(row.get("rule", "")),
        gold=row["gold"],
        answer=str(row.get("answer", "")),
        response=row["response"],
        is_correct=bool(row["label"]),
    )


def _exploit(row: Mapping[str, Any], item_id: str) -> Exploit:
    return Exploit(
        exploit_id=item_id,
        kind=str(row.get("kind", "unknown")),
        gold=row["gold"],
        response=row["response"],
        attempt=str(row.get("attempt", row.get("note", ""))),
        expected=None if row["expected"] is None else int(row["expected"]),
    )
