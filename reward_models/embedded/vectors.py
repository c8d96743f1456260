"""What words mean, roughly: 256 numbers for each of 26,000 English words and word pieces, and for 200 Chinese words by
way of their English ones.

The table was distilled from all-MiniLM-L6-v2 (Apache-2.0) by `benchmarks/word_vectors/make_word_vectors.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import resources
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load

Vectors: TypeAlias = npt.NDArray[np.float64]
"""[W, 256], one row per word."""

NUM_DIRECTIONS = 256
_LONGEST_PIECE = 18
_FOLDER = resources.files("reward_models.embedded")


@cache
def _table() -> tuple[dict[str, int], Vectors]:
    """Return the rows of pieces, and their vectors, each of length 1."""
    tensors = load(_FOLDER.joinpath("word_vectors.safetensors").read_bytes())
    pieces = tensors["pieces"].tobytes().decode().split("\n")
    vectors = tensors["vectors"].astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return {piece: row for row, piece in enumerate(pieces)}, vectors


@cache
def _glossary() -> tuple[dict[str, str], re.Pattern[str]]:
    lines = _FOLDER.joinpath("texts", "glossary.txt").read_text("utf-8").splitlines()[1:]
    known = dict(pair.split("=") for line in lines for pair in line.split())
    return known, re.compile("|".join(sorted(map(re.escape, known), key=len, reverse=True)))


def in_english(text: str) -> str:
    """Replace the Chinese words that the glossary knows.

    >>> in_english("如何种植蔬菜?")
    ' how 种植 vegetables ?'
    """
    if text.isascii():
        return text
    known, pattern = _glossary()
    return pattern.sub(lambda found: f" {known[found.group()]} ", text)


@lru_cache(maxsize=50_000)
def _word_rows(word: str) -> tuple[int, ...]:
    """Return the row of a word, or those of the longest pieces that make it up; none where they do not."""
    rows, _ = _table()
    found: list[int] = []
    start = 0
    while start < len(word):
        prefix = "##" if start else ""
        ends = range(min(len(word), start + _LONGEST_PIECE), start, -1)
        end = next((end for end in ends if prefix + word[start:end] in rows), None)
        if end is None:
            return ()
        found.append(rows[prefix + word[start:end]])
        start = end
    return tuple(found)


def word_vectors(tokens: Sequence[str]) -> Vectors:
    """Return the vectors of the words that the table can spell, in their order."""
    rows = [row for token in tokens for row in _word_rows(token)]
    return _table()[1][rows]


def frequency_rank(word: str) -> int | None:
    """Return the place of a whole word in the table, whose most frequent words come first; None where it has none."""
    return _table()[0].get(word)


def known_share(tokens: Sequence[str]) -> float:
    """Return the share of words that are whole in the table; 1 where there are none."""
    rows, _ = _table()
    alphabetic = [token for token in tokens if len(token) > 1 and token.isascii() and token.isalpha()]
    return sum(token in rows for token in alphabetic) / len(alphabetic) if alphabetic else 1.0


def mean_vector(vectors: Vectors) -> npt.NDArray[np.float64]:
    """Return the mean at length 1, or zeros without words."""
    total = vectors.sum(axis=0)
    norm = float(np.linalg.norm(total))
    return total / norm if norm else total
