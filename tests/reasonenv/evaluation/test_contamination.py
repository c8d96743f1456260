from __future__ import annotations

import doctest
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonenv.evaluation import contamination
from reasonenv.evaluation.contamination import NgramIndex, Overlap, words_for_overlap

NATALIA = "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May."


def test_the_examples_hold():
    assert doctest.testmod(contamination).failed == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # "natalia sold clips to 48 of her friends in april" are exactly ten words.
        ("So Natalia sold clips to 48 of her friends in April.", "natalia sold clips to 48 of her friends in april"),
        ("NATALIA  SOLD\nclips (to 48) of her friends in   april!", "natalia sold clips to 48 of her friends in april"),
        ("Natalia sold clips to ４８ of her friends in April", "natalia sold clips to 48 of her friends in april"),
        ("... and then she sold half as many clips in May", "and then she sold half as many clips in may"),
        ("Natalia sold clips to 48 of her friends in May", None),
        ("Natalia sold clips to 49 of her friends in April, and then he sold half as", None),
        ("sold clips to 48 of her friends in April", None),
        ("", None),
    ],
)
def test_ten_words_in_a_row_are_an_overlap(text: str, words: str | None):
    found = NgramIndex({"gsm8k/0": NATALIA}).overlap(text)
    assert found == (None if words is None else Overlap("gsm8k/0", words))


@pytest.mark.parametrize(
    ("text", "is_overlap"),
    [
        ("问：已知等差数列的前n项和，求公差", True),
        ("已 知 等 差 数 列 的 前 n 项 和，求通项", True),
        ("已知等差数列的后n项和为100，求公差", False),
        ("已知等差数列的前n", False),
    ],
)
def test_characters_are_the_words_of_chinese(text: str, is_overlap: bool):
    index = NgramIndex({"zh": "已知等差数列的前n项和为100，求d。"})
    assert (index.overlap(text) is not None) == is_overlap


@pytest.mark.parametrize(
    ("text", "is_overlap"), [("What is 2 + 3?", True), ("Tell me what is 2+3", False), ("2", False)]
)
def test_a_shorter_problem_overlaps_with_the_same_problem_alone(text: str, is_overlap: bool):
    assert (NgramIndex({"short": "what is 2+3"}).overlap(text) is not None) == is_overlap


def test_texts_without_words_overlap_with_nothing():
    index = NgramIndex({"empty": "?!", "none": ""})
    assert [index.overlap(text) for text in ("?!", "", "anything")] == [None, None, None]


def test_the_first_of_equal_documents_is_named():
    assert (NgramIndex({"first": NATALIA, "second": NATALIA}).overlap(NATALIA) or Overlap("", "")).document == "first"


def test_all_documents_of_which_a_text_holds_a_piece_are_told():
    index = NgramIndex({"first": NATALIA, "second": f"Solve this. {NATALIA}", "other": NATALIA.replace(" ", " or ")})
    assert index.documents_in(["nothing", f"So: {NATALIA}"]) == {"first", "second"}
    assert index.documents_in([]) == set()


def test_words_of_one_document_do_not_run_on_into_the_next():
    index = NgramIndex({"a": "one two three four five six", "b": "seven eight nine ten eleven twelve"}, ngram_size=6)
    assert index.overlap("four five six seven eight nine") is None


def test_a_size_below_one_is_refused():
    with pytest.raises(ValueError, match="ngram_size"):
        NgramIndex({}, ngram_size=0)


@given(
    st.lists(st.lists(st.sampled_from("abc"), max_size=12), max_size=4),
    st.lists(st.sampled_from("abcd"), max_size=12),
    st.integers(1, 5),
)
def test_overlaps_are_those_of_a_search_through_all_pairs(documents: list[list[str]], asked: list[str], size: int):
    def grams(words: list[str]) -> set[tuple[str, ...]]:
        return {tuple(words[start : start + size]) for start in range(max(1, len(words) - size + 1))} - {()}

    texts = {str(number): " ".join(words) for number, words in enumerate(documents)}
    expected = any(grams(words) & grams(asked) for words in documents)
    assert (NgramIndex(texts, size).overlap(" ".join(asked)) is not None) == expected


def test_the_words_of_a_text_are_folded():
    assert words_for_overlap("Straße, ÉTÉ ½ x_2 東京タワー") == ["strasse", "été", "1", "2", "x", "2", *"東京タワー"]


def test_a_benchmark_is_indexed_once_and_asked_fast():
    rng = random.Random(0)
    words = [f"w{number}" for number in range(3000)]
    index = NgramIndex({str(number): " ".join(rng.choices(words, k=60)) for number in range(2000)})
    texts = [" ".join(rng.choices(words, k=1000)) for _ in range(200)]
    start = time.perf_counter()
    assert index.documents_in(texts) == set()
    assert time.perf_counter() - start < 5  # 0.1 s on an idle machine
