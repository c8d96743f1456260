"""How much a response repeats itself: the share of its n-grams that occurred before, counted for a batch at once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, count
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from reasonenv.counts import check_counts
from reasonenv.rewards.attempts import tokens_of
from reasonenv.types import Attempt, Score

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SPACELESS", "RepetitionPenalty", "RepetitionUnit", "repeated_shares"]

RepetitionUnit = Literal["words", "spaced_words", "tokens"]

# Thai, Lao, Tibetan, Myanmar, Khmer; kana, Han with its extensions. Each character of these scripts counts as a word: a
# dictionary of words would be one more dependency, and give another number with each of its versions.
SPACELESS = (
    "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_MAX_NUMBER = 2**63  # where a 64-bit integer overflows
_WORD = re.compile(rf"[{SPACELESS}]|[^\s{SPACELESS}]+")


def repeated_shares(sequences: Iterable[Sequence[Hashable]], ngram_size: int) -> list[float]:
    """Return `1 − unique / total` over the n-grams of each sequence; 0 for one that has none.

    >>> repeated_shares(["abcabc", "ab"], 3)
    [0.25, 0.0]
    """
    numbers: defaultdict[Hashable, int] = defaultdict(count().__next__)
    numbered = [np.fromiter(map(numbers.__getitem__, sequence), np.int64, len(sequence)) for sequence in sequences]
    if not numbered:
        return []
    ends = accumulate(map(len, numbered))
    ngrams_N = _numbered_ngrams(np.concatenate(numbered), len(numbers), ngram_size)
    return [
        _repeated_share(ngrams_N[end - len(parts) : max(end - len(parts), end - ngram_size + 1)])
        for parts, end in zip(numbered, ends, strict=True)
    ]


def _numbered_ngrams(parts_N: NDArray[np.int64], num_parts: int, ngram_size: int) -> NDArray[np.int64]:
    """Number the n-gram that starts at each place.

    The parts of an n-gram are digits to the base `num_parts`; where the number would overflow, its rank stands in.
    """
    ngrams_N, num_ngrams = parts_N, num_parts
    for offset in range(1, ngram_size):
        if num_ngrams * num_parts >= _MAX_NUMBER:
            known, ngrams_N = np.unique(ngrams_N, return_inverse=True)
            num_ngrams = len(known)
        ngrams_N = ngrams_N[:-1] * num_parts + parts_N[offset:]
        num_ngrams *= num_parts
    return ngrams_N


def _repeated_share(ngrams_N: NDArray[np.int64]) -> float:
    if not len(ngrams_N):
        return 0.0
    ordered_N = np.sort(ngrams_N)
    num_unique = 1 + int(np.count_nonzero(ordered_N[1:] != ordered_N[:-1]))
    return 1 - num_unique / len(ordered_N)


@dataclass(frozen=True)
class RepetitionPenalty:
    """A penalty for n-grams that occurred before (repetition penalty of arXiv 2502.03373, appendix C.2).

        value = (1 − unique / total) · max_penalty

    over the n-grams of the response; 0 if it has fewer than n words or tokens. Range (max_penalty, 0]. The paper
    penalises single tokens where they repeat; this is one value for the response, as in open-r1 and TRL.

    Args:
        ngram_size: n.
        max_penalty: value of a response that does nothing but repeat; at most 0.
        unit: "spaced_words" are the lower-cased words between spaces; "words" are these, but each character of a
            script without spaces (Han, kana, Thai, …) is a word; "tokens" are the sampled ones.

    Raises:
        ValueError: `ngram_size` is below 1 or `max_penalty` above 0.
    """

    ngram_size: int = 3
    max_penalty: float = -1.0
    unit: RepetitionUnit = "words"
    name: str = "repetition_penalty"
    reference_type: ClassVar[type | None] = None

    def __post_init__(self) -> None:
        check_counts(ngram_size=self.ngram_size)
        if not self.max_penalty <= 0:
            raise ValueError(f"A penalty is at most 0, got max_penalty={self.max_penalty}.")

    @property
    def value_range(self) -> tuple[float, float]:
        """Return `max_penalty` and 0."""
        return self.max_penalty, 0.0

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Score each attempt's response.

        Raises:
            ValueError: tokens are counted and an attempt has none.
        """
        shares = repeated_shares(map(self._parts, attempts), self.ngram_size)
        return [Score(share * self.max_penalty if share else 0.0) for share in shares]

    def _parts(self, attempt: Attempt) -> Sequence[Hashable]:
        if self.unit == "tokens":
            return tokens_of(attempt, reward=self.name)
        text = attempt.response.lower()
        return text.split() if self.unit == "spaced_words" or text.isascii() else _WORD.findall(text)
