"""Grades of answers to questions: one test for each known trap, then what holds for every kind of answer."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qa_parts import CHOICES, score

from reasonenv.grading import GradeStatus, grade_qa, unparsed_rate
from reasonenv.types import QAReference


def test_trap_decimal_point_is_kept():
    assert score("35", "3.5") == 0


def test_trap_sign_is_kept():
    assert score("5", "-5") == 0


def test_trap_fraction_bar_is_kept():
    assert score("12", "1/2") == 0


def test_trap_percent_sign_is_kept():
    assert score("50", "50%") == score("50%", "50") == 0


def test_trap_unit_is_kept():
    assert score("5 m", "5 km") == score("5", "5 km") == 0


def test_trap_plus_and_hash_are_kept():
    assert score("C", "C++") == score("C", "C#") == score("C#", "C++") == 0


def test_trap_curly_quotes_are_the_same_as_straight_ones():
    assert score("“Schindler’s List”", "Schindler's List") == 1


def test_trap_full_width_characters_are_the_same_as_narrow_ones():
    assert score("Ｔｏｋｙｏ　２０２０", "Tokyo 2020") == 1


def test_trap_accents_may_be_left_out():
    assert score("Sao Paulo", "São Paulo") == score("São Paulo", "Sao Paulo") == 1


def test_trap_marks_that_are_letters_are_kept():
    assert score("か", "が") == score("дай", "даи") == score("दल्ली", "दिल्ली") == 0


@pytest.mark.parametrize("gold", ["The", "a", "?", "...", "The The", "An", "!!", "-"])
def test_trap_gold_answer_is_never_emptied(gold):
    assert score(f"<answer>{gold}</answer>", gold) == 1
    assert score("<answer>the</answer>", gold) == (gold.lower() == "the")
    assert score("<answer> </answer>", gold) == score("", gold) == 0


def test_trap_superscripts_and_vulgar_fractions_are_not_flattened():
    assert score("102", "10²") == score("21/2", "2½") == 0
    assert score("10^2", "10²") == score("2.5", "2½") == 1


def test_trap_overlap_of_chinese_is_counted_in_characters():
    (grade,) = grade_qa([QAReference(kind="short", answers=("北京市",))], ["<answer>北京</answer>"])
    assert grade.score == 0
    assert grade.details["f1"] == pytest.approx(0.8)


def test_trap_choice_counts_only_after_the_thinking():
    assert score("<think>Answer: A</think> I cannot say.", "A", kind="choice") == 0
    assert score("<think>Answer: A</think> Answer: B", "A", kind="choice") == 0
    assert score("<think>Answer: A", "A", kind="choice") == 0


def test_trap_choice_is_the_last_one_announced():
    response = "The answer is A. No, that was wrong. The answer is C."
    assert score(response, "C", kind="choice") == 1
    assert score(response, "A", kind="choice") == 0


@pytest.mark.parametrize(
    "form", ["**{}**", "({})", r"\boxed{{{}}}", "Answer：{}", "Answer: （{}）", r"$\boxed{{\text{{{}}}}}$"]
)
def test_trap_choice_may_be_emphasised_bracketed_boxed_or_behind_a_full_width_colon(form):
    assert score(form.format("C"), "C", kind="choice") == 1


@pytest.mark.parametrize("name", ["Alice", "A-flat", "A's", "Apple", "A+", "AB", "A1", "A.B"])
def test_trap_choice_needs_a_boundary(name):
    assert score(f"Answer: {name}", "A", kind="choice") == 0


@pytest.mark.parametrize("response", ["a", "Answer: a", "I think a is fine", "a good one", "<answer>a</answer>"])
def test_trap_bare_lower_case_a_is_an_article(response):
    assert score(response, "A", kind="choice") == 0


@pytest.mark.parametrize("response", ["I", "I think so", "Answer: I would say so", "The answer is I", "I is right"])
def test_trap_bare_i_is_a_pronoun(response):
    assert score(response, "I", kind="choice", choices=tuple("123456789")) == 0


def test_trap_option_text_is_mapped_to_its_letter():
    assert score("The answer is Berlin.", "D", kind="choice", choices=CHOICES) == 1
    assert score("The answer is D.", "Berlin", kind="choice", choices=CHOICES) == 1
    assert score("D) London", "D", kind="choice", choices=CHOICES) == 0


@pytest.mark.parametrize("response", ["The answer is 1/2.", "<answer>0.50</answer>"])
def test_trap_text_that_two_options_have_chooses_neither(response):
    options = ("50%", "5", "2", "0.5")
    assert [score(response, letter, kind="choice", choices=options) for letter in "AD"] == [0, 0]


def test_trap_unparsed_answers_are_told_from_wrong_ones_and_counted():
    references = [QAReference(kind="choice", answers=("A",))] * 3 + [QAReference(kind="open")]
    grades = grade_qa(references, ["Answer: A", "Answer: B", "Answer: Alice", "Hello!"])
    assert [grade.status for grade in grades] == ["correct", "wrong", "no_answer", "no_rule"]
    assert unparsed_rate(grades) == pytest.approx(1 / 3)
    assert math.isnan(unparsed_rate(grades[3:]))


@pytest.mark.parametrize(
    "response",
    [
        "<answer>London</answer><answer>Paris</answer>",
        "<answer>Paris</answer><answer>London</answer>",
        "<answer>Paris",
        "Paris</answer>",
        "</answer>Paris<answer>",
        "<answer><answer>Paris</answer></answer>",
    ],
)
def test_trap_answer_block_must_be_exactly_one(response):
    assert score(response, "Paris") == 0


def test_trap_answer_has_a_length_cap():
    (grade,) = grade_qa(
        [QAReference(kind="short", answers=("Paris",))], [f"<answer>Paris{' ' * 5}{'x' * 2000}</answer>"]
    )
    assert (grade.status, grade.details) == (GradeStatus.NO_ANSWER, {"reason": "the answer is too long to be compared"})


@pytest.mark.parametrize("joint", [", ", "; ", " or ", " / ", " and ", "\n", " "])
def test_trap_listing_candidates_is_not_rewarded(joint):
    cities = ["London", "Paris", "Rome", "Berlin"]
    assert score(f"<answer>{joint.join(cities)}</answer>", "Paris") == 0
    assert score(f"<answer>{joint.join(cities)}</answer>", "Paris", "Rome", kind="list") == 0
    assert score(f"<answer>{joint.join('ABCD')}</answer>", "B", kind="choice") == 0
    assert score(f"<answer>{joint.join('123456789')}</answer>", "7", kind="number") == 0


def test_trap_citing_every_source_is_not_rewarded():
    assert score("It was so [1][2][3][4][5].", "2", "4", kind="citation") == 0


def test_open_question_has_no_score_and_says_why():
    (grade,) = grade_qa([QAReference(kind="open")], ["<answer>anything</answer>"])
    assert math.isnan(grade.score)
    assert (grade.status, grade.answer) == (GradeStatus.NO_RULE, None)


@pytest.mark.parametrize(
    "reference",
    [
        QAReference(kind="short"),
        QAReference(kind="short", answers=("",)),
        QAReference(kind="list", answers=("red", " ")),
        QAReference(kind="boolean", answers=("perhaps",)),
        QAReference(kind="constrained"),
        QAReference(kind="short", answers=("x" * 5000,)),
    ],
)
def test_reference_that_says_nothing_gives_no_score(reference):
    (grade,) = grade_qa([reference], ["<answer>x</answer>"])
    assert grade.status is GradeStatus.GOLD_UNPARSEABLE
    assert math.isnan(grade.score)


def test_order_counts_only_where_the_reference_says_so():
    members = ("red", "green", "blue")
    assert score("blue, green, red", *members, kind="list") == 1
    assert score("blue, green, red", *members, kind="list", is_ordered=True) == 0
    assert score("red > green > blue", *members, kind="list", is_ordered=True) == 1
    assert score("red, green, blue, red", *members, kind="list", is_ordered=True) == 0


def test_members_that_the_reference_repeats_must_be_repeated():
    assert score("3, 3, 5", "3", "5", "3", kind="list") == 1
    assert score("3, 5", "3", "5", "3", kind="list") == 0


def test_list_says_how_much_of_it_was_right():
    (grade,) = grade_qa([QAReference(kind="list", answers=("red", "green"))], ["<answer>red, blue</answer>"])
    assert grade.details == {"precision": 0.5, "recall": 0.5, "f1": 0.5}


def test_private_mark_cannot_claim_a_member():
    assert score("\ue0000\ue000, \ue0001\ue000", "salt and pepper", "oil and vinegar", kind="list") == 0


def test_several_letters_must_all_be_chosen():
    for gold in ("A, C", "AC", "A and C"):
        assert score("A and C", gold, kind="choice") == 1
        for response in ("A", "A, B, C", "A or C", "A/C", "<answer>A oder C</answer>"):
            assert score(response, gold, kind="choice") == 0


def test_constraints_must_all_be_kept():
    constraints = ("max_words 5", "include river")
    (kept, broken) = grade_qa(
        [QAReference(kind="constrained", constraints=constraints)] * 2,
        ["<answer>The river is wide.</answer>", "<think>river</think> The lake is wide."],
    )
    assert (kept.score, kept.details) == (1, {"kept": 1.0, "broken": []})
    assert (broken.score, broken.details) == (0, {"kept": 0.5, "broken": ["include river"]})


def test_responses_and_references_must_be_as_many():
    with pytest.raises(ValueError, match="got 1 references and 2 responses"):
        grade_qa([QAReference(kind="open")], ["", ""])


GARBAGE = (
    "",
    " ",
    "\x00",
    "\ud800",
    "<think>",
    "</answer><answer>",
    "(" * 3000,
    "1" * 5000,
    "1e999999999",
    "9^9^9^9",
    "，" * 500,
)
KINDS = ("short", "number", "boolean", "choice", "list", "citation")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_scores_nothing_and_never_raises(kind, garbage):
    gold = {"boolean": "yes", "choice": "B", "citation": "4"}.get(kind, "42")
    for response in (garbage, f"<answer>{garbage}</answer>", f"The answer is {garbage}", rf"\boxed{{{garbage}}}"):
        assert score(response, gold, kind=kind) == 0


@given(kind=st.sampled_from(KINDS), response=st.text(), gold=st.text(min_size=1, max_size=30))
def test_any_text_can_be_graded_against_any_other(kind, response, gold):
    (grade,) = grade_qa([QAReference(kind=kind, answers=(gold,))], [f"<answer>{response}</answer>"])
    assert grade.score in (0, 1) or math.isnan(grade.score)


@given(gold=st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=30))
def test_gold_answer_itself_is_right(gold):
    assert score(f"<think>hm</think> <answer>{gold}</answer>", gold) == 1


@given(number=st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9))
def test_number_equals_itself_and_no_neighbour(number):
    assert score(f"<answer>{number}</answer>", str(number), kind="number") == 1
    assert score(f"<answer>{number + 1}</answer>", str(number), kind="number") == 0


@given(members=st.lists(st.integers(0, 10**6), min_size=2, max_size=8, unique=True), data=st.data())
def test_list_is_right_in_any_order_and_wrong_without_a_member(members, data):
    shuffled = data.draw(st.permutations(members))
    answers = tuple(map(str, members))
    assert score(f"<answer>{', '.join(map(str, shuffled))}</answer>", *answers, kind="list") == 1
    assert score(f"<answer>{', '.join(map(str, shuffled[1:]))}</answer>", *answers, kind="list") == 0


@pytest.mark.parametrize("kind", ["short", "number", "boolean", "list", "choice", "citation"])
@pytest.mark.parametrize(
    "markup", ["`", "``", "```", "**", "__", "$$", "<answer>```</answer>", r"\boxed{**}", "~~", '""']
)
def test_markup_without_a_text_is_not_the_answer(kind, markup):
    reference = QAReference(kind=kind, answers=("yes" if kind == "boolean" else "A",), choices=("x", "y"))
    (grade,) = grade_qa([reference], [markup])
    assert grade.score == 0
