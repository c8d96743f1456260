"""Which samples are not learned from, and why. A filter gives a reason for each sample, or None for one that passes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, cast, runtime_checkable

from agents.config import Tasks
from agents.errors import ConfigError, check_at_least
from reasonenv.evaluation.contamination import NgramIndex
from reasonenv.evaluation.samples import Sample
from reasonenv.parsing import read_response
from reasonenv.rewards.format import has_r1_format
from reasonenv.rewards.language import LanguageConsistency
from reasonenv.tables import resolve
from reasonenv.tasksets import load_tasks
from reasonenv.types import Attempt, Task

__all__ = [
    "Correct",
    "Decontaminated",
    "Distinct",
    "Filter",
    "FilterSource",
    "Finished",
    "InForm",
    "NoCodeBlocks",
    "OneLanguage",
    "Readable",
    "ShowsWorking",
    "apply_filters",
]

_SENTENCE_END = re.compile(r"(?:[!?。！？\n]|\.(?!\d))+")
_NO_SENTENCE = re.compile(r"[\W_]*(?:\d+(?:\.\d+)?[\W_]*)?")
"""A lone number, such as that of a list's entry."""
_LOOP = re.compile(r"(.{2,80}?)\1{9,}", re.DOTALL)
"""A passage that comes ten times in succession."""


_FENCES = ("```", "~~~")


@runtime_checkable
class Filter(Protocol):
    """Judges all samples of a source at once, for some reasons lie in what else there is."""

    def reasons(self, samples: Sequence[Sample]) -> list[str | None]:
        """Return why each sample is rejected, in a word or two that counts are kept by; None keeps it."""
        ...


FilterSource: TypeAlias = Filter | Callable[[Sample], str | None] | str
"""A filter, a function of one sample, or the "module:attribute" of either."""


@dataclass(frozen=True)
class Finished:
    """The response ended by itself."""

    def reasons(self, samples: Sequence[Sample]) -> list[str | None]:
        """Return "unfinished" for a response that was cut off."""
        return ["unfinished" if sample.is_truncated else None for sample in samples]


@dataclass(frozen=True)
class Correct:
    """The answer is right."""

    allows_unknown: bool = False
    """Let pass what neither a rule nor a judge could tell."""

    def reasons(self, samples: Sequence[Sample]) -> list[str | None]:
        """Return "wrong", "grader_failed", or "undecided" where nothing says whether it is right."""
        return [self._reason(sample) for sample in samples]

    def _reason(self, sample: Sample) -> str | None:
        if sample.is_right is not None:
            return None if sample.is_right else "wrong"
        if sample.status == "grader_failed":
            return "grader_failed"
        return None if self.allows_unknown else "undecided"


@dataclass(frozen=True)
class InForm:
    """The response has the form of R1-Zero."""

    def reasons(self, samples: Sequence[Sample]) -> list[str | None]:
        """Return "form" for any other."""
        return [None if has_r1_format(sample.response) else "form" for sample in samples]


@dataclass(frozen=True)
class ShowsWorking:
    """The thinking has so many sentences: a lucky guess may be right and in form."""

    min_sentences: int = 2

    def reasons(self, samples: Sequence[Sample]) -> list[str | None]:
        """Return "no_working" for fewer."""
        return [
            None if len(_sentences(_thinking(sample))) >= self.min_sentences else "no_working" for sample in samples
        ]


@dataclass(frozen=True)
class Readable:
    """No sentence comes again and again, no passage ten times in succession, and no paragraph is endless."""

    max_repeats: int = 2
    """How often one sentence may occur."""
    max_paragraph: int | None = None
    """Characters between line breaks; None asks for nothing."""

    def reasons(self, samples: Sequence[Sample]) -> list[str | None]:
        """Return "repeated" or "long_paragraph"."""
        return [self._reason(_thinking(sample)) for sample in samples]

    def _reason(self, thinking: str) -> str | None:
        counts = Counter(sentence.casefold() for sentence in _sentences(thinking))
        is_loop = any(re.search(r"[^\W\d_]", loop[1]) for loop in _LOOP.finditer(thinking))
        if is_loop or max(counts.values(), default=0) > self.max_repeats:
            return "repeated"
        longest = max(map(len, thinking.split("\n")), default=0)
        return "long_paragraph" if self.max_paragraph is not None and longest > self.max_paragraph else None


@dataclass(frozen=True)
class OneLanguage:
    """The thinking keeps to the language of the task, by the language reward."""

    min_share: float = 0.95

    def reasons(self, samples: Sequence[Sample]) -> list[str | None]:
        """Return "mixed_language" below the share."""
        attempts = [Attempt(task=_asked(sample), response=sample.response) for sample in samples]
        shares = [score.value for score in LanguageConsistency().score(attempts)]
        return [None if share >= self.min_share else "mixed_language" for share in shares]


@dataclass(frozen=True)
class NoCodeBlocks:
    """The thinking holds no block of code (arXiv 2501.12948, section 2.3.3)."""

    def reasons(self, samples: Sequence[Sample]) -> list[str | None]:
        """Return "code_block" for one that does."""
        return ["code_block" if any(fence in _thinking(sample) for fence in _FENCES) else None for sample in samples]


@dataclass(frozen=True)
class Distinct:
    """No two equal responses to one task; the first stays."""

    def reasons(self, samples: Sequence[Sample]) -> list[str | None]:
        """Return "duplicate" for every other."""
        seen, found = set[tuple[str, str]](), list[str | None]()
        for sample in samples:
            key = (sample.task_id, " ".join(sample.response.split()))
            found.append("duplicate" if key in seen else None)
            seen.add(key)
        return found


@dataclass(frozen=True, kw_only=True)
class Decontaminated:
    """No ten words in a row of question or response are a benchmark's (arXiv 2501.12948, on decontamination)."""

    tasks: tuple[Tasks, ...]
    """The benchmarks, of which the questions are compared."""
    split: str = "test"
    num_tasks: int | None = None
    """How many of each are held out, from the first on; None is all."""
    ngram_size: int = 10

    def __post_init__(self) -> None:
        check_at_least(1, "Decontaminated", num_tasks=self.num_tasks, ngram_size=self.ngram_size)

    def reasons(self, samples: Sequence[Sample]) -> list[str | None]:
        """Return "contaminated" for a question or a response that does."""
        sets = [load_tasks(tasks, split=self.split) for tasks in self.tasks]
        texts = {
            f"{place}/{number}": tasks[number].prompt
            for place, tasks in enumerate(sets)
            for number in range(min(len(tasks), self.num_tasks or len(tasks)))
        }
        index = NgramIndex(texts, self.ngram_size)
        prompts = {prompt: index.overlap(prompt) for prompt in {sample.prompt for sample in samples}}
        return [
            "contaminated" if prompts[sample.prompt] or index.overlap(sample.response) else None for sample in samples
        ]


def apply_filters(samples: Sequence[Sample], filters: Sequence[FilterSource]) -> list[str | None]:
    """Return why each sample is rejected, None for those that pass; each filter sees what those before it let pass.

    Raises:
        UnknownNameError, PartImportError: no filter of that name.
        ConfigError: a filter that is neither a filter nor a function, or that gives another number of reasons.
    """
    reasons: list[str | None] = [None] * len(samples)
    for source in filters:
        places = [place for place, reason in enumerate(reasons) if reason is None]
        found = _reasons(source, [samples[place] for place in places])
        for place, reason in zip(places, found, strict=True):
            reasons[place] = reason
    return reasons


def _reasons(source: FilterSource, samples: list[Sample]) -> list[str | None]:
    part = resolve({}, source, kind="filter") if isinstance(source, str) else source
    if isinstance(part, Filter):
        found = part.reasons(samples)
    elif callable(part):
        one = cast("Callable[[Sample], str | None]", part)
        found = [one(sample) for sample in samples]
    else:
        raise ConfigError(f"A filter has reasons(samples), or is a function of a sample; got {part!r:.80}.")
    if len(found) != len(samples):
        raise ConfigError(f"Filter {source!r:.80} gave {len(found)} reasons for {len(samples)} samples.")
    for reason in found:
        if reason is not None and not (isinstance(reason, str) and reason):  # pyright: ignore[reportUnnecessaryIsInstance] of the user's
            raise ConfigError(f"Filter {source!r:.80} gives a reason in words, or None to keep; got {reason!r:.80}.")
    return found


def _thinking(sample: Sample) -> str:
    return read_response(sample.response).thinking


def _sentences(text: str) -> list[str]:
    return [sentence.strip() for sentence in _SENTENCE_END.split(text) if not _NO_SENTENCE.fullmatch(sentence)]


def _asked(sample: Sample) -> Task[None]:
    return Task(
        task_id=sample.task_id, prompt=sample.prompt, reference=None, metadata={"language": sample.language or "en"}
    )
