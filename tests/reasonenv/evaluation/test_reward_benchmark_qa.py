"""The labels of the benchmark's answers to questions, confirmed by reading gold and answer another way."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from reasonenv.evaluation.reward_benchmark.cases import QA_ANSWER_TYPES, labelled_answers
from reasonenv.evaluation.reward_benchmark.types import LabelledResponse
from reasonenv.grading import grade_qa

TWIN_LETTERS = str.maketrans({"ł": "l", "ø": "o", "Ł": "L", "Ø": "O", "’": "'", "ς": "σ"})
ORDERS = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "viii": "8", "two": "2", "three": "3", "four": "4", "six": "6", "eight": "8"}  # fmt: skip  # noqa: E501
WORDS = {
    word: value
    for value, word in enumerate("zero one two three four five six seven eight nine".split())  # noqa: SIM905
} | {
    word: 10 * value
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)  # noqa: SIM905
}
UNITS = {
    "km": ("m", 1000), "kilometres": ("m", 1000), "m": ("m", 1), "meters": ("m", 1), "cm": ("m", Fraction(1, 100)),
    "miles": ("m", Fraction("1609.344")), "kg": ("g", 1000), "kilograms": ("g", 1000), "g": ("g", 1),
    "pounds": ("g", Fraction("453.59237")), "l": ("l", 1), "liters": ("l", 1), "ml": ("l", Fraction(1, 1000)),
    "gallons": ("l", Fraction("3.785411784")),
}  # fmt: skip
DATE_FORMS = ("%B %d, %Y", "%d %B %Y", "%Y-%m-%d", "%m/%d/%Y", "%d.%m.%Y", "%b %d, %Y", "%Y年%m月%d日", "%A, %B %d, %Y")
TIME_FORMS = ("%I:%M %p", "%H:%M", "%I:%M%p", "%H:%M:%S")
TRUE_WORDS = {"yes", "oui", "ja", "sí", "是的", "はい", "true"}
FALSE_WORDS = {"no", "non", "nein", "不是", "いいえ", "false"}


def name(case: LabelledResponse, text: str) -> object:
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).translate(TWIN_LETTERS))
    text = re.sub(r"(?<=[A-Za-zΑ-ω])[\u0300-\u036f]", "", text).casefold().translate(TWIN_LETTERS)
    text = unicodedata.normalize("NFC", text)
    text = re.sub(r"(です)?[。.]$", "", re.sub(r"^[*`“\"«「『《]+|[*`”\"»」』》]+$", "", text.strip()).strip())
    words = re.sub(r"^(the|a|an) ", "", re.sub(r"[.\s]+", " ", text).strip()).split(" ")
    return " ".join(ORDERS.get(word, word) for word in words)


def acronym(case: LabelledResponse, text: str) -> object:
    return text.replace(".", "").removeprefix("the ")


def strip_time(text: str, forms: tuple[str, ...]) -> object:
    for form in forms:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return text


def day(case: LabelledResponse, text: str) -> object:
    return strip_time(re.sub(r"^the (\d+)[a-z]{2} of (\w+), ", r"\1 \2 ", text), DATE_FORMS)


def clock(case: LabelledResponse, text: str) -> object:
    return strip_time(text.replace("p.m.", "PM").replace("pm", "PM"), TIME_FORMS)


def in_words(text: str) -> str:
    """Digits in place of number words below one hundred."""
    words = [word for word in re.split(r"[\s-]", text.lower()) if word]
    return str(sum(WORDS[word] for word in words)) if words and all(word in WORDS for word in words) else text


def integer(case: LabelledResponse, text: str) -> object:
    text = in_words(unicodedata.normalize("NFKC", text)).strip("*")
    text = re.sub(r"^approximately |^There are | (apples|people|bridges|goals|chapters)( in all\.)?$", "", text)
    return Decimal(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else text


def large(case: LabelledResponse, text: str) -> object:
    groups = re.split(r"[,. \u202f’]", text)
    is_whole = all(len(group) == 3 for group in groups[1:]) and not re.fullmatch(r"\d{4,}\.\d{3}", text)
    return int("".join(groups)) if is_whole else text


def decimal(case: LabelledResponse, text: str) -> object:
    return Decimal(text.strip("*").replace(",", "."))


def fraction(case: LabelledResponse, text: str) -> object:
    return Fraction(text)


def negative(case: LabelledResponse, text: str) -> object:
    number = re.sub(r"^(minus|negative|\u2212|-|\u2014) ?", "", text)
    sign = -1 if number != text else 1
    return sign * int(in_words(number))


def percent(case: LabelledResponse, text: str) -> object:
    text, marks = re.subn(r" ?(%|％|per ?cent)$", "", text)
    return Decimal(text), marks


def amount(case: LabelledResponse, text: str) -> object:
    currency = "EUR" if "€" in text else "GBP" if "£" in text else "USD"
    return currency, Decimal(re.sub(r"[$€£,]|USD|dollars", "", text).strip())


def measure(case: LabelledResponse, text: str) -> object:
    found = re.search(r"(\d+) ?([a-z]+)(²?)", text)
    assert found is not None
    dimension, factor = UNITS[found[2]]
    return dimension, int(found[1]) * factor, found[3]


def minutes(case: LabelledResponse, text: str) -> object:
    parts = re.findall(r"([\d.]+) (h|m)", text)
    return sum(Fraction(number) * (60 if unit == "h" else 1) for number, unit in parts)


def power(case: LabelledResponse, text: str) -> object:
    scales = {"million": "e6", "billion": "e9", "thousand": "e3"}
    text = re.sub(r" (million|billion|thousand)", lambda found: scales[found[1]], text.replace(",", ""))
    text = re.sub(r" ?× ?10(?:\^(\d)|⁶)", lambda found: f"e{found[1] or 6}", text)
    return Decimal(text) if re.fullmatch(r"[\d.]+(e\d)?", text) else text


def truth(case: LabelledResponse, text: str) -> object:
    text = text.strip("*").lower().replace("not false", "true").replace("not true", "false")
    said = [word in TRUE_WORDS for word in re.findall(r"[^\W_]+", text) if word in TRUE_WORDS | FALSE_WORDS]
    is_list = re.search(r"\b(and|or)\b", text.split(",")[0]) or "no one" in text
    return None if is_list or not said else said[0]


def option(case: LabelledResponse, text: str) -> object:
    choices = dict(zip(case.gold.choices or (), "ABCD", strict=True))
    if re.match(r"not |A, B|[A-D] (or|and) |[a-d] lot", text):
        return None
    letters = re.findall(r"(?<![A-Za-z])[A-D](?![A-Za-z])", unicodedata.normalize("NFKC", text))[:1]
    letters += [letter for words, letter in choices.items() if words in text]
    return letters[0] if len(set(letters)) == 1 else None


def members(case: LabelledResponse, text: str) -> object:
    return None if " or " in text else frozenset(re.findall(r"[a-z]+", text.lower())) - {"and"}


def numbers(case: LabelledResponse, text: str) -> object:
    return frozenset(int(number.replace(",", "")) for number in re.findall(r"-?\d+(?:,\d{3})*(?=\.0|\b)(?<!\.0)", re.sub(r"\.0\b", "", text)))  # fmt: skip  # noqa: E501


def sources(case: LabelledResponse, text: str) -> object:
    cited = re.findall(r"[\[【]([\d, ]+)[\]】]|doc (\d)|(?:documents |^)(\d and \d)", text)
    return frozenset(re.findall(r"\d", str(cited)))


READERS: dict[str, Callable[[LabelledResponse, str], object]] = {
    "person": name, "accented name": name, "title": name, "symbol": name, "acronym": acronym, "numbered name": name,
    "chinese": name, "japanese": name, "other script": name, "date": day, "time of day": clock, "integer": integer,
    "large number": large, "decimal": decimal, "fraction": fraction, "negative": negative, "percent": percent,
    "money": amount, "measure": measure, "duration": minutes, "power of ten": power, "yes or no": truth,
    "true or false": truth, "option": option, "list of names": members, "list of numbers": numbers, "citation": sources,
}  # fmt: skip
JOINED = {"list of names": ", ", "list of numbers": ", ", "citation": " and "}


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("answer_type", QA_ANSWER_TYPES)
def test_labels_hold_by_another_reading(answer_type, seed):
    cases = labelled_answers(num_golds=20, seed=seed, answer_types=(answer_type,))
    assert {case.is_correct for case in cases} == {True, False}
    read = READERS[answer_type]
    for case in cases:
        gold = JOINED.get(answer_type, "").join(case.gold.answers)
        assert (read(case, gold) == read(case, case.answer)) == case.is_correct, (gold, case.answer, case.rule)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_grader_is_precise_and_finds_the_right_answers(seed):
    cases = labelled_answers(seed=seed)
    grades = grade_qa([case.gold for case in cases], [case.response for case in cases])
    paid = [case for case, grade in zip(cases, grades, strict=True) if grade.score == 1]
    num_right = sum(case.is_correct for case in paid)
    assert len(cases) >= 1500
    assert num_right / len(paid) >= 0.995
    assert num_right / sum(case.is_correct for case in cases) >= 0.97


def test_every_type_has_many_right_and_wrong_answers():
    counts = Counter((case.answer_type, case.is_correct) for case in labelled_answers())
    assert len(counts) == 2 * len(QA_ANSWER_TYPES)
    assert min(counts.values()) >= 25


def test_cases_are_a_function_of_the_seed_and_have_distinct_ids():
    cases = labelled_answers()
    assert cases == labelled_answers()
    assert cases != labelled_answers(seed=1)
    assert len({case.case_id for case in cases}) == len(cases)


def test_references_of_a_type_differ_and_answers_stand_in_every_kind_of_text():
    cases = labelled_answers()
    for answer_type in QA_ANSWER_TYPES:
        assert len({case.gold for case in cases if case.answer_type == answer_type}) >= 2
    numbers = [case for case in cases if case.answer_type == "large number"]
    assert len({case.response.replace(case.answer, "ANSWER") for case in numbers}) == 6


def test_every_response_ends_with_its_answer_behind_the_thinking():
    for case in labelled_answers(num_golds=2):
        rest = case.response.rpartition("</think>")[2].strip()
        assert rest.removesuffix("</answer>").rstrip().endswith(case.answer.rstrip())
