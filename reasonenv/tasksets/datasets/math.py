"""Public data sets of mathematical problems.

A row without a gold answer (a proof, a program) stays a task without reference; `Filtered(tasks, has_answer)` leaves it
out.
"""

from __future__ import annotations

import re
from typing import Any

from reasonenv.errors import TaskDataError
from reasonenv.parsing import boxed_answer
from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.datasets.data_set import DataSet
from reasonenv.tasksets.rows import Row
from reasonenv.types import MathReference

_CALCULATOR_MARK = re.compile(r"<<[^<>]*>>")
_STRATOS_INSTRUCTION = r"Return your final response within \boxed{}. "


def _parse_gsm8k(row: Row) -> Problem:
    solution, mark, answer = row.text("answer").rpartition("####")
    if not mark:
        raise TaskDataError(f"{row.where}: expected '#### ' and the final answer at the end of column 'answer'.")
    return Problem(
        prompt=row.text("question"),
        reference=MathReference(answer=answer.strip().replace(",", "")),
        solution=_CALCULATOR_MARK.sub("", solution).strip(),
    )


def _parse_math500(row: Row) -> Problem:
    return Problem(
        prompt=row.text("problem"),
        reference=MathReference(answer=row.text_or_number("answer")),
        solution=row.optional_text("solution"),
        source_id=f"math500/{row.text('unique_id')}",
        metadata={"difficulty": row.cell("level"), "subject": row.text("subject")},
    )


def _parse_aime(row: Row) -> Problem:
    return Problem(
        prompt=row.text("Problem"),
        reference=MathReference(answer=row.text_or_number("Answer")),
        solution=row.optional_text("Solution"),
        source_id=f"aime/{row.text('ID')}",
    )


def _parse_aime_2025(row: Row) -> Problem:
    return Problem(prompt=row.text("problem"), reference=MathReference(answer=row.text_or_number("answer")))


def _parse_numina_tir(row: Row) -> Problem:
    solution = row.text("solution")
    return Problem(prompt=row.text("problem"), reference=_last_box(solution), solution=solution)


def _parse_bespoke_stratos(row: Row) -> Problem:
    question, response = _first_exchange(row)
    thought = _between(response, "<|begin_of_thought|>", "<|end_of_thought|>")
    summary = _between(response, "<|begin_of_solution|>", "<|end_of_solution|>")
    return Problem(
        prompt=question.removeprefix(_STRATOS_INSTRUCTION),
        reference=_last_box(summary or ""),
        solution=thought,
        metadata={"summary": summary},
    )


def _last_box(text: str) -> MathReference | None:
    answer = boxed_answer(text)
    return MathReference(answer=answer) if answer else None


def _first_exchange(row: Row) -> tuple[str, str]:
    conversation: Any = row.cell("conversations")
    try:
        (question, response) = ((turn["from"], turn["value"]) for turn in conversation)
    except (TypeError, KeyError, ValueError) as error:
        raise row.wrong_cell("conversations", "two turns with 'from' and 'value'") from error
    if (question[0], response[0]) != ("user", "assistant"):
        raise row.wrong_cell("conversations", "a turn from 'user', then one from 'assistant'")
    return question[1], response[1]


def _between(text: str, opening: str, closing: str) -> str | None:
    _, opened, rest = text.partition(opening)
    inner, closed, _ = rest.partition(closing)
    return inner.strip() if opened and closed else None


gsm8k = DataSet(
    "gsm8k",
    "openai/gsm8k",
    _parse_gsm8k,
    config="main",
    revision="740312add88f781978c0658806c59bc2815b9866",
    licence="MIT",
)
"""Grade-school word problems, arXiv 2110.14168; the solutions without their calculator marks."""

math500 = DataSet(
    "math500",
    "HuggingFaceH4/MATH-500",
    _parse_math500,
    revision="6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be",
    splits={"test": "test"},
    licence="MIT",
)
"""The 500 test problems of MATH that arXiv 2305.20050 evaluates on; difficulty 1 to 5."""

aime = DataSet(
    "aime",
    "Maxwell-Jia/AIME_2024",
    _parse_aime,
    revision="8d88b2876a82a080e2f172cc9b25d0d9d2cb4792",
    splits={"test": "train"},
    licence="MIT",
)
"""AIME 2024, 30 problems with integer answers. The hub calls its only split "train"; it is a test."""

aime_2025 = DataSet(
    "aime_2025",
    "math-ai/aime25",
    _parse_aime_2025,
    revision="563bb8404243c5f09de6ec262f2db674fe5bce9b",
    splits={"test": "test"},
    licence="Apache-2.0",
)
"""AIME 2025, 30 problems with integer answers."""

numina_tir = DataSet("numina_tir", "AI-MO/NuminaMath-TIR", _parse_numina_tir, licence="Apache-2.0")
"""Competition problems with tool-integrated solutions; the gold answer is what the solution boxes last."""

bespoke_stratos = DataSet(
    "bespoke_stratos",
    "bespokelabs/Bespoke-Stratos-17k",
    _parse_bespoke_stratos,
    splits={"train": "train"},
    licence="Apache-2.0",
)
"""Chains of thought of DeepSeek-R1 on mathematics, science and code; `solution` is the thought."""
