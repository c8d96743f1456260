"""Whether a text holds a piece of a benchmark: ten words in a row that both have (arXiv 2501.12948v2).

Covered: other spacing, punctuation, capitals, widths and accents' encodings. Not covered: paraphrases, translations,
and other numbers in the same words.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from reasonenv.counts import check_counts
from reasonenv.rewards.repetition import SPACELESS

__all__ = ["NgramIndex", "Overlap", "words_for_overlap"]

_WORD = re.compile(rf"[{SPACELESS}]|[^\W_{SPACELESS}]+")
_PLACES = "I"
_BYTES = array(_PLACES).itemsize


class Overlap(NamedTuple):
    """Where a text overlaps: `Overlap("aime/7", "find the number of positive integers n less than one")`."""

    document: str
    """The first indexed text that has these words."""
    words: str


def words_for_overlap(text: str) -> list[str]:
    """Return the words that are compared: letters and digits in lower case, each character of Chinese and the like.

    >>> words_for_overlap("Find  the MEAN of $x_1$: 求平均")
    ['find', 'the', 'mean', 'of', 'x', '1', '求', '平', '均']
    """
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


class NgramIndex:
    """The n-grams of some texts, made once and asked often.

    A text with fewer than n words is held as a whole, and overlaps with what consists of the same words.

    Args:
        texts: name → text, such as the ids and prompts of a benchmark's tasks.
        ngram_size: n.

    Raises:
        ValueError: n is below 1.

    >>> index = NgramIndex({"gsm8k/1": "Ann has three red apples and buys four green ones from Bob."})
    >>> index.overlap("ANN HAS three red apples, and buys four green ones, says Bob").document
    'gsm8k/1'
    >>> index.overlap("Ann has three green apples and buys four red ones from Bob") is None
    True
    """

    def __init__(self, texts: Mapping[str, str], ngram_size: int = 10) -> None:
        check_counts(ngram_size=ngram_size)
        self.ngram_size = ngram_size
        self._numbers: dict[str, int] = {}
        self._documents: dict[bytes, list[str]] = {}
        for name, text in texts.items():
            held = array(
                _PLACES, [self._numbers.setdefault(word, len(self._numbers) + 1) for word in words_for_overlap(text)]
            )
            for key in dict.fromkeys(_windows(held, ngram_size)):
                self._documents.setdefault(key, []).append(name)

    def overlap(self, text: str) -> Overlap | None:
        """Return the first n-gram of a text that an indexed text has, or None."""
        words = words_for_overlap(text)
        for start, key in enumerate(_windows(self._numbered(words), self.ngram_size)):
            if key in self._documents:
                return Overlap(self._documents[key][0], " ".join(words[start : start + self.ngram_size]))
        return None

    def documents_in(self, texts: Iterable[str]) -> set[str]:
        """Return the names of all indexed texts that share an n-gram with one of these.

        Index the benchmark and pass what was trained on, however large, one text after another.

        >>> NgramIndex({"b/1": "one two three", "b/2": "three two one"}, 3).documents_in(["zero one two three four"])
        {'b/1'}
        """
        found = set[str]()
        for text in texts:
            for key in _windows(self._numbered(words_for_overlap(text)), self.ngram_size):
                found.update(self._documents.get(key, ()))
        return found

    def _numbered(self, words: Sequence[str]) -> array[int]:
        return array(_PLACES, [self._numbers.get(word, 0) for word in words])


def _windows(numbers: array[int], size: int) -> Iterable[bytes]:
    """Yield each run of `size` numbers as bytes, or all of them where there are fewer; nothing of nothing."""
    data = numbers.tobytes()
    if 0 < len(numbers) < size:
        return [data]
    step = size * _BYTES
    return (data[start : start + step] for start in range(0, len(data) - step + 1, _BYTES))
