"""Public data sets of questions, options and preferences.

Options keep the order of the source. Where the source always puts the right one first, they are shuffled by the text of
the question, so that the order is the same on every machine and tells nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from reasonenv.errors import TaskDataError
from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.datasets.data_set import DataSet
from reasonenv.tasksets.questions.problems import LETTERS, lettered
from reasonenv.tasksets.rows import Row
from reasonenv.types import QAReference

_DOMAIN, _OPEN = "question answering", "open requests"
_VALIDATION = {"train": "train", "test": "validation"}
_LAST_TURN = "\n\nAssistant:"
_FIRST_TURN = "\n\nHuman:"


def _texts(row: Row, column: str, value: object) -> tuple[str, ...]:
    """Return a cell that holds several texts, whatever sequence the file format makes of them."""
    if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(text, str) for text in value):
        raise row.wrong_cell(column, "a list of texts")
    return tuple(dict.fromkeys(value))


def _record(row: Row, column: str) -> Mapping[str, Any]:
    value = row.cell(column)
    if not isinstance(value, Mapping):
        raise row.wrong_cell(column, "an object")
    return value


def _part(row: Row, column: str, name: str) -> Any:
    record = _record(row, column)
    if name not in record:
        raise row.wrong_cell(column, f"an object with {name!r}")
    return record[name]


def _choice(
    question: str, options: Sequence[str], index: int, source_id: str | None = None, **metadata: Any
) -> Problem:
    return Problem(
        prompt=lettered(question, options),
        reference=QAReference(kind="choice", answers=(LETTERS[index],), choices=tuple(options)),
        source_id=source_id,
        metadata=metadata,
    )


def _shuffled(question: str, right: str, wrong: Sequence[str], **metadata: Any) -> Problem:
    options = [right, *wrong]
    Random(question).shuffle(options)
    return _choice(question, options, options.index(right), **metadata)


def _parse_squad(row: Row) -> Problem:
    answers = _texts(row, "answers", _part(row, "answers", "text"))
    return Problem(
        prompt=f"{row.text('context')}\n\n{row.text('question').strip()}",
        reference=QAReference(kind="short", answers=answers) if answers else None,
        source_id=f"squad/{row.text('id')}",
    )


def _parse_nq_open(row: Row) -> Problem:
    answers = _texts(row, "answer", row.cell("answer"))
    return Problem(prompt=row.text("question"), reference=QAReference(kind="short", answers=answers))


def _parse_trivia_qa(row: Row) -> Problem:
    value, aliases = _part(row, "answer", "value"), _texts(row, "answer", _part(row, "answer", "aliases"))
    answers = tuple(dict.fromkeys((value, *aliases)))
    return Problem(
        prompt=row.text("question"),
        reference=QAReference(kind="short", answers=answers) if value != "<unk>" else None,
        source_id=f"trivia_qa/{row.text('question_id')}",
    )


def _parse_mmlu(row: Row) -> Problem:
    options = row.cell("choices")
    if isinstance(options, str) or not isinstance(options, Sequence):
        raise row.wrong_cell("choices", "a list of texts")
    answer = row.cell("answer")
    index = LETTERS.find(answer) if isinstance(answer, str) and len(answer) == 1 else answer
    if not isinstance(index, int) or not 0 <= index < len(options):
        raise row.wrong_cell("answer", f"a number from 0 to {len(options) - 1}, or its letter")
    return _choice(row.text("question"), options, index, subject=row.text("subject"))


def _parse_arc(row: Row) -> Problem:
    labels, options = _part(row, "choices", "label"), _part(row, "choices", "text")
    key = row.text("answerKey")
    if key not in labels:
        raise row.wrong_cell("answerKey", f"one of {', '.join(labels)}")
    return _choice(row.text("question"), options, list(labels).index(key), f"arc/{row.text('id')}")


def _parse_truthful_qa(row: Row) -> Problem:
    """Read the columns of the hub, of the project's mc_task.json, or of its TruthfulQA.csv."""
    if "mc1_targets" not in row.cells:
        wrong = [text.strip() for text in row.text("Incorrect Answers").split(";") if text.strip()]
        return _shuffled(row.text("Question"), row.text("Best Answer"), wrong, category=row.text("Category"))
    targets = _record(row, "mc1_targets")
    marked = dict(zip(targets["choices"], targets["labels"], strict=True)) if "choices" in targets else targets
    right = [text for text, label in marked.items() if label == 1]
    if len(right) != 1:
        raise row.wrong_cell("mc1_targets", "options of which exactly one is labelled 1")
    return _shuffled(row.text("question"), right[0], [text for text in marked if text != right[0]])


def _parse_gpqa(row: Row) -> Problem:
    wrong = [row.text(f"Incorrect Answer {number}").strip() for number in (1, 2, 3)]
    identity = {"source_id": f"gpqa/{row.text('Record ID')}"} if "Record ID" in row.cells else {}
    return _shuffled(row.text("Question").strip(), row.text("Correct Answer").strip(), wrong, **identity)


def _parse_hh_rlhf(row: Row, preference_set: str) -> Problem:
    chosen, rejected = row.text("chosen"), row.text("rejected")
    prompt, found, response = chosen.rpartition(_LAST_TURN)
    other_prompt, _, other = rejected.rpartition(_LAST_TURN)
    if not found or not prompt.startswith(_FIRST_TURN):
        raise TaskDataError(f"{row.where}: expected turns of Human and Assistant in column 'chosen'.")
    dialogue = prompt.removeprefix(_FIRST_TURN).strip()
    return Problem(
        prompt=dialogue,
        reference=QAReference(kind="open"),
        metadata={
            "preference_set": preference_set,
            "chosen": response.strip(),
            "rejected": other.strip(),
            "has_shared_prompt": prompt == other_prompt,
        },
    )


def _parse_helpful(row: Row) -> Problem:
    return _parse_hh_rlhf(row, "helpfulness")


def _parse_harmless(row: Row) -> Problem:
    return _parse_hh_rlhf(row, "safety")


def _parse_xstest(row: Row) -> Problem:
    """Read the prompts, or the labelled completions of a model."""
    kind = row.text("type")
    kept = {column: row.cell(column) for column in ("completion", "final_label") if column in row.cells}
    return Problem(
        prompt=row.text("prompt"),
        reference=QAReference(kind="open"),
        source_id=f"xstest/{row.text_or_number('id')}",
        metadata={"preference_set": "safety", "type": kind, "is_harmful": kind.startswith("contrast_"), **kept},
    )


squad = DataSet("squad", "rajpurkar/squad", _parse_squad, splits=_VALIDATION, licence="CC-BY-SA-4.0", domain=_DOMAIN)
"""Reading comprehension, arXiv 1606.05250; every annotator's answer is accepted."""

squad_v2 = DataSet(
    "squad_v2", "rajpurkar/squad_v2", _parse_squad, splits=_VALIDATION, licence="CC-BY-SA-4.0", domain=_DOMAIN
)
"""The same with questions that the text does not answer, arXiv 1806.03822; those have no reference."""

nq_open = DataSet(
    "nq_open",
    "google-research-datasets/nq_open",
    _parse_nq_open,
    splits=_VALIDATION,
    licence="CC-BY-SA-3.0",
    domain=_DOMAIN,
)
"""Natural Questions without documents, arXiv 1906.00300."""

trivia_qa = DataSet(
    "trivia_qa",
    "mandarjoshi/trivia_qa",
    _parse_trivia_qa,
    config="rc.nocontext",
    splits=_VALIDATION,
    licence="Apache-2.0",
    domain=_DOMAIN,
)
"""Trivia, arXiv 1705.03551; every alias is accepted."""

mmlu = DataSet(
    "mmlu",
    "cais/mmlu",
    _parse_mmlu,
    config="all",
    splits={"train": "auxiliary_train", "test": "test"},
    licence="MIT",
    domain=_DOMAIN,
)
"""Examination questions of 57 subjects, arXiv 2009.03300."""

arc_challenge = DataSet(
    "arc_challenge", "allenai/ai2_arc", _parse_arc, config="ARC-Challenge", licence="CC-BY-SA-4.0", domain=_DOMAIN
)
"""Science questions that retrieval and co-occurrence get wrong, arXiv 1803.05457."""

arc_easy = DataSet("arc_easy", "allenai/ai2_arc", _parse_arc, config="ARC-Easy", licence="CC-BY-SA-4.0", domain=_DOMAIN)
"""The other science questions of arXiv 1803.05457."""

truthful_qa = DataSet(
    "truthful_qa",
    "truthfulqa/truthful_qa",
    _parse_truthful_qa,
    config="multiple_choice",
    splits={"test": "validation"},
    licence="Apache-2.0",
    domain=_DOMAIN,
)
"""Questions that people answer wrongly, with one true option (MC1), arXiv 2109.07958."""

gpqa = DataSet("gpqa", "Idavidrein/gpqa", _parse_gpqa, splits={}, licence="CC-BY-4.0", domain=_DOMAIN)
"""Graduate science questions, arXiv 2311.12022. Its authors ask not to spread them: `from_path` reads your own copy."""

hh_rlhf_helpful = DataSet(
    "hh_rlhf_helpful", "Anthropic/hh-rlhf", _parse_helpful, data_dir="helpful-base", licence="MIT", domain=_OPEN
)
"""Dialogues with a preferred and another last turn, for helpfulness, arXiv 2204.05862."""

hh_rlhf_harmless = DataSet(
    "hh_rlhf_harmless", "Anthropic/hh-rlhf", _parse_harmless, data_dir="harmless-base", licence="MIT", domain=_OPEN
)
"""The same for harmlessness; the content is offensive."""

xstest = DataSet("xstest", "Paul/XSTest", _parse_xstest, splits={"test": "train"}, licence="CC-BY-4.0", domain=_OPEN)
"""Safe requests that look unsafe, and unsafe ones that look like them, arXiv 2308.01263."""
