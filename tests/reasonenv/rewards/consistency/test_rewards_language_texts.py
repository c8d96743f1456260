"""Language consistency of any text and of real ones, by any detector."""

from __future__ import annotations

import json
import random

import pytest
from areas import public_data
from hypothesis import given
from hypothesis import strategies as st
from test_rewards_language import CHINESE, ENGLISH, GERMAN, attempt, value

from reasonenv.errors import UnknownNameError
from reasonenv.language import count_words
from reasonenv.language.naive_bayes import Py3langid
from reasonenv.language.prose import words_of
from reasonenv.language.scripts import load_language
from reasonenv.rewards.language import LanguageConsistency


@pytest.mark.parametrize("detector", ["py3langid", "langdetect", Py3langid(threshold=1.0)])
def test_detector_is_a_name_or_an_object(detector) -> None:
    assert value(f"{ENGLISH} {GERMAN}", detector=detector) == pytest.approx(0.5, abs=0.1)


def test_unknown_detector_and_unknown_language_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="language detector 'py3lang'"):
        LanguageConsistency(detector="py3lang")
    with pytest.raises(UnknownNameError, match="language 'English'"):
        value(ENGLISH, "English")


@given(st.text(alphabet="ab \n$`\\[](){}<>/.漢かé1") | st.text(), st.sampled_from(["en", "zh", "ja", "ru", "ko"]))
def test_value_is_a_share_for_any_text_and_the_same_again(text: str, language: str) -> None:
    first = value(text, language)
    assert 0 <= first <= 1
    assert value(text, language) == first


@given(st.integers(0, 6), st.integers(0, 6))
def test_more_of_the_target_language_earns_more(num_more: int, num_other: int) -> None:
    text = f"{ENGLISH} " + f"{CHINESE} " * num_other
    assert value(text + f"{ENGLISH} " * num_more) >= value(text)


@pytest.mark.parametrize(
    "text",
    ["$a " * 60_000, "```" * 60_000, "\\[" * 100_000, "<a" * 100_000, "/a" * 100_000, "a" * 200_000, "漢" * 60_000,
     "\\begin{a}\\end{b}" * 12_000, "aa bb cc dd 1 " * 14_000, "{" * 200_000, "\n" * 200_000],
)  # fmt: skip
def test_hostile_text_is_read(text: str) -> None:
    assert 0 <= value(text) <= 1


def public_file(path: str) -> list[str]:
    return public_data(path).read_text(encoding="utf-8").splitlines()


def mixed_document(
    sentences: dict[str, list[str]], target: str, other: str, generator: random.Random
) -> tuple[str, float]:
    """Twenty sentences of two languages in random order, and the share of the target's words among theirs."""
    num_target = generator.choice([0, 5, 10, 15, 20])
    drawn = [(target, text) for text in generator.sample(sentences[target], num_target)]
    drawn += [(other, text) for text in generator.sample(sentences[other], 20 - num_target)]
    generator.shuffle(drawn)
    words = [(language, sum(word.weight for word in words_of(text))) for language, text in drawn]
    share = sum(weight for language, weight in words if language == target) / sum(weight for _, weight in words)
    return generator.choice([" ", "\n"]).join(text for _, text in drawn), share


@pytest.mark.parametrize("target", ["de", "en", "es", "fr", "ja", "ru", "zh"])
def test_share_of_mixed_documents_is_right_to_a_hundredth_on_average(target: str) -> None:
    languages = ("de", "en", "es", "fr", "ja", "ru", "zh")
    sentences = {code: public_file(f"language_sentences/{code}.txt") for code in languages}
    generator = random.Random(f"mixed documents with {target}")
    documents = [
        mixed_document(sentences, target, other, generator) for other in languages if other != target for _ in range(10)
    ]
    counts = count_words([text for text, _ in documents], load_language(target), Py3langid())
    errors = [abs(count.share - share) for count, (_, share) in zip(counts, documents, strict=True)]
    assert sum(errors) / len(errors) <= 0.01


def test_english_solutions_of_mathematics_earn_nearly_everything() -> None:
    solutions = [json.loads(line)["solution"] for line in public_file("math500/test.jsonl")]
    scores = LanguageConsistency().score([attempt(solution) for solution in solutions])
    assert sum(score.value for score in scores) / len(scores) >= 0.995
