"""The parts of grading answers to questions: numerals, quantities, dates, texts, readings, constraints."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonenv.errors import UnknownNameError
from reasonenv.grading.qa.boolean import gold_boolean
from reasonenv.grading.qa.choice import gold_letters
from reasonenv.grading.qa.constraints import CONSTRAINTS, kept_constraints
from reasonenv.grading.qa.dates import CalendarDate, read_date, read_time
from reasonenv.grading.qa.lists import cited_sources, list_members, without_introduction
from reasonenv.grading.qa.numbers import only_quantity, read_quantity, same_quantity
from reasonenv.grading.qa.reading import Reading, read_answer, refined
from reasonenv.grading.qa.text import answer_forms, canonical, fold, text_forms, token_f1
from reasonenv.parsing import read_response


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.5", "1234.5"),
        ("1.234,5", "1234.5"),
        ("12,34,567", "1234567"),
        ("1 234 567", "1234567"),
        ("1'234", "1234"),
        ("1.234.567", "1234567"),
        ("3,5", "3.5"),
        ("0,125", "0.125"),
        ("1,234", "1234"),
        ("1.234", "1.234"),
        (".5", "0.5"),
        ("2 1/2", "2.5"),
        ("2½", "2.5"),
        ("3 x 10^8", "3e8"),
        ("1.5e-3", "0.0015"),
        ("10^6", "1e6"),
        ("5k", "5000"),
        ("two and a half", "2.5"),
        ("three quarters", "0.75"),
        ("one hundred and five", "105"),
        ("one hundred twenty-three thousand four hundred fifty-six", "123456"),
        ("two million", "2e6"),
        ("a dozen", "12"),
        ("minus five", "-5"),
        ("三百二十一", "321"),
        ("3万", "30000"),
        ("二〇二四", "2024"),
        ("三点一四", "3.14"),
        ("一亿二千万", "120000000"),
        ("١٢٣", "123"),
        ("five (5)", "5"),
    ],
)
def test_numeral_is_read(text, value):
    quantity = read_quantity(text)
    assert quantity is not None
    assert (quantity.value, quantity.is_bare) == (Fraction(value), True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "007",
        "1.2.3",
        "1,23,4",
        "5 or 6",
        "5-6",
        "12 13",
        "one two",
        "twenty eleven",
        "the",
        "five (6)",
        "1e99999",
        "$5 €5",
    ],
)
def test_what_is_not_one_number_is_none(text):
    assert read_quantity(text) is None


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("5 km", "5000 metres", True),
        ("5 km", "5 mi", False),
        ("5 km", "5", False),
        ("5", "5 km", True),
        ("5", "5%", False),
        ("5%", "0.05", True),
        ("12 apples", "12", True),
        ("12 apples", "12 oranges", False),
        ("5 feet 10 inches", "70 in", True),
        ("2 hours and thirty minutes", "150 min", True),
        ("20 °C", "20 degrees Celsius", True),
        ("20 °C", "20 °F", False),
        ("300 K", "300 kelvins", True),
        ("5 m²", "5 square meters", True),
        ("5 m2", "5 m", False),
        ("60 mph", "60 miles per hour", True),
        ("$1.5 million", "1,500,000 dollars", True),
        ("£3", "3 pounds", True),
        ("3 lbs", "£3", False),
        ("¥100", "100円", True),
        ("100米", "100 m", True),
        ("1/3", "0.3333333333", True),
        ("1/3", "0.333", False),
        ("-1/3", "-0.3333333333", True),
        ("-1/3", "-0.333333333", False),
        ("50%", "0.5 km", False),
        ("0.5 km", "50%", False),
    ],
)
def test_quantities_are_equal_or_not(one, other, expected):
    assert same_quantity(read_quantity(one), read_quantity(other)) is expected


def test_only_quantity_of_a_sentence_is_read_unless_it_is_uncertain():
    assert only_quantity("It weighs 5 kg in the morning.") == read_quantity("5 kg")
    assert [only_quantity(text) for text in ("at least 5", "not 5", "5 or 6", "between 5 and 6", "none")] == [None] * 5


@given(number=st.integers(0, 999_999))
def test_numbers_are_read_in_words_as_in_digits(number):
    assert read_quantity(in_words(number)).value == number


ONES = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen
"""


def in_words(number):
    ones = ONES.split()
    tens = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
    if number < 20:
        return ones[number]
    for size, name in ((1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = f" {in_words(number % size)}" if number % size else ""
            return f"{in_words(number // size)} {name}{rest}"
    return tens[number // 10] + (f"-{ones[number % 10]}" if number % 10 else "")


@pytest.mark.parametrize(
    "text",
    [
        "July 20, 1969", "20 July 1969", "the 20th of July, 1969", "07/20/1969", "20.07.1969", "1969-07-20",
        "1969年7月20日", "20 juillet 1969", "20. Juli 1969", "20 de julio de 1969", "20 июля 1969 г.", "1969/7/20",
        "Sunday, July 20, 1969", "On July 20th 1969.", "20-Jul-1969", "am 20. Juli 1969", "１９６９年７月２０日",
    ],
)  # fmt: skip
def test_date_is_read_in_every_order(text):
    assert read_date(text) == CalendarDate(1969, 7, 20)


@pytest.mark.parametrize(
    "text", ["05/06/1999", "Monday, July 20, 1969", "Feb 30, 2020", "1969", "May", "7/20/69", "", "5/5"]
)
def test_what_is_not_one_date_is_none(text):
    assert read_date(text) is None


def test_part_of_a_date_is_another_date():
    assert read_date("July 1969") == CalendarDate(1969, 7, None)
    assert read_date("4th of July") == read_date("July 4") == CalendarDate(None, 7, 4)


@pytest.mark.parametrize(
    ("text", "seconds"), [("3:30 PM", 55800), ("15:30:00", 55800), ("noon", 43200), ("12 am", 0), ("15h30", 55800)]
)
def test_time_of_day_is_read(text, seconds):
    assert read_time(text) == seconds


@pytest.mark.parametrize("text", ["3", "3.30", "24:30", "25:00", "13 pm", "3:75", "0 am", "5 times", "later"])
def test_what_is_not_a_time_of_day_is_none(text):
    assert read_time(text) is None


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("The “Café” of J. K. Rowling", "cafe of jk rowling"),
        ("U.S.A.", "usa"),
        (".NET", "dot net"),
        ("AT&T", "at and t"),
        ("5'10\"", "5 10"),
        ("《三国 演义》", "三国演义"),
        ("straße", "strasse"),
        ("re\u200bsume\u0301", "resume"),
        ("x ≤ 5", "x ≤ 5"),
    ],
)
def test_canonical_form(text, form):
    assert canonical(text) == form


@given(text=st.text(max_size=40))
def test_canonical_form_is_never_empty_unless_the_text_is(text):
    assert bool(canonical(text)) == bool(text.strip())


@given(text=st.text(st.characters(categories=["L", "N", "Zs"]), max_size=30))
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


def test_forms_hold_what_else_a_text_may_be_called():
    assert "world war 2" in text_forms("World War II")
    assert "spiderman" in text_forms("Spider-Man")
    assert "zuerich" in text_forms("Zürich")
    assert {"1969", "seine"} <= {*answer_forms("in 1969"), *answer_forms("la Seine")}


def test_overlap_counts_shared_tokens_and_characters_of_chinese():
    assert token_f1("the cat sat", "a cat") == pytest.approx(2 / 3)
    assert token_f1("北京市", "北京") == pytest.approx(0.8)
    assert token_f1("cat", "dog") == 0


@pytest.mark.parametrize(
    ("response", "reading"),
    [
        ("<think>x</think><answer> y </answer>", Reading("y", "block")),
        (r"so \boxed{y}", Reading("y", "box")),
        ("The answer is y", Reading("y", "announced")),
        ("La respuesta es y.", Reading("y.", "announced")),
        ("正确答案：y", Reading("y", "announced")),
        ("## Answer\ny", Reading("y", "announced")),
        ("y", Reading("y", "bare")),
        ("<think>y", Reading(None, "unfinished")),
        ("<answer></answer>", Reading(None, "empty")),
        ("<answer>x</answer><answer>y</answer>", Reading(None, "tags")),
        ("word " * 100, Reading(None, "long")),
    ],
)
def test_response_is_read(response, reading):
    assert read_answer(read_response(response)) == reading


@pytest.mark.parametrize(
    "response",
    [
        "The final answer would be y",
        "My pick: y",
        "La respuesta correcta es y",
        "La bonne réponse est y",
        "Die richtige Antwort lautet y",
        "La risposta è y",
        "A resposta correta é y",
        "Het antwoord is y",
        "Svaret är y",
        "Odpowiedź to y",
        "Cevap: y",
        "Jawaban adalah y",
        "Ответ: y",
        "答案应该是y",
        "答えはy",
        "정답은 y",
    ],
)
def test_every_language_of_the_table_announces_an_answer(response):
    assert read_answer(read_response(response)) == Reading("y", "announced")


@pytest.mark.parametrize(
    "response", ["The answer is not y", "Die Antwort ist nicht y", "La réponse n'est pas y", "答案是不y"]
)
def test_verb_that_is_negated_announces_nothing(response):
    assert read_answer(read_response(response)) == Reading(response, "bare")


def test_narrowing_never_offers_two_answers():
    for text in ("London is Paris because Rome", "London. It is Paris.", "It is London, as Paris is"):
        for source in ("block", "announced", "bare"):
            texts = refined(Reading(text, source))
            assert all(later in earlier for earlier, later in pairwise(texts))


def test_a_retraction_behind_the_answer_keeps_it_from_being_narrowed():
    assert refined(Reading("Paris. It lies on the Seine.", "announced"))[-1] == "Paris."
    assert refined(Reading("Paris. No, it is Lyon.", "announced")) == ["Paris. No, it is Lyon."]


def test_gold_letters_and_booleans():
    assert gold_letters("A, C", None) == gold_letters("AC", None) == {"A", "C"}
    assert gold_letters("2 km", ("1 km", "2 km")) == {"B"}
    assert gold_letters("3 km", ("1 km", "2 km")) is None
    assert (gold_boolean("True"), gold_boolean("no"), gold_boolean("maybe")) == (True, False, None)


def test_list_members_and_introductions():
    assert (
        list_members("1. red\n2. green")
        == list_members("[red, green]")
        == list_members("red & green")
        == ["red", "green"]
    )
    assert list_members("1,000, 2,000") == ["1,000", "2,000"]
    assert without_introduction("The colours are: red, blue") == "red, blue"
    assert without_introduction("red, blue") is None


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("so [1][3]", "13"),
        ("so [1, 3]", "13"),
        ("so [1-3]", "123"),
        ("so (doc 2)", "2"),
        ("so【2】", "2"),
        ("so [^2]", "2"),
        ("documents 1 and 3 say so", "13"),
        ("in (1889) it was", ""),
        ("3 people in 1889", ""),
    ],
)
def test_cited_sources(text, sources):
    assert cited_sources(text) == frozenset(sources)


@pytest.mark.parametrize(
    ("constraint", "kept", "broken"),
    [
        ("min_words 3", "one two three", "one two"),
        ("max_words 2", "one two", "one two three"),
        ("num_words 2", "well-known fact", "a fact"[:1]),
        ("num_sentences 2", "It is. It was!", "It is."),
        ("num_lines 2", "a\n\nb", "a"),
        ("num_bullets 2", "- a\n- b", "- a"),
        ("include river", "The River runs.", "The rivers run."),
        ("include_times 2 river", "river, river", "river"),
        ("exclude river", "The rivers run.", "A river."),
        ("exclude_letter e", "A big dog", "The dog"),
        ("no_commas", "a b", "a，b"),
        ("lower_case", "all low.", "All low."),
        ("upper_case", "ALL UP.", "ALL Up."),
        ("start_with Once upon", "Once upon a time", "Once a time"),
        ("end_with The end.", "So. The end.\n", "The end. So."),
        ("json_keys a b", '{"a": 1, "b": 2}', '{"a": 1}'),
        ("json_keys a", '```json\n{"a": 1}\n```', "[1]"),
    ],
)
def test_constraint_is_kept_or_broken(constraint, kept, broken):
    assert kept_constraints(kept, (constraint,)) == [True]
    assert kept_constraints(broken, (constraint,)) == [False]


def test_unknown_constraint_offers_the_closest():
    with pytest.raises(UnknownNameError, match=r"Unknown constraint 'max_word'\. Did you mean 'max_words'"):
        kept_constraints("", ("max_word 3",))
    assert len(CONSTRAINTS) >= 15


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("[2-4]", {"2", "3", "4"}),
        ("[4-2]", {"4", "2"}),
        ("[1-21]", set(map(str, range(1, 22)))),
        ("[1-22]", {"1", "22"}),
    ],
)
def test_range_of_sources_rises_and_has_a_limit(text, sources):
    assert cited_sources(text) == sources
