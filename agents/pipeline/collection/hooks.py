"""What rewrites a response before it is learned from, and what judges it where no rule can: a function, or a server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar, cast, runtime_checkable

from agents.errors import ConfigError
from reasonenv.evaluation.command.endpoint import Endpoint
from reasonenv.evaluation.command.policy import Question, Reply, Sampling
from reasonenv.evaluation.samples import Sample
from reasonenv.parsing.response import after_thinking
from reasonenv.tables import resolve
from reasonenv.types import Task

__all__ = ["EndpointJudge", "EndpointRefiner", "Judge", "JudgeSource", "Refiner", "RefinerSource", "judged", "refined"]


@runtime_checkable
class Refiner(Protocol):
    """Rewrites responses."""

    def refine(self, samples: Sequence[Sample]) -> list[str | None]:
        """Return each response in its new words; None rejects it as "not_refined"."""
        ...


@runtime_checkable
class Judge(Protocol):
    """Says whether answers are right that no rule can grade."""

    def judge(self, samples: Sequence[Sample]) -> list[bool | None]:
        """Return whether each answer is right; None where it cannot be told."""
        ...


RefinerSource: TypeAlias = Refiner | Callable[[Sample], str | None] | str
JudgeSource: TypeAlias = Judge | Callable[[Sample], bool | None] | str

_REFINE = (
    "Rewrite the reasoning below so that a reader can follow it: first person, whole sentences, one language (that of "
    "the question), no repetition. Keep every step and the answer. Reply with <think>reasoning</think> and then "
    "<answer>answer</answer>, and nothing else.\n\nQuestion: {prompt}\n\nResponse: {response}"
)
_JUDGE = (
    "Is the answer of the response below right? Compare it with the reference answer alone. End with one word, RIGHT "
    "or WRONG.\n\nQuestion: {prompt}\n\nReference answer: {gold}\n\nResponse: {response}"
)


_Answer = TypeVar("_Answer")
_PORTION = 64
"""So many samples are asked about together, and no more are asked about again after an interruption."""
_VERDICT = re.compile(r"(?<![A-Za-z])(RIGHT|WRONG)(?![A-Za-z])")


@dataclass(frozen=True, kw_only=True)
class EndpointRefiner:
    """Rewrites by a model behind an OpenAI-compatible server.

    Args:
        endpoint: where it is.
        instruction: what it is told; `{prompt}` and `{response}` are replaced.
        max_tokens: of its reply.
    """

    endpoint: Endpoint
    instruction: str = _REFINE
    max_tokens: int = 8192

    def refine(self, samples: Sequence[Sample]) -> list[str | None]:
        """Ask for each response; one whose reply was cut off, refused or empty is rejected.

        What precedes the last `<think>` is what the model thinks and says itself.
        """
        texts = _replies(self.endpoint, self.instruction, samples, self.max_tokens)
        return [text and text[max(0, text.rfind("<think>")) :] for text in texts]


@dataclass(frozen=True, kw_only=True)
class EndpointJudge:
    """Judges by a model behind an OpenAI-compatible server, against the reference answer (a generative judge).

    Args:
        endpoint: where it is.
        instruction: what it is told; `{prompt}`, `{gold}` and `{response}` are replaced.
        max_tokens: of its reply.
    """

    endpoint: Endpoint
    instruction: str = _JUDGE
    max_tokens: int = 4096

    def judge(self, samples: Sequence[Sample]) -> list[bool | None]:
        """Ask about each response; the last RIGHT or WRONG behind the thinking counts, without one nothing is known."""
        texts = _replies(self.endpoint, self.instruction, samples, self.max_tokens)
        return [None if text is None else _verdict(text) for text in texts]


def _verdict(text: str) -> bool | None:
    words = _VERDICT.findall(after_thinking(text) or "")
    return words[-1] == "RIGHT" if words else None


def _replies(endpoint: Endpoint, instruction: str, samples: Sequence[Sample], max_tokens: int) -> list[str | None]:
    """Return what is replied about each sample; None where that was cut off, refused or empty."""
    questions = [_question(instruction, sample, number) for number, sample in enumerate(samples)]
    replies: dict[int, Reply] = {}
    endpoint.respond(
        questions,
        lambda question: question.sample not in replies,
        Sampling(max_tokens=max_tokens, temperature=0.0, top_p=1.0),
        lambda question, reply: replies.update({question.sample: reply}),
    )
    ordered = [replies[question.sample] for question in questions]
    return [None if reply.finish_reason == "length" or reply.is_refused else reply.text or None for reply in ordered]


def _question(instruction: str, sample: Sample, number: int) -> Question:
    parts = {"prompt": sample.prompt, "response": sample.response, "gold": sample.gold or "(none is known)"}
    text = re.sub(r"\{(prompt|response|gold)\}", lambda match: parts[match[1]], instruction)
    task = Task(task_id=sample.task_id, prompt=text, reference=None)
    return Question(task=task, sample=number, text=text, messages=({"role": "user", "content": text},))


def refined(samples: Sequence[Sample], source: RefinerSource, saved: Path) -> list[str | None]:
    """Return the refined responses.

    Args:
        samples: what to refine.
        source: the refiner; see `Refiner`.
        saved: a file of answers as they come; what it holds is not asked again.

    Raises:
        UnknownNameError, PartImportError: no refiner of that name.
        ConfigError: what is found is none.
    """
    part = resolve({}, source, kind="refiner") if isinstance(source, str) else source
    if not isinstance(part, Refiner) and not callable(part):
        raise ConfigError(f"A refiner has refine(samples), or is a function of a sample; got {part!r:.80}.")
    ask = part.refine if isinstance(part, Refiner) else _of_each(cast("Callable[[Sample], str | None]", part))
    return _saved_answers(samples, ask, saved, str, f"Refiner {source!r:.80} gives a text or None")


def judged(samples: Sequence[Sample], source: JudgeSource, saved: Path) -> list[Sample]:
    """Return the samples with a verdict where nothing else said whether they are right.

    Args:
        samples: what to judge.
        source: the judge; see `Judge`.
        saved: a file of verdicts as they come; what it holds is not asked again.

    Raises:
        UnknownNameError, PartImportError: no judge of that name.
        ConfigError: what is found is none.
    """
    part = resolve({}, source, kind="judge") if isinstance(source, str) else source
    if not isinstance(part, Judge) and not callable(part):
        raise ConfigError(f"A judge has judge(samples), or is a function of a sample; got {part!r:.80}.")
    open_places = [place for place, sample in enumerate(samples) if sample.is_right is None]
    asked = [samples[place] for place in open_places]
    ask = part.judge if isinstance(part, Judge) else _of_each(cast("Callable[[Sample], bool | None]", part))
    verdicts = _saved_answers(asked, ask, saved, bool, f"Judge {source!r:.80} says True, False or None")
    result = list(samples)
    for place, verdict in zip(open_places, verdicts, strict=True):
        result[place] = replace(samples[place], is_right=verdict)
    return result


def _of_each(one: Callable[[Sample], _Answer]) -> Callable[[Sequence[Sample]], list[_Answer]]:
    return lambda samples: [one(sample) for sample in samples]


def _saved_answers(
    samples: Sequence[Sample], ask: Callable[[Sequence[Sample]], list[_Answer]], saved: Path, kind: type, expected: str
) -> list[_Answer]:
    """Ask about those samples that have no line in the file, portion by portion, and write each portion down."""
    there: dict[tuple[str, int], _Answer] = {}
    whole, _, _ = (saved.read_bytes() if saved.exists() else b"").rpartition(
        b"\n"
    )  # a killed process leaves half a line
    for line in whole.splitlines():
        task_id, number, answer = json.loads(line)
        there[task_id, number] = answer
    open_samples = [sample for sample in samples if sample.key not in there]
    with saved.open("wb") as lines:
        lines.write(whole and whole + b"\n")
        for first in range(0, len(open_samples), _PORTION):
            portion = open_samples[first : first + _PORTION]
            answers = ask(portion)
            _check_answers(answers, portion, kind, expected)
            there.update(zip((sample.key for sample in portion), answers, strict=True))
            rows = (json.dumps([*sample.key, there[sample.key]]) for sample in portion)
            lines.write("".join(f"{row}\n" for row in rows).encode())
            lines.flush()
    return [there[sample.key] for sample in samples]


def _check_answers(found: Sequence[object], samples: Sequence[Sample], kind: type, expected: str) -> None:
    if len(found) != len(samples):
        raise ConfigError(f"{expected} for every sample; got {len(found)} answers for {len(samples)} samples.")
    for answer in found:
        if answer is not None and not isinstance(answer, kind):
            raise ConfigError(f"{expected} for a sample; got {answer!r:.80}.")
