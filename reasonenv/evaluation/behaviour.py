"""How responses are written: length, reflection, language, form, repetition. Nothing here is paid.

Measured where the paper measures it, over the whole response, or the thinking alone where that is said.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from reasonenv.errors import UnknownNameError
from reasonenv.evaluation.accuracy import problem_means
from reasonenv.evaluation.samples import Sample, by_problem
from reasonenv.language import count_words, load_detector
from reasonenv.language.prose import read_prose, words_of
from reasonenv.language.scripts import load_language
from reasonenv.parsing import read_response
from reasonenv.rewards.format import has_r1_format
from reasonenv.rewards.repetition import RepetitionPenalty
from reasonenv.types import Attempt, Task

__all__ = [
    "REFLECTIVE_WORDS",
    "Behaviour",
    "behaviour_by_problem",
    "behaviour_summary",
    "measure_behaviour",
    "reflections",
]

REFLECTIVE_WORDS: dict[str, tuple[str, ...]] = {
    "en": ("wait", "mistake", "however", "but", "retry", "error", "verify", "wrong", "evaluate", "check"),
    "zh": ("等等", "等一下", "但是", "然而", "不过", "不对", "错了", "错误", "重新", "再试", "验证", "检查", "评估"),
}
"""Language → the words that say that somebody reflects. The English ones are those that DeepSeek-R1's authors count
(arXiv 2501.12948v2), the Chinese ones are ours."""

_ENGLISH = re.compile(rf"\b(?:{'|'.join(REFLECTIVE_WORDS['en'])})\b", re.I)
_SENSES = {
    "等等": r"(?<![一-鿿、])等等",
    "不对": r"(?<!对)不对(?![称应外齐等])",
    "不过": r"(?<![只再超通])不过(?![度分是])",
}
"""Word → where it has this sense: not "and so on" (苹果等等), "asymmetric" (不对称) or "merely" (只不过)."""
_CHINESE = re.compile("|".join(_SENSES.get(word, word) for word in REFLECTIVE_WORDS["zh"]))
_CORRECTION = re.compile(
    rf"""(?:^|[^\s\w$]\s*|\n|\b(?:but|no|hmm|oh|so|and|ah)\ +)wait\b
        (?=\s*(?:[^\s\w]|$)|\ +(?:no|a\ (?:minute|moment|second)|that|this|it|i|we)\b)
    | \b(?:no|hmm)\b[,.]?\ +(?:actually|that|this|it)\b | \bactually,
    | \b(?:that|this|it)(?:['’]s|\ is|\ was)\ (?:wrong|not\ right|not\ correct|incorrect|a\ mistake)\b
    | \bi\ (?:made|was\ making)\ (?:a|an)\ (?:\w+\ )?(?:mistake|error)\b | \bi\ was\ wrong\b
    | \blet\ me\ (?:re-?(?:check|do|consider|calculate|compute|count|think)|correct|try\ again|start\ over)\b
    | {_SENSES["等等"]} | (?<![一-鿿])等一下 | {_SENSES["不对"]} | 错了 | 算错 | 弄错 | 搞错
    | 重新(?:计算|考虑|检查|来|算|想) | 更正 | 纠正
    """,
    re.I | re.X,
)
_JAPANESE = {"Hiragana": "Han", "Katakana": "Han"}
"""Scripts that are written together."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How one response is written."""

    num_reflections: int
    """Reflective words of any language in it."""
    language_share: float | None
    """The share of its thinking's words that are in the task's language; None where the task names none, or the
    thinking has no words."""
    num_script_switches: int
    """How often two words of its thinking in a row have different scripts."""
    has_form: bool
    """Whether it is one think block and then one answer block."""
    repetition: float
    """The share of its three-word sequences that occurred before."""
    is_self_correcting: bool
    """Whether its thinking takes something back: "wait", "no, that", "let me recheck", 不对, 重新计算 …"""


def reflections(text: str) -> Counter[str]:
    """Return how often each reflective word occurs, as a whole word and in lower case.

    >>> reflections("Wait, I made a mistake. Wait! 不对。")
    Counter({'wait': 2, 'mistake': 1, '不对': 1})
    """
    return Counter([word.lower() for word in _ENGLISH.findall(text)] + _CHINESE.findall(text))


def measure_behaviour(responses: Sequence[str], languages: Sequence[str | None]) -> list[Behaviour]:
    """Return how each response is written.

    Args:
        responses: whole ones, thinking included.
        languages: the ISO 639-1 code of the language that each was to be in, or None.

    Raises:
        ValueError: the two sequences differ in length.
        UnknownNameError: no such language.
    """
    if len(responses) != len(languages):
        raise ValueError(f"Each response needs its language: got {len(responses)} and {len(languages)}.")
    thoughts = [_thinking(response) for response in responses]
    shares = _language_shares(thoughts, languages)
    repetitions = _repetitions(responses)
    return [
        Behaviour(
            num_reflections=reflections(response).total(),
            language_share=shares[row],
            num_script_switches=_num_script_switches(thoughts[row]),
            has_form=has_r1_format(response),
            repetition=repetitions[row],
            is_self_correcting=_CORRECTION.search(thoughts[row]) is not None,
        )
        for row, response in enumerate(responses)
    ]


def behaviour_by_problem(samples: Iterable[Sample]) -> dict[str, dict[str, float]]:
    """Return metric → task → the mean over the task's responses, to compare two runs by.

    `response_tokens`, `response_characters`, `reflections` (reflective words a response), `language_share`,
    `script_switches` a response, `mixed_scripts` (responses with at least one), `form`, `repetition` and
    `self_correction` (shares of responses). A task is missing where a metric has no value for it.

    Args:
        samples: of any problems.
    """
    ordered = [sample for responses in by_problem(samples).values() for sample in responses]
    measured = measure_behaviour([each.response for each in ordered], [_known(each.language) for each in ordered])
    found = {sample.key: behaviour for sample, behaviour in zip(ordered, measured, strict=True)}
    metrics: dict[str, Callable[[Sample], float | None]] = {
        "response_tokens": lambda sample: sample.response_tokens,
        "response_characters": lambda sample: len(sample.response),
        "reflections": lambda sample: found[sample.key].num_reflections,
        "language_share": lambda sample: found[sample.key].language_share,
        "script_switches": lambda sample: found[sample.key].num_script_switches,
        "mixed_scripts": lambda sample: found[sample.key].num_script_switches > 0,
        "form": lambda sample: found[sample.key].has_form,
        "repetition": lambda sample: found[sample.key].repetition,
        "self_correction": lambda sample: found[sample.key].is_self_correcting,
    }
    return {name: problem_means(ordered, value) for name, value in metrics.items()}


def behaviour_summary(samples: Iterable[Sample]) -> dict[str, Any]:
    """Return the means of `behaviour_by_problem` over problems, as JSON values, None where no problem has one.

    `reflections_by_word` says how often a response holds each reflective word that occurs, in the mean over responses.

    Args:
        samples: of any problems.
    """
    held = list(samples)
    means = {
        name: math.fsum(values.values()) / len(values) if values else None
        for name, values in behaviour_by_problem(held).items()
    }
    return {**means, "reflections_by_word": _reflections_by_word(held)}


def _thinking(response: str) -> str:
    """Return the thinking, or all of a response that has none, as the language reward reads it."""
    thinking = read_response(response).closed_thinking
    return response if thinking is None else thinking


def _language_shares(texts: Sequence[str], languages: Sequence[str | None]) -> list[float | None]:
    shares: list[float | None] = [None] * len(texts)
    for code in sorted({language for language in languages if language is not None}):
        rows = [row for row, language in enumerate(languages) if language == code]
        counts = count_words([texts[row] for row in rows], load_language(code), load_detector("py3langid"))
        for row, count in zip(rows, counts, strict=True):
            shares[row] = count.share if count.target + count.foreign else None
    return shares


def _known(language: str | None) -> str | None:
    """Return the language of a sample, or None where its task uses the word for something else, such as Python."""
    try:
        return None if language is None else load_language(language).code
    except UnknownNameError:
        return None


def _num_script_switches(text: str) -> int:
    if text.isascii():
        return 0
    words = words_of(read_prose(text).text)
    scripts = [_JAPANESE.get(word.script, word.script) for word in words if word.script != "Greek"]  # formulas' letters
    return sum(first != second for first, second in pairwise(scripts))


def _repetitions(responses: Sequence[str]) -> list[float]:
    task = Task(task_id="", prompt="", reference=None)
    scores = RepetitionPenalty(ngram_size=3, max_penalty=-1.0).score(
        [Attempt(task=task, response=text) for text in responses]
    )
    return [abs(score.value) for score in scores]


def _reflections_by_word(samples: Sequence[Sample]) -> dict[str, float]:
    """Return how often a response holds each word that occurs, in the mean over all responses."""
    total = sum((reflections(sample.response) for sample in samples), Counter[str]())
    return {word: total[word] / len(samples) for words in REFLECTIVE_WORDS.values() for word in words if word in total}
