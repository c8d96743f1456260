"""Responses with what became of them, one JSON line each: what evaluation, rejection sampling and distillation share.

A sample holds all that the metrics need, so that they can be computed again without tasks, models or graders.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import NoneType
from typing import Any, Literal

from reasonenv.errors import TaskDataError
from reasonenv.evaluation.refusals import is_refusal
from reasonenv.grading import grade_qa
from reasonenv.parsing import extract_answer
from reasonenv.rewards import CompositeReward, Reward, load_reward
from reasonenv.tasksets import TaskSet
from reasonenv.types import Attempt, CodeReference, MathReference, QAReference, RewardBreakdown, ScoreStatus, Task

__all__ = [
    "Sample",
    "SampleStatus",
    "by_problem",
    "new_sample",
    "read_samples",
    "sample_line",
    "score_samples",
    "with_score",
    "write_samples",
]

SampleStatus = Literal["scored", "grader_failed", "unscored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One response to one task: `Sample(task_id="aime/1", prompt="2+3=?", sample=0, response="<answer>5</answer>")`."""

    task_id: str
    prompt: str
    """The text of the task, without any template."""
    sample: int
    """Which of the responses to this task it is: 0, 1, …"""
    response: str
    """All of the text, with its thinking between `<think>` tags."""
    reward: float | None = None
    """The total; None where there is no score."""
    components: Mapping[str, float | None] = field(default_factory=dict[str, float | None])
    """The value of each term of the reward; None where its grader failed."""
    status: SampleStatus = "unscored"
    is_right: bool | None = None
    """What `CompositeReward.is_right` says; None where nothing says so."""
    answer: str | None = None
    """What the grader read; None where it read no answer."""
    gold: str | None = None
    """A right answer, where the task has one."""
    answer_kind: str | None = None
    """By which rules answers are compared: "math", a kind of `QAReference` ("ordered_list" for one whose order counts),
    "code", or None."""
    domain: str | None = None
    difficulty: str | None = None
    language: str | None = None
    """An ISO 639-1 code."""
    response_tokens: int | None = None
    is_truncated: bool = False
    """The budget of tokens ended the response."""
    finish_reason: str | None = None
    is_refused: bool = False
    """The server or the response refused to answer."""
    extras: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """More about its origin, as JSON values."""

    @property
    def key(self) -> tuple[str, int]:
        """Return what no two samples of a set share: the task and the number of the response."""
        return self.task_id, self.sample


def new_sample(
    task: Task[Any],
    response: str,
    *,
    sample: int = 0,
    response_tokens: int | None = None,
    finish_reason: str | None = None,
    is_refused: bool = False,
    extras: Mapping[str, Any] | None = None,
) -> Sample:
    """Return the sample of a response that nobody has scored yet.

    Args:
        task: what was asked; its domain, difficulty and language come from its metadata.
        response: all of it, thinking included.
        sample: which of the responses to this task it is.
        response_tokens: its length.
        finish_reason: as servers say it; "length" makes it a truncated one, "content_filter" a refused one.
        is_refused: whether the server refused. What the response says itself is read out of it.
        extras: more about its origin.
    """
    gold, kind = _gold_and_kind(task.reference)
    return Sample(
        task_id=task.task_id,
        prompt=task.prompt,
        sample=sample,
        response=response,
        gold=gold,
        answer_kind=kind,
        domain=_label(task, "domain"),
        difficulty=_label(task, "difficulty"),
        language=_label(task, "language"),
        response_tokens=response_tokens,
        is_truncated=finish_reason == "length",
        finish_reason=finish_reason,
        is_refused=is_refused or finish_reason == "content_filter" or is_refusal(response),
        extras=dict(extras or {}),
    )


def with_score(sample: Sample, task: Task[Any], breakdown: RewardBreakdown, *, is_right: bool | None) -> Sample:
    """Return a sample with the score that a reward gave its response, in place of an earlier one.

    The answer is the one in the details of the first component that names what it read. Where none does, it is what
    this package's own graders read.

    Args:
        sample: the response.
        task: what was asked.
        breakdown: what the reward said.
        is_right: what `CompositeReward.is_right` said.
    """
    is_scored = breakdown.status is ScoreStatus.SCORED
    return replace(
        sample,
        reward=breakdown.total if is_scored else None,
        components={name: None if math.isnan(value) else value for name, value in breakdown.components.items()},
        status="scored" if is_scored else "grader_failed",
        is_right=is_right,
        answer=_read_answer(task, sample.response, breakdown.details),
    )


def score_samples(
    samples: Sequence[Sample],
    tasks: TaskSet | Iterable[Task[Any]],
    reward: str | Mapping[str, float] | Reward | CompositeReward,
) -> list[Sample]:
    """Score saved responses, in one batch; they come back in their order with the new score in place of any other.

    The reward sees them in the order of their keys, and those of one task as a group, so that a score depends on
    neither the order nor the number of processes.

    Args:
        samples: no two with one key.
        tasks: among them those of the samples.
        reward: whatever `reasonenv.rewards.load_reward` takes.

    Raises:
        ValueError: two samples of one key, or one whose task is missing or now has another prompt.
    """
    _check_keys(samples)
    by_id = _tasks_of(samples, tasks)
    groups = {task_id: group for group, task_id in enumerate(sorted(by_id))}
    composite = load_reward(reward)
    ordered = sorted(samples, key=lambda sample: sample.key)
    attempts = [
        Attempt(task=by_id[sample.task_id], response=sample.response, group_id=groups[sample.task_id])
        for sample in ordered
    ]
    scored = {
        sample.key: with_score(sample, attempt.task, breakdown, is_right=composite.is_right(breakdown.components))
        for sample, attempt, breakdown in zip(ordered, attempts, composite.score(attempts), strict=True)
    }
    return [scored[sample.key] for sample in samples]


def by_problem(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """Return the samples of each task in the order of their numbers; tasks in the order of their ids.

    Raises:
        ValueError: two samples have one key.
    """
    ordered = sorted(samples, key=lambda sample: sample.key)
    _check_keys(ordered)
    problems: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in ordered:
        problems[sample.task_id].append(sample)
    return dict(problems)


def read_samples(path: str | Path) -> list[Sample]:
    """Read samples from JSON lines, in their order.

    A last line that a killed writer left half written is left out.

    Raises:
        TaskDataError: a line that is no sample; the message says which and why.
    """
    lines = Path(path).read_bytes().split(b"\n")
    samples = [_sample(line, path, number) for number, line in enumerate(lines[:-1], 1) if line.strip()]
    if lines[-1].strip() and _is_json(lines[-1]):
        samples.append(_sample(lines[-1], path, len(lines)))
    return samples


def write_samples(path: str | Path, samples: Iterable[Sample]) -> None:
    """Write samples as JSON lines, in place of what the file held."""
    Path(path).write_text("".join(map(sample_line, samples)), encoding="utf-8")


_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
"""What broken text decodes to, and UTF-8 cannot hold."""
_FIELDS = {entry.name for entry in fields(Sample)}
_NEEDED = ("task_id", "prompt", "sample", "response")
_STATUSES = ("scored", "grader_failed", "unscored")
_TYPES: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("answer", "gold", "answer_kind", "domain", "difficulty", "language"), (str, NoneType)),
    "sample": (int,),
    "response_tokens": (int, NoneType),
    "finish_reason": (str, NoneType),
    "reward": (int, float, NoneType),
    "is_right": (bool, NoneType),
    **dict.fromkeys(("is_truncated", "is_refused"), (bool,)),
    **dict.fromkeys(("components", "extras"), (dict,)),
}
"""Field → types of its JSON values; the others are texts."""
_TYPE_NAMES: Mapping[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a finite number",
    bool: "true or false",
    dict: "an object of finite values",
    NoneType: "null",
}


def sample_line(sample: Sample) -> str:
    """Return a sample as a line of JSON, with its end."""
    row = {entry.name: getattr(sample, entry.name) for entry in fields(sample)}
    row |= {"components": dict(sample.components), "extras": dict(sample.extras)}
    line = json.dumps(row, ensure_ascii=False, allow_nan=False)
    return (json.dumps(row, allow_nan=False) if _HALF_CHARACTER.search(line) else line) + "\n"


def _sample(line: bytes, path: str | Path, number: int) -> Sample:
    place = f"{path}, line {number}"
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise TaskDataError(
            f"{place}: expected a JSON object, got {line.decode(errors='replace')!r:.80} ({error})."
        ) from error
    if not isinstance(row, dict):
        raise TaskDataError(f"{place}: expected a JSON object, got {row!r:.80}.")
    if unknown := sorted(row.keys() - _FIELDS):
        raise TaskDataError(f"{place}: a sample has no {unknown}; put what else is known into 'extras'.")
    if missing := [name for name in _NEEDED if name not in row]:
        raise TaskDataError(f"{place}: a sample needs {missing}.")
    for name, value in row.items():
        if type(value) not in _TYPES.get(name, (str,)) or not _is_finite(value):
            expected = " or ".join(_TYPE_NAMES[kind] for kind in _TYPES.get(name, (str,)))
            raise TaskDataError(f"{place}: {name} must be {expected}, got {value!r:.80}.")
    sample = Sample(**row)
    if sample.sample < 0 or not all(type(value) in (int, float, NoneType) for value in sample.components.values()):
        raise TaskDataError(f"{place}: sample must be 0, 1, …, and each component a number or null.")
    if sample.status not in _STATUSES:
        raise TaskDataError(f"{place}: the status must be one of {_STATUSES}, got {sample.status!r}.")
    return sample


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_finite(value: object) -> bool:
    numbers = value.values() if isinstance(value, dict) else (value,)
    return all(math.isfinite(number) for number in numbers if isinstance(number, float))


def _check_keys(samples: Iterable[Sample]) -> None:
    seen = set[tuple[str, int]]()
    for sample in samples:
        if sample.key in seen:
            raise ValueError(
                f"Two samples are number {sample.sample} of task {sample.task_id!r}. "
                "Number the responses to a task 0, 1, …, and give one run at a time."
            )
        seen.add(sample.key)


def _tasks_of(samples: Sequence[Sample], tasks: TaskSet | Iterable[Task[Any]]) -> dict[str, Task[Any]]:
    wanted = {sample.task_id: sample.prompt for sample in samples}
    found = _found(wanted, tasks)
    for task_id, prompt in wanted.items():
        if task_id not in found:
            raise ValueError(f"The task {task_id!r} of a sample is not among the tasks: give the set that was sampled.")
        if found[task_id].prompt != prompt:
            raise ValueError(
                f"The task {task_id!r} now asks {found[task_id].prompt!r:.80}, but the sample answered {prompt!r:.80}."
            )
    return found


def _found(task_ids: Iterable[str], tasks: TaskSet | Iterable[Task[Any]]) -> dict[str, Task[Any]]:
    """Return the tasks by their ids; one of a set, which may be larger than can be read, is asked for."""
    if not isinstance(tasks, TaskSet):
        return {task.task_id: task for task in tasks}
    found: dict[str, Task[Any]] = {}
    for task_id in task_ids:
        with contextlib.suppress(ValueError):  # the caller names the missing one
            found[task_id] = tasks[tasks.index_of(task_id)]
    return found


def _gold_and_kind(reference: object) -> tuple[str | None, str | None]:
    match reference:
        case MathReference():
            return reference.answer, "math"
        case QAReference():
            kind = "ordered_list" if reference.kind == "list" and reference.is_ordered else reference.kind
            return reference.answer or None, kind
        case CodeReference():
            return None, "code"
        case _:
            return None, None


def _label(task: Task[Any], name: str) -> str | None:
    value = task.metadata.get(name)
    return None if value is None else str(value)


def _read_answer(task: Task[Any], response: str, details: Mapping[str, Mapping[str, Any]]) -> str | None:
    for detail in details.values():
        if "answer" in detail:
            return None if detail["answer"] is None else str(detail["answer"])
    if isinstance(task.reference, MathReference):
        return extract_answer(response)
    if isinstance(task.reference, QAReference):
        return grade_qa([task.reference], [response])[0].answer
    return None
