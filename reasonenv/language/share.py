"""Counting how many words of a text are the target language's.

What is cut out of the prose can only count against the target: text of any language that hides in mathematics or code
earns nothing, while formulas and code as such cost nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby, pairwise
from typing import NamedTuple

from reasonenv.language.detectors import Detector
from reasonenv.language.function_words import FUNCTION_WORDS, NOTATION_WORDS
from reasonenv.language.hidden import decoded_texts, hidden_runs
from reasonenv.language.prose import Prose, Word, ascii_words, read_prose, sentences, words_of
from reasonenv.language.scripts import CHARACTERS_PER_WORD, Language, script_of

__all__ = ["WordCount", "count_words"]

_MAX_NAME_WORDS, _MAX_NAME_SHARE = 2, 0.3
_ALL_FUNCTION_WORDS = frozenset(chain(*FUNCTION_WORDS.values()))
_NOTATION = frozenset({"Latin", "Greek"})
_KANA = frozenset({"Hiragana", "Katakana"})
_MIN_SEGMENT_WORDS = 3
_MAX_SEGMENT_WORDS = 24
_MIN_HAN_WORDS = 2
_MAX_TERSE_WORDS = 6
_MIN_KANA_SHARE = 0.1
_CLAUSE_END = re.compile(r"[,，、「」『』《》（）()“”\"]+")
_CHINESE_ONLY = frozenset(
    "这這们們么麼吗嗎呢吧给你妳她它您啊个說说对对过過时两兩从從还還没让让问题结应该种积计总边长设则证为門门间见现买卖钱谁谢请认识语读课详误调负"
    "费资质赛车转轮软较输达运进远连选适邮钟银错闭开关队阶际陆难电顶项顺须预领频颗颜风飞饭馆马验鱼鸟龙岁块写师头张热爱图书东乐"
)


class WordCount(NamedTuple):
    """Words for and against the target language: `WordCount(target=41.0, foreign=3.0)`."""

    target: float
    foreign: float

    @property
    def share(self) -> float:
        """The target's share of the words that count; 1 where there are none."""
        total = self.target + self.foreign
        return self.target / total if total else 1.0


class _Segment(NamedTuple):
    words: list[str]
    is_hidden: bool = False


@dataclass
class _Tally:
    """What the scripts alone decide of one text, and the segments that they leave open."""

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

    Code, LaTeX, URLs, tags and paths are no words, nor are identifiers, but what hides in them counts against the
    language: letters of other scripts (Latin and Greek are notation), and prose of another language.

    Args:
        texts: what to count in.
        language: the target.
        detector: judges what the scripts leave open.
        characters_per_word: letters that weigh as much as one word, for scripts of `CHARACTERS_PER_WORD`.
    """
    scales = {script: CHARACTERS_PER_WORD[script] / number for script, number in characters_per_word.items()}
    tallies = [_tally(text, language, scales) for text in texts]
    sentences_T = [[" ".join(segment.words) for segment in tally.segments] for tally in tallies]
    if any(sentences_T):
        counts_T = detector.num_foreign(sentences_T, target=language.code, candidates=language.candidates)
    else:  # the scripts decide all; the detector need not know the language
        counts_T = [[] for _ in texts]
    return [_judged(tally, counts) for tally, counts in zip(tallies, counts_T, strict=True)]


def _judged(tally: _Tally, counts: Sequence[int]) -> WordCount:
    foreign = sum(counts)
    target = sum(
        len(segment.words) - count
        for segment, count in zip(tally.segments, counts, strict=True)
        if not segment.is_hidden
    )
    return WordCount(tally.target + target, tally.foreign + foreign)


def _tally(text: str, language: Language, scales: Mapping[str, float]) -> _Tally:
    prose = read_prose(text)
    tally = _Tally(scales)
    waiting: list[str] = []
    is_latin = "Latin" in language.scripts and prose.text.isascii()
    for sentence in sentences(prose.text):
        waiting += ascii_words(sentence) if is_latin else _add_sentence(tally, sentence, language)
        if len(waiting) >= _MIN_SEGMENT_WORDS:
            tally.segments += _segments(waiting)
            waiting = []
    if waiting:
        _add_rest(tally, waiting)
    _add_hidden(tally, prose, language)
    return tally


def _add_sentence(tally: _Tally, sentence: str, language: Language) -> list[str]:
    """Count what the script decides; return the words that it leaves open."""
    if sentence.isascii() and "Latin" in language.scripts:
        return ascii_words(sentence)
    needs_detector = len(language.candidates) > 1
    undecided: list[str] = []
    clauses = _clauses(sentence, language)
    free = frozenset[str]() if "Latin" in language.scripts else _free_latin_words(clauses)
    scale_of = tally.scales.get
    for words in clauses:
        ours = language.scripts if _is_han_ours(words, language) else ()
        foreign = [w * scale_of(script, 1.0) for script, w, text in words if script not in ours and text not in free]
        tally.foreign = sum(foreign, tally.foreign)
        if needs_detector:
            undecided += [text for script, _, text in words if script in ours]
        else:
            tally.target = sum([w * scale_of(script, 1.0) for script, w, _ in words if script in ours], tally.target)
    return undecided


def _free_latin_words(clauses: Sequence[Sequence[Word]]) -> frozenset[str]:
    """Return the Latin words of a sentence in another script that are no language's: units, functions, a few names."""
    latin = [text for words in clauses for script, _, text in words if script == "Latin"]
    if not latin:
        return frozenset()
    words = list(chain(*clauses))
    notation = frozenset(text for text in latin if text.rstrip("²³") in NOTATION_WORDS)
    names = [text for text in latin if text not in notation]
    is_apart = all(len(list(run)) <= _MAX_NAME_WORDS for is_latin, run in groupby(words, _is_latin) if is_latin)
    are_names = is_apart and all(text.istitle() and text.lower() not in _ALL_FUNCTION_WORDS for text in names)
    is_few = len(names) <= _MAX_NAME_SHARE * sum(word.weight for word in words)
    return notation.union(names) if are_names and is_few else notation


def _is_latin(word: Word) -> bool:
    return word.script == "Latin"


def _clauses(sentence: str, language: Language) -> list[list[Word]]:
    """Return the words of each part that is Chinese or Japanese as a whole; of the whole sentence where none is."""
    parts = _CLAUSE_END.split(sentence) if language.code == "zh" else [sentence]
    return [words_of(part) for part in parts]


def _is_han_ours(words: Sequence[Word], language: Language) -> bool:
    """Tell Chinese and Japanese apart, by the share of kana and by characters that only Chinese has."""
    if "Han" not in language.scripts:
        return True
    han = sum([weight for script, weight, _ in words if script == "Han"])
    kana = sum([weight for script, weight, _ in words if script in _KANA])
    has_kana = kana > _MIN_KANA_SHARE * (kana + han)
    if language.code == "ja":
        return has_kana or han < (_MIN_HAN_WORDS if _has_chinese(words) else _MAX_TERSE_WORDS)
    return not has_kana or _has_chinese(words)


def _has_chinese(words: Sequence[Word]) -> bool:
    return any(not _CHINESE_ONLY.isdisjoint(word.text) for word in words)


def _segments(words: list[str], *, is_hidden: bool = False) -> Iterator[_Segment]:
    """Yield the words as one segment, or as several of about the same length where they are many."""
    count = -(-len(words) // _MAX_SEGMENT_WORDS)
    if count == 1:
        return iter((_Segment(words, is_hidden),))
    bounds = [len(words) * i // count for i in range(count + 1)]
    return (_Segment(words[start:end], is_hidden) for start, end in pairwise(bounds))


def _add_rest(tally: _Tally, waiting: list[str]) -> None:
    """Join the last words, too few to judge, to the segment before them; alone they count as the target's."""
    if tally.segments:
        tally.segments.append(_Segment(tally.segments.pop().words + waiting))
    else:
        tally.target += len(waiting)


def _add_hidden(tally: _Tally, prose: Prose, language: Language) -> None:
    """Count against the language what hides in spans and in tokens that are no words, as `count_words` says."""
    for span in prose.spans:
        if not span.text.isascii():
            words = words_of(span.text)
            scripts = language.scripts if _is_han_ours(words, language) else ()
            hidden = (word for word in words if word.script not in _NOTATION and word.script not in scripts)
            tally.foreign += sum(map(tally.weight_of, hidden))
    for run in hidden_runs(prose, language):
        if script_of(run[0][0]) in language.scripts and len(language.candidates) > 1:
            tally.segments += _segments(run, is_hidden=True)
        else:
            tally.foreign += len(run)
    tally.foreign += sum(word.weight for text in decoded_texts(prose.text) for word in words_of(text))
