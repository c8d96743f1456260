"""The reward for keeping to one language.

All before the last `</think>` is judged, with or without an opening tag. A response without that tag has not stopped
thinking, so all of it is judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from reasonenv.language.detectors import Detector, load_detector
from reasonenv.language.scripts import CHARACTERS_PER_WORD, load_language
from reasonenv.language.share import WordCount, count_words
from reasonenv.parsing import read_response
from reasonenv.types import Attempt, Score

__all__ = ["LanguageConsistency"]


@dataclass(frozen=True)
class LanguageConsistency:
    """The share of the target language's words in the chain of thought (Eq. 7 of arXiv 2501.12948).

        value = words of the target language / words

    Range [0, 1]. The target is the task's `metadata["language"]`, an ISO 639-1 code, "en" where there is none. The
    paper leaves open what a word is. Here code, LaTeX, URLs, tags and paths are none, but what they hide counts
    against the target; nor are single letters, acronyms and identifiers. Characters of scripts without spaces weigh
    what they do in translations (`CHARACTERS_PER_WORD`). Sentences in a script that several languages share are judged
    by a detector; words it is unsure of are the target's. A text without words, such as formulas alone, is in every
    language: 1.
    `details` hold the `language` and the words counted as `target_words` and `foreign_words`.

    Args:
        detector: a name of `reasonenv.language.DETECTORS`, or a `Detector`.
        whole_response: judge all of the response, not only its thinking.
        characters_per_word: script → letters that weigh as much as one word, in place of the measured number.

    Raises:
        MissingExtraError: the detector's library is not installed.
        ValueError: a script that is not in `CHARACTERS_PER_WORD`, or a number that is not positive.
    """

    detector: str | Detector = "py3langid"
    whole_response: bool = False
    characters_per_word: Mapping[str, float] = field(default_factory=dict[str, float])
    name: str = "language_consistency"
    reference_type: ClassVar[type | None] = None

    def __post_init__(self) -> None:
        load_detector(self.detector)
        for script, number in self.characters_per_word.items():
            if script not in CHARACTERS_PER_WORD or not number > 0:
                raise ValueError(
                    f"characters_per_word needs positive numbers for scripts among {', '.join(CHARACTERS_PER_WORD)}, "
                    f"got {script!r}: {number!r}."
                )

    @property
    def value_range(self) -> tuple[float, float]:
        """Return 0 and 1."""
        return 0.0, 1.0

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Score the batch, one language at a time.

        Raises:
            UnknownNameError: a task asks for a language that does not exist, or that the detector does not know.
        """
        by_language: dict[str, list[int]] = {}
        for index, attempt in enumerate(attempts):
            by_language.setdefault(attempt.task.metadata.get("language", "en"), []).append(index)
        scores: dict[int, Score] = {}
        detector = load_detector(self.detector)
        for code, indices in by_language.items():
            texts = [self._judged_part(attempts[index].response) for index in indices]
            counts = count_words(texts, load_language(code), detector, characters_per_word=self.characters_per_word)
            scores |= {index: self._score(code, count) for index, count in zip(indices, counts, strict=True)}
        return [scores[index] for index in range(len(attempts))]

    def _judged_part(self, response: str) -> str:
        thinking = None if self.whole_response else read_response(response).closed_thinking
        return response if thinking is None else thinking

    def _score(self, code: str, count: WordCount) -> Score:
        details = {"language": code, "target_words": count.target, "foreign_words": count.foreign}
        return Score(count.share, details=details)
