"""Counting how many words of a text are the target language's.

What is cut out of the prose can only count against the target: text of any language that hides in mathematics or code
earns nothing, while formulas and code as such cost nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from reasonenv.language.detectors import Detector
from reasonenv.language.prose import Prose, Span, Word, ascii_words, read_prose, sentences, words_of
from reasonenv.language.scripts import CHARACTERS_PER_WORD, Language

__all__ = ["WordCount", "count_words"]

_NOTATION = frozenset({"Latin", "Greek"})
_MIN_HIDDEN_WORDS = 5
_HIDDEN_PROSE = re.compile(rf"\b[^\W\d_]{{2,}}+(?:[ ,]++[^\W\d_]{{2,}}+){{{_MIN_HIDDEN_WORDS - 1},}}+")
_COMMAND = re.compile(r"\\(?:(?:begin|end)\{[A-Za-z]+\*?\}|[A-Za-z]+)")
_MIN_SEGMENT_WORDS = 3
_MAX_SEGMENT_WORDS = 24
_MIN_HAN_WORDS = 3
_MIN_KANA_SHARE = 0.1


class WordCount(NamedTuple):
    """Words for and against the target language: `WordCount(target=41.0, foreign=3.0)`."""

    target: float
    foreign: float
    is_formula: bool = False
    """There are formulas, and not one word beside or inside them: a text of every language."""

    @property
    def share(self) -> float | None:
        """The target's share of the words that count, 1 for formulas alone; None if there is nothing to count."""
        total = self.target + self.foreign
        return self.target / total if total else 1.0 if self.is_formula else None


class _Segment(NamedTuple):
    text: str
    num_words: int
    hidden_in: str | None = None
    """The kind of its span; None in prose."""


@dataclass
class _Tally:
    """What the scripts alone decide of one text, and the segments that they leave open."""

    prose: Prose
    scales: Mapping[str, float]
    """Script → what the weight of its words is multiplied by, where it is not 1."""
    target: float = 0.0
    foreign: float = 0.0
    segments: list[_Segment] = field(default_factory=list[_Segment])

    def weight_of(self, word: Word) -> float:
        return word.weight * self.scales.get(word.script, 1.0)


def count_words(
    texts: Sequence[str],
    language: Language,
    detector: Detector,
    *,
    characters_per_word: Mapping[str, float] = CHARACTERS_PER_WORD,
) -> list[WordCount]:
    """Count the words of each text that are, and are not, in a language.

    Code, LaTeX, URLs, tags and paths are no words, but what they hide counts against the language: letters of other
    scripts (Latin and Greek are notation), and five or more words in a row that are prose of another language (in code,
    of another language than English).

    Args:
        texts: what to count in.
        language: the target.
        detector: judges what the scripts leave open.
        characters_per_word: letters that weigh as much as one word, for scripts of `CHARACTERS_PER_WORD`.
    """
    scales = {script: CHARACTERS_PER_WORD[script] / number for script, number in characters_per_word.items()}
    tallies = [_tally(text, language, scales) for text in texts]
    segments = [segment for tally in tallies for segment in tally.segments]
    foreign = _foreign(detector, {segment.text for segment in segments}, language.code, language.candidates)
    in_code = {segment.text for segment in segments if segment.hidden_in == "code"} & foreign
    not_english = _foreign(detector, in_code, "en", language.candidates)
    return [_judged(tally, foreign, not_english) for tally in tallies]


def _foreign(detector: Detector, texts: set[str], target: str, candidates: Sequence[str]) -> set[str]:
    """Return those texts that are surely not in the target language."""
    ordered = sorted(texts)
    verdicts = detector.is_foreign(ordered, target=target, candidates=candidates) if ordered else []
    return {text for text, is_foreign in zip(ordered, verdicts, strict=True) if is_foreign}


def _judged(tally: _Tally, foreign: set[str], not_english: set[str]) -> WordCount:
    num_target, num_foreign = tally.target, tally.foreign
    for segment in tally.segments:
        if segment.text in (not_english if segment.hidden_in == "code" else foreign):
            num_foreign += segment.num_words
        elif segment.hidden_in is None:
            num_target += segment.num_words
    return WordCount(num_target, num_foreign, not num_target + num_foreign and _is_formula(tally.prose))


def _is_formula(prose: Prose) -> bool:
    parts = (prose.text, *(span.text for span in prose.spans))
    has_words = any(next(words_of(_COMMAND.sub(" ", part)), None) for part in parts)
    return any(span.kind == "math" for span in prose.spans) and not has_words


def _tally(text: str, language: Language, scales: Mapping[str, float]) -> _Tally:
    prose = read_prose(text)
    tally = _Tally(prose, scales)
    waiting: list[str] = []
    for sentence in sentences(prose.text):
        waiting += _add_sentence(tally, sentence, language)
        if len(waiting) >= _MIN_SEGMENT_WORDS:
            tally.segments += _segments(waiting)
            waiting = []
    if waiting:
        _add_rest(tally, waiting)
    for span in prose.spans:
        _add_span(tally, span, language)
    return tally


def _add_sentence(tally: _Tally, sentence: str, language: Language) -> list[str]:
    """Count what the script decides; return the words that it leaves open."""
    if sentence.isascii() and "Latin" in language.scripts:
        return ascii_words(sentence)
    words = list(words_of(sentence))
    scripts = language.scripts if _is_han_ours(words, language) else ()
    needs_detector = len(language.candidates) > 1
    undecided: list[str] = []
    for word in words:
        if word.script not in scripts:
            tally.foreign += tally.weight_of(word)
        elif needs_detector:
            undecided.append(word.text)
        else:
            tally.target += tally.weight_of(word)
    return undecided


def _is_han_ours(words: Iterable[Word], language: Language) -> bool:
    """Chinese has no kana, and Japanese sentences of some length have some: tell them apart by its share."""
    if "Han" not in language.scripts:
        return True
    weights = {"Han": 0.0, "Hiragana": 0.0, "Katakana": 0.0}
    for word in words:
        if word.script in weights:
            weights[word.script] += word.weight
    kana = weights["Hiragana"] + weights["Katakana"]
    has_kana = kana > _MIN_KANA_SHARE * (kana + weights["Han"])
    if language.code == "ja":
        return has_kana or weights["Han"] < _MIN_HAN_WORDS
    return not has_kana


def _segments(words: list[str], *, hidden_in: str | None = None) -> Iterator[_Segment]:
    """Yield the words as one segment, or as several of about the same length where they are many."""
    count = -(-len(words) // _MAX_SEGMENT_WORDS)
    if count == 1:
        yield _Segment(" ".join(words), len(words), hidden_in)
        return
    bounds = [len(words) * i // count for i in range(count + 1)]
    for start, end in pairwise(bounds):
        yield _Segment(" ".join(words[start:end]), end - start, hidden_in)


def _add_rest(tally: _Tally, words: list[str]) -> None:
    """Join the last words, too few to judge, to the segment before them; alone they count as the target's."""
    if tally.segments:
        before = tally.segments.pop()
        tally.segments.append(_Segment(f"{before.text} {' '.join(words)}", before.num_words + len(words)))
    else:
        tally.target += len(words)


def _add_span(tally: _Tally, span: Span, language: Language) -> None:
    """Count what a span hides against the language, as `count_words` says."""
    if not span.text.isascii():
        hidden = (word for word in words_of(span.text) if word.script not in _NOTATION)
        tally.foreign += sum(tally.weight_of(word) for word in hidden if word.script not in language.scripts)
    if span.text.count(" ") < _MIN_HIDDEN_WORDS - 1:
        return
    for run in _HIDDEN_PROSE.findall(_COMMAND.sub("|", span.text)):
        words = [word.text for word in words_of(run) if word.script == "Latin"]
        if "Latin" not in language.scripts:
            tally.foreign += 0 if span.kind == "code" else len(words)
        elif words:
            tally.segments += _segments(words, hidden_in=span.kind)
