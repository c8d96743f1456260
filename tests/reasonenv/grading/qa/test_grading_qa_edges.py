"""Answers to questions at the edge of a rule: what is one character, one number or one condition away from it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from qa_parts import CHOICES, score

from reasonenv.grading import GradeStatus, grade_qa
from reasonenv.grading.qa.boolean import gold_boolean
from reasonenv.grading.qa.constraints import kept_constraints
from reasonenv.grading.qa.dates import CalendarDate, read_date, read_time
from reasonenv.grading.qa.lists import list_members, without_introduction
from reasonenv.grading.qa.numbers import read_quantity
from reasonenv.grading.qa.numerals import read_numeral
from reasonenv.grading.qa.reading import Reading, read_answer, refined, without_markup
from reasonenv.grading.qa.text import canonical
from reasonenv.parsing import read_response
from reasonenv.types import QAReference

ROWS = [
    ("boolean", ("no",), "Yes, it floats.\nBut in the end:\nNo.", 0),
    ("boolean", ("yes",), "<answer>My view is yes.</answer>", 1),
    ("boolean", ("yes",), "It is true that whales swim as fish do.", 0),
    ("boolean", ("yes",), "The claim is true if the whale is asleep.", 0),
    ("boolean", ("yes",), "The claim is true while the whale is asleep.", 1),
    ("choice", ("B",), "(C) London", 0),
    ("choice", ("A, B, D",), "<answer>ABD</answer>", 1),
    ("choice", ("A, B, D",), "<answer>BAD</answer>", 0),
    ("choice", ("C",), "At first I would choose B. In the end, C is correct.", 1),
    ("choice", ("B",), "At first I would choose B. In the end, C is correct.", 0),
    ("choice", ("B",), "One can see that not B is correct.", 0),
    ("choice", ("B",), "Having read them all, I would choose B, C.", 0),
    ("choice", ("B",), "Having read them all, I would choose B.", 1),
    ("choice", ("C",), "First I choose B. " + "word " * 450 + "I choose C.", 1),
    ("list", ("1.5", "2.5"), "1,5; 2,5", 1),
    ("list", ("1", "5", "2"), "1,5; 2", 0),
    ("citation", ("1",), "It took three (3) years [1].", 1),
    ("citation", ("1",), "It took years [as the other sources say] to build [1].", 1),
    ("citation", ("Smith 2020",), "It took years [Smith 2020].", 1),
    ("number", ("1/3",), "0.33333333333", 1),
    ("number", ("1/3",), "0.33333333334", 1),
    ("number", ("1/3",), "0.33333333335", 0),
    ("number", ("0.3333333333",), "0.33333333334", 0),
    ("number", ("42",), "After a long walk beside the river we finally counted 42 apples", 1),
    ("number", ("$5",), "$5 dollars", 1),
    ("number", ("5%",), "5% of the 300 people", 0),
    ("number", ("5 kg",), "5 pounds", 0),
    ("number", ("$5",), "5 pounds", 0),
    ("number", ("£5",), "5 pounds", 1),
    ("short", ("13th century",), "thirteenth century", 1),
    ("short", ("Paris, London, Rome",), "Rome, Paris, London", 0),
    ("short", ("Mrs. Dalloway",), "Mrs. Dalloway. It was written by Virginia Woolf.", 1),
    ("short", ("1",), "I", 0),
    ("short", ("Henry 1",), "Henry I", 1),
]


@pytest.mark.parametrize(("kind", "answers", "response", "expected"), ROWS)
def test_answer_at_the_edge_of_a_rule_is_graded_as_the_table_says(kind, answers, response, expected):
    assert score(response, *answers, kind=kind, choices=CHOICES if kind == "choice" else None) == expected


@pytest.mark.parametrize("response", ["i", "Answer: i", "<answer>i</answer>", r"\boxed{i}"])
def test_bare_lower_case_i_is_a_pronoun_even_where_there_is_an_option_i(response):
    assert score(response, "I", kind="choice") == 0


@pytest.mark.parametrize("response", ["I.", "(I)", "<answer>I</answer>", r"\boxed{I}"])
def test_upper_case_i_is_an_option_where_nothing_but_a_letter_can_stand(response):
    assert score(response, "I", kind="choice") == 1


@pytest.mark.parametrize(
    ("choices", "response", "expected"),
    [
        (("A. worm", "B. yeast", "C. mouse"), "yeast", 1),
        (("A. worm", "C. yeast", "B. mouse"), "yeast", 0),
        (("C. elegans", "E. coli", "Mouse"), "coli", 0),
        (("C. elegans", "E. coli", "Mouse"), "E. coli", 1),
    ],
)
def test_letters_before_options_are_no_part_of_them_where_all_come_in_order(choices, response, expected):
    assert score(response, "B", kind="choice", choices=choices) == expected


@pytest.mark.parametrize("letters", ["A Z", "AJ"])
def test_letters_that_no_option_has_are_no_answer_rather_than_a_wrong_one(letters):
    reference = QAReference(kind="choice", answers=("A",), choices=CHOICES)
    (grade,) = grade_qa([reference], [f"<answer>{letters}</answer>"])
    assert grade.status is GradeStatus.NO_ANSWER


def test_gold_boolean_of_more_than_forty_characters_is_an_explanation():
    assert gold_boolean("No, " + "x" * 36) is False
    assert gold_boolean("No, " + "x" * 37) is None


@pytest.mark.parametrize(
    ("constraint", "kept", "broken"),
    [
        ("include_times 2 river", "river, river, river", "rivers, river"),
        ("json_keys a", '{"a": 1}', '{"a": 1, "b": 2}'),
        ("json_keys a", '{"a": 1}', '["a"]'),
        ("num_lines 2", "one\n \t\ntwo", "one\n \t\ntwo\nthree"),
        ("exclude_letter E", "a cow", "the cow"),
        ("lower_case", "low 5", "5"),
        ("upper_case", "UP 5", "5"),
    ],
)
def test_constraint_is_neither_looser_nor_stricter_than_it_says(constraint, kept, broken):
    assert kept_constraints(kept, (constraint,)) == [True]
    assert kept_constraints(broken, (constraint,)) == [False]


def test_leap_day_is_a_date_without_a_year_and_only_in_leap_years():
    assert read_date("February 29") == CalendarDate(None, 2, 29)
    assert read_date("February 29, 2000") == CalendarDate(2000, 2, 29)
    assert read_date("February 29, 1900") is None


def test_date_in_its_longest_form_is_read():
    assert read_date("Saturday, the 20th of September, 1969") == CalendarDate(1969, 9, 20)


def test_weekday_belongs_to_whole_dates_only():
    assert [read_date(f"Sunday, {text}") for text in ("July 20", "July 1969", "July 21, 1969")] == [None] * 3


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        *[("24:00", 24), ("25:00", None), ("midnight", 0), ("12 midnight", 0), ("noon", 12), ("12 noon", 12)],
        *[("12 am", 0), ("12 pm", 12), ("0 am", None), ("13 pm", None), ("1 am", 1), ("11 pm", 23)],
        *[("3.30 pm", 15.5), ("3.30 Uhr", 3.5), ("3.30", None), ("3:30", 3.5), ("12:30 am", 0.5)],
    ],
)
def test_time_of_day_at_the_turn_of_a_half_day(text, hour):
    assert read_time(text) == (None if hour is None else hour * 3600)


def test_brackets_around_a_list_are_none_of_its_members():
    assert list_members("(red (dark), blue)") == ["red (dark)", "blue"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("三万五千", 35_000), ("十二万", 120_000), ("三亿", 300_000_000), ("三万", 30_000)],
        *[("三万亿", 3 * 10**12), ("一万二千亿", 12 * 10**11), ("两亿三千万", 230_000_000)],
    ],
)
def test_digit_before_a_myriad_counts_myriads(text, value):
    assert read_quantity(text).value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("hundred", 100), ("dozen", 12), ("a hundred", 100), ("three thousand two hundred", 3200)],
        *[("two million three thousand", 2_003_000), ("one million and five", 1_000_005)],
        *[("one hundred and two and a half", Fraction(205, 2)), ("two and three quarters", Fraction(11, 4))],
        *[("10^400", 10**400), ("10^401", None), ("3 x 10^400", 3 * 10**400), ("3 x 10^401", None), ("1e401", None)],
        *[("1/2 km", Fraction(1, 2)), ("2 1/2 km", Fraction(5, 2)), ("1.5/2", None), ("1.5 1/2", None)],
        *[("$-5", -5), ("-$5", -5), ("-$-5", 5), ("- 5", -5), ("minus $5", -5), ("$5 euros", None)],
    ],
)
def test_value_of_a_number_at_the_edge_of_what_is_one(text, value):
    quantity = read_quantity(text)
    assert (None if quantity is None else quantity.value) == value


@pytest.mark.parametrize(
    ("text", "end"),
    [("1" * 400, 400), ("1" * 401, None), ("1/" + "1" * 400, 402), ("1/" + "1" * 401, 1), ("five and", 4), ("a", None)],
)
def test_a_numeral_ends_where_what_follows_is_no_part_of_it(text, end):
    numeral = read_numeral(text)
    assert (None if numeral is None else numeral.end) == end


@pytest.mark.parametrize("code", [0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, 0xFEFF])
def test_characters_that_nobody_sees_are_no_part_of_a_text(code):
    assert canonical(f"co{chr(code)}operate") == "cooperate"


def test_words_that_introduce_a_list_may_be_many():
    introduction = "The colours of the flag that flies over the town hall of the capital are: "
    assert without_introduction(f"{introduction}red, blue") == "red, blue"
    assert without_introduction(f"{'very ' * 30}long words are: red, blue") is None


def test_initials_are_one_word_with_or_without_points():
    assert canonical("J K Rowling") == canonical("J.K. Rowling") == canonical("J. K. Rowling") == "jk rowling"


def test_year_before_a_number_is_no_part_of_it_and_before_a_word_it_is():
    assert [score(f"<answer>year {said}</answer>", said) for said in ("1969", "dragon")] == [1, 0]


def test_overlap_of_citations_is_told_by_precision_and_recall():
    (grade,) = grade_qa([QAReference(kind="citation", answers=("1", "2"))], ["It is so [1][3][4]."])
    assert grade.details == pytest.approx({"precision": 1 / 3, "recall": 1 / 2, "f1": 2 / 5})


def test_sources_are_looked_for_in_the_first_characters_of_a_text():
    (grade, late) = grade_qa(
        [QAReference(kind="citation", answers=("1",))] * 2, ["word " * number + "[1]" for number in (1599, 1600)]
    )
    assert (grade.status, late.status) == (GradeStatus.CORRECT, GradeStatus.NO_ANSWER)


def test_overlap_of_a_short_answer_is_that_with_the_closest_of_the_gold_answers():
    reference = QAReference(kind="short", answers=("Paris", "City of Light", "Lutetia"))
    (grade,) = grade_qa([reference], ["<answer>City of Lights</answer>"])
    assert grade.details["f1"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("text", "parts"), [("thirds", 3), ("fifths", 5), ("sixths", 6), ("eighths", 8), ("tenths", 10)]
)
def test_parts_are_named_by_their_ordinal(text, parts):
    assert read_quantity(f"two {text}").value * parts == 2


@pytest.mark.parametrize("text", ["fifteen five", "ten one", "five fifteen", "twenty twenty", "twenty ten"])
def test_number_words_that_do_not_add_up_are_no_number(text):
    assert read_quantity(text) is None


def test_an_announced_answer_is_read_whatever_length_the_words_behind_it_have():
    assert score("The answer is Paris. " + "It lies on the Seine. " * 100, "Paris") == 1


def test_repeating_a_member_does_not_make_a_list_more_precise():
    (grade,) = grade_qa([QAReference(kind="list", answers=("red", "blue"))], ["<answer>red, red, green</answer>"])
    assert grade.details == {"precision": 0.5, "recall": 0.5, "f1": 0.5}


def test_response_of_three_hundred_characters_is_its_own_answer_and_a_longer_one_is_not():
    assert read_answer(read_response("x" * 300)) == Reading("x" * 300, "bare")
    assert read_answer(read_response("x" * 301)) == Reading(None, "long")


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        (r"<answer>\boxed{5}</answer>", Reading("5", "block")),
        (r"so \boxed{5}", Reading("5", "box")),
        ("<answer>The answer is Paris</answer>", Reading("Paris", "block")),
        ("The answer is Paris", Reading("Paris", "announced")),
    ],
)
def test_source_of_a_reading_is_what_stands_around_it(text, reading):
    assert read_answer(read_response(text)) == reading


@pytest.mark.parametrize(
    ("text", "narrowed"),
    [
        ("It is said that the capital is Paris", ["Paris"]),
        ("The capital is Paris\nLondon is no capital", []),
        ("It is Paris. It is large.", []),
        ("It is Paris or London", []),
        ("It is " + "x" * 294, ["x" * 294]),
        ("It is " + "x" * 295, []),
    ],
)
def test_one_line_that_asserts_one_thing_is_narrowed_and_nothing_else(text, narrowed):
    assert refined(Reading(text, "block")) == [text, *narrowed]


@pytest.mark.parametrize("text", ["(a) b)", "$5$, $6$", "“a” b”", "{a}"])
def test_marks_that_are_not_around_everything_stay(text):
    assert without_markup(text) == text


@pytest.mark.parametrize("text", ['"Hamlet".', '"Hamlet",', "“Hamlet”,", "*Hamlet*."])
def test_mark_behind_the_closing_quote_does_not_keep_the_quotes(text):
    assert without_markup(text) == "Hamlet"


def test_constrained_text_has_a_limit_of_characters():
    reference = QAReference(kind="constrained", constraints=("max_words 5",))
    grades = grade_qa([reference] * 2, ["x" * 20_000, "x" * 20_001])
    assert [grade.status for grade in grades] == [GradeStatus.CORRECT, GradeStatus.NO_ANSWER]
