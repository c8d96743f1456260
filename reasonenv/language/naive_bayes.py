"""The default detector: py3langid's model word by word, together with the commonest words of each language."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from reasonenv.language.detectors import known_candidates
from reasonenv.language.function_words import FUNCTION_WORDS, TERMS
from reasonenv.language.pinyin import is_pinyin

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from py3langid.langid import LanguageIdentifier

__all__ = ["Py3langid"]

_MAX_WORD_CHARS = 32
_WORDS_AT_ONCE = 4096
_NUM_BYTES = 256
_MAX_LEAD = 6.0
_MAX_LAG = -8.0
_LITTLE = 0.1
_MAX_SYMBOL_CHARS = 3
_VOWEL = re.compile(r"[aeiouyæœ\u00df-\uffff]")
_FUNCTION_WORD_LEAD = 4.0
_CONTEXT_WORDS = 6
_PINYIN_LEAD = 1.5


@dataclass(frozen=True)
class Py3langid:
    """Each word's evidence for other languages, and the best division of a sentence between one and the target.

    A word's evidence is the lead of py3langid's Naive Bayes score over the target's, bounded so that no word decides
    alone, and more for a function word (`FUNCTION_WORDS`) of one of both. Words that say nothing follow their
    neighbours; capitalised ones, which may be names, short ones and those that a text repeats say little. Toneless
    pinyin is a further language of Latin letters. A sentence is foreign as a whole, or in stretches, for an l ≠ target:

        Σ_words evidence_l > threshold
        max over stretches of  Σ_their words evidence_l − switch_cost · changes > mixed_threshold

    Args:
        threshold: evidence that a sentence needs to be foreign as a whole.
        mixed_threshold: evidence that it needs to be foreign in part.
        switch_cost: what each change of language costs.
        context_bonus: by how much less will do for a language that others of the text's sentences are in.
        max_remembered_words: words whose evidence is kept for each target and set of candidates.
    """

    threshold: float = 5.5
    mixed_threshold: float = 10.0
    switch_cost: float = 1.2
    context_bonus: float = 4.5
    max_remembered_words: int = 2**17
    name: str = "py3langid"

    def __post_init__(self) -> None:
        _automaton()

    def num_foreign(self, texts: Sequence[Sequence[str]], *, target: str, candidates: Sequence[str]) -> list[list[int]]:
        """Count the words in the best foreign stretches of each sentence.

        A text with foreign stretches is read again: its sentences need less evidence for the languages found in it.
        """
        known = known_candidates(self.name, target, candidates, _identifier().labels)
        if not any(texts):
            return [[] for _ in texts]
        read = _read(texts, _word_evidence(target, known, self.max_remembered_words))
        num_foreign_S = np.zeros(len(read.texts_S), dtype=np.intp)
        bonus_TL = np.zeros((len(texts), read.leads_WL.shape[1]), dtype=np.float32)
        rows, words, languages = self._divide(read, bonus_TL)
        num_foreign_S[rows] = words
        np.add.at(bonus_TL, (read.texts_S[rows], languages), words)
        if bonus_TL.any():
            bonus_TL = np.minimum(bonus_TL * (self.context_bonus / _CONTEXT_WORDS), self.context_bonus)
            rows, words, _ = self._divide(read, bonus_TL)
            num_foreign_S[rows] = words
        counts = iter(num_foreign_S.tolist())
        return [[next(counts) for _ in sentences] for sentences in texts]

    def _divide(
        self, read: _Read, bonus_TL: NDArray[np.float32]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Return the sentences whose evidence may suffice, their foreign words and the language of these."""
        most_S = (read.most_SL + bonus_TL[read.texts_S]).max(axis=1, initial=0.0)
        rows = np.flatnonzero(most_S > self.threshold)
        rows = rows[np.argsort(-read.lengths_S[rows], kind="stable")]
        return rows, *self._best_divisions(
            read.leads_WL, read.starts_S[rows], read.lengths_S[rows], bonus_TL[read.texts_S[rows]]
        )

    def _best_divisions(
        self,
        leads_WL: NDArray[np.float32],
        starts_S: NDArray[np.intp],
        lengths_S: NDArray[np.intp],
        bonus_SL: NDArray[np.float32],
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the foreign words in the best division of each sentence and their language; long sentences first."""
        own_SL, foreign_SL, totals_SL = (np.zeros_like(bonus_SL) for _ in range(3))
        own_words_SL, foreign_words_SL = (np.zeros(bonus_SL.shape, np.int16) for _ in range(2))
        for position in range(lengths_S.max(initial=0)):
            here = slice(0, int(np.searchsorted(-lengths_S, -position)))
            own, foreign = own_SL[here] - self.switch_cost, foreign_SL[here] - self.switch_cost
            own_words, foreign_words = own_words_SL[here].copy(), foreign_words_SL[here].copy()
            enters, leaves = own > foreign_SL[here], foreign > own_SL[here]
            leads = leads_WL[starts_S[here] + position]
            totals_SL[here] += leads
            np.copyto(foreign_SL[here], own, where=enters)
            np.copyto(foreign_words_SL[here], own_words, where=enters)
            np.copyto(own_SL[here], foreign, where=leaves)
            np.copyto(own_words_SL[here], foreign_words, where=leaves)
            foreign_SL[here] += leads
            foreign_words_SL[here] += 1
        mixed_SL = np.maximum(own_SL, foreign_SL) - self.mixed_threshold + bonus_SL
        words_SL = np.where(foreign_SL > own_SL, foreign_words_SL, own_words_SL)
        whole_SL = totals_SL - self.threshold + bonus_SL
        gains_SL = np.maximum(whole_SL, mixed_SL)
        best_S, rows_S = gains_SL.argmax(axis=1), np.arange(len(lengths_S))
        is_whole_S = whole_SL[rows_S, best_S] >= mixed_SL[rows_S, best_S]
        words_S = np.where(is_whole_S, lengths_S, words_SL[rows_S, best_S])
        return np.where(gains_SL[rows_S, best_S] > 0, words_S, 0), best_S


_IN_OTHER_LETTERS = {"sr": ("hr",)}
"""Languages that py3langid knows in one script alone, and what else they may be written like."""


class _Read(NamedTuple):
    """The words of all texts: those of sentence s, of text `texts_S[s]`, begin at `starts_S[s]`."""

    leads_WL: NDArray[np.float32]
    texts_S: NDArray[np.intp]
    starts_S: NDArray[np.intp]
    lengths_S: NDArray[np.intp]
    most_SL: NDArray[np.float32]
    """What a sentence has for each language at most."""


def _read(texts: Sequence[Sequence[str]], evidence: _WordEvidence) -> _Read:
    all_sentences = [sentence for sentences in texts for sentence in sentences]
    lengths_S = np.array([sentence.count(" ") for sentence in all_sentences], dtype=np.intp) + 1
    words = " ".join(all_sentences).split(" ")
    texts_S = np.repeat(np.arange(len(texts)), [len(sentences) for sentences in texts])
    leads_WL = evidence.of(words, np.repeat(texts_S, lengths_S))
    starts_S = np.cumsum(lengths_S) - lengths_S
    most_SL = np.add.reduceat(np.maximum(leads_WL, 0), starts_S, axis=0)
    return _Read(leads_WL, texts_S, starts_S, lengths_S, most_SL)


class _WordEvidence:
    """Leads of other languages over the target, remembered: `leads_WL[rows[word]]` holds one word's."""

    def __init__(self, target: str, languages: tuple[str, ...], max_words: int) -> None:
        identifier = _identifier()
        columns = [column for column, label in enumerate(identifier.nb_classes) if label in languages]
        columns = [column for column in columns if identifier.nb_classes[column] != target]
        own = [identifier.nb_classes.index(code) for code in (target, *_IN_OTHER_LETTERS.get(target, ()))]
        self._ngrams_FL = np.asarray(identifier.nb_ptc).take(columns + own, axis=1).astype(np.float32)
        self._words_of_target = FUNCTION_WORDS.get(target, frozenset[str]())
        self._terms = TERMS.get(target, frozenset[str]())
        self._function_words: dict[str, list[int]] = {}
        if self._words_of_target:
            for column, code in enumerate(identifier.nb_classes[column] for column in columns):
                for word in FUNCTION_WORDS.get(code, ()):
                    self._function_words.setdefault(word, []).append(column)
        self._all_function_words = self._words_of_target.union(self._function_words)
        self._told_words = self._all_function_words | self._terms
        self._has_pinyin = "en" in (target, *languages)
        self._num_columns = len(columns) + self._has_pinyin
        self._max_words = max_words
        self._lock = threading.Lock()
        self._rows: dict[str, int] = {}
        self._leads_WL = np.zeros((0, self._num_columns), dtype=np.float32)
        self._is_function_word_W = np.zeros(0, dtype=bool)

    def of(self, words: Sequence[str], texts_W: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return the leads of the words, [words, languages]; one that a text repeats speaks for no language again."""
        with self._lock:
            rows_W = self._rows_of(words)
            leads_WL, is_lasting_W = self._leads_WL[rows_W], self._is_function_word_W[rows_W]
        passing = np.flatnonzero(~is_lasting_W)
        firsts = np.unique(texts_W[passing] * len(self._leads_WL) + rows_W[passing], return_index=True)[1]
        repeated = np.delete(passing, firsts)
        leads_WL[repeated] = np.minimum(leads_WL[repeated], 0)
        return leads_WL

    def _rows_of(self, words: Sequence[str]) -> NDArray[np.intp]:
        """Return where the leads of the words are, once those that are new have been learned."""
        places = map(self._rows.get, words, repeat(-1))
        rows_W = np.fromiter(places, dtype=np.intp, count=len(words))
        if (rows_W < 0).any():
            unseen = [word for word in dict.fromkeys(words) if word not in self._rows]
            if len(self._rows) + len(unseen) > self._max_words:
                self._rows.clear()
                unseen = list(dict.fromkeys(words))
            self._learn(unseen)
            rows_W = np.fromiter(map(self._rows.__getitem__, words), dtype=np.intp, count=len(words))
        return rows_W

    def _learn(self, unseen: list[str]) -> None:
        missing = len(self._rows) + len(unseen) - len(self._leads_WL)
        if missing > 0:
            more = max(missing, len(self._leads_WL), 1024)
            self._leads_WL = np.pad(self._leads_WL, ((0, more), (0, 0)))
            self._is_function_word_W = np.pad(self._is_function_word_W, (0, more))
        for start in range(0, len(unseen), _WORDS_AT_ONCE):
            chunk = unseen[start : start + _WORDS_AT_ONCE]
            first = len(self._rows)
            self._leads_WL[first : first + len(chunk)] = self._leads(chunk)
            self._is_function_word_W[first : first + len(chunk)] = [
                word.lower() in self._all_function_words for word in chunk
            ]
            self._rows.update(zip(chunk, range(first, first + len(chunk)), strict=True))

    def _leads(self, words: list[str]) -> NDArray[np.float32]:
        """Return the bounded evidence of each word, [words, languages]."""
        plain = [_plain(word[:_MAX_WORD_CHARS]) for word in words]
        leads_WL = np.zeros((len(words), self._num_columns), dtype=np.float32)
        scores_WL, num_others = self._ngram_scores(plain), self._num_columns - self._has_pinyin
        own_W1 = scores_WL[:, num_others:].max(axis=1, keepdims=True)
        leads_WL[:, :num_others] = scores_WL[:, :num_others] - own_W1
        if self._has_pinyin:
            leads_WL[:, -1] = [_PINYIN_LEAD if word.isascii() and is_pinyin(word) else _MAX_LAG for word in plain]
        leads_WL = np.clip(leads_WL, _MAX_LAG, _MAX_LEAD)
        says_little_W = [
            (len(word) <= _MAX_SYMBOL_CHARS and word.isascii()) or word.istitle() or _VOWEL.search(low) is None
            for word, low in zip(words, plain, strict=True)
        ]
        leads_WL[says_little_W] *= _LITTLE
        for row in [row for row, lower in enumerate(plain) if lower in self._told_words]:
            if plain[row] in self._all_function_words:
                lead = _FUNCTION_WORD_LEAD * (0.5 if words[row].istitle() else 1.0)
                self._add_function_word(leads_WL[row], plain[row], lead)
            else:
                np.minimum(leads_WL[row], 0, out=leads_WL[row])
        return leads_WL

    def _add_function_word(self, leads_L: NDArray[np.float32], word: str, lead: float) -> None:
        """Move the evidence of a function word of one language towards it; of both, it says what its n-grams say."""
        others = self._function_words.get(word, [])
        if word in self._words_of_target:
            both_L = leads_L[others]
            np.minimum(leads_L, 0, out=leads_L)
            leads_L -= lead
            leads_L[others] = both_L
        else:
            leads_L[others] = np.maximum(leads_L[others], 0) + lead

    def _ngram_scores(self, words: list[str]) -> NDArray[np.float32]:
        """Return Σ_f ln(1 + count_f) · ln p(f | l) over the n-grams f of each word."""
        leads_WL = np.zeros((len(words), self._ngrams_FL.shape[1]), dtype=np.float32)
        pairs_P, counts_P = np.unique(_ngrams(words), return_counts=True)
        if not len(pairs_P):
            return leads_WL
        words_P, ngrams_P = np.divmod(pairs_P, len(self._ngrams_FL))
        starts = np.flatnonzero(np.diff(words_P, prepend=-1))
        weights_P = np.log1p(counts_P.astype(np.float32))
        leads_WL[words_P[starts]] = np.add.reduceat(self._ngrams_FL[ngrams_P] * weights_P[:, None], starts, axis=0)
        return leads_WL


@lru_cache(maxsize=64)
def _word_evidence(target: str, languages: tuple[str, ...], max_words: int) -> _WordEvidence:
    return _WordEvidence(target, languages, max_words)


def _plain(word: str) -> str:
    return (word if word.isascii() else unicodedata.normalize("NFKC", word)).lower()


def _ngrams(words: list[str]) -> NDArray[np.intp]:
    """Find the n-grams of the model in all words at once, a byte of each at a time.

    Returns:
        `index of the word · number of n-grams + n-gram`, once for each occurrence.
    """
    automaton, num_ngrams = _automaton(), len(_identifier().nb_ptc)
    texts = [f" {word} ".encode("utf-8", "replace") for word in words]
    lengths_W = np.array([len(text) for text in texts], dtype=np.intp)
    longest_first_W = np.argsort(-lengths_W, kind="stable")
    width = int(lengths_W.max(initial=0))
    bytes_WB = np.frombuffer(b"".join([text.ljust(width) for text in texts]), dtype=np.uint8).reshape(len(texts), width)
    bytes_BW = bytes_WB[longest_first_W].T.astype(np.intp)
    num_reached_B = np.searchsorted(-lengths_W[longest_first_W], -np.arange(width)).tolist()
    states_W = np.zeros(len(words), dtype=np.intp)
    states: list[NDArray[np.intp]] = []
    for bytes_W, num_reached in zip(bytes_BW, num_reached_B, strict=True):
        rows = automaton.rows_S.take(states_W[:num_reached])
        states_W = automaton.next_states_RB.take(rows * _NUM_BYTES + bytes_W[:num_reached])
        states.append(states_W)
    if not states:
        return np.zeros(0, dtype=np.intp)
    ngrams = automaton.ngrams_S[np.concatenate(states)]
    words_N = np.concatenate([longest_first_W[:num_reached] for num_reached in num_reached_B])
    has_ngram = ngrams >= 0
    return words_N[has_ngram] * num_ngrams + ngrams[has_ngram]


class _Automaton(NamedTuple):
    """Byte b leads from state s to `next_states_RB[rows_S[s], b]`; n-gram `ngrams_S` ends there, or none (−1)."""

    rows_S: NDArray[np.intp]
    next_states_RB: NDArray[np.intp]
    ngrams_S: NDArray[np.intp]


@lru_cache(maxsize=1)
def _automaton() -> _Automaton:
    identifier = _identifier()
    rows_S = np.asarray(identifier.tk_row, dtype=np.intp)
    next_states_RB = np.asarray(identifier.tk_nextmove).reshape(-1, _NUM_BYTES)
    return _Automaton(rows_S, next_states_RB, np.asarray(identifier.tk_output, dtype=np.intp))


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)
