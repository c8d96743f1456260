"""Constraints as a reader sees them: sentences and words as they are counted by hand, disguises, filler."""

from __future__ import annotations

import pytest
from qa_parts import score

from reasonenv.grading.qa.constraints import is_filler, kept_constraints

SENTENCES = [
    ("Dr. Smith went home. He slept.", 2),
    ("It costs 3.5 dollars. Fine.", 2),
    ("First. Second without stop", 2),
    ("J. K. Rowling wrote it. I read it.", 2),
    ("Mr. Brown met J. K. Rowling. They talked.", 2),
    ("He took vitamin C. A cold came.", 2),
    ("John F. Kennedy spoke. All listened.", 2),
    ("It has vitamin C. It helps.", 2),
    ("We met at 5 p.m. on Monday. Then we left.", 2),
    ("We met at 5 p.m. Then we left.", 2),
    ("Wait... what? No!", 3),
    ("“Stop!” he said. Done.", 2),
    ("Visit example.com now. Thanks.", 2),
    ("今天很好。明天也是。", 2),
    ("hello there. how are you.", 2),
    ("- one\n- two", 2),
    ("One. Two. Three.", 3),
    ("! ? .", 0),
]
WORDS = [
    ("3.5 apples", 2),
    ("1,000 people", 2),
    ("$5.00 each", 2),
    ("U.S.A. rocks", 2),
    ("don't stop", 2),
    ("a well-known fact", 3),
    ("3rd place", 2),
    ("it's 5:30 pm", 3),
    ("我爱你", 3),
    ("snake_case word", 3),
]
DISGUISED = [
    ("exclude river", "The ri\u200bver."),
    ("exclude river", "The ri\u00adver."),
    ("exclude river", "The r\u0456ver."),
    ("exclude river", "R I V E R"),
    ("exclude river", "r-i-v-e-r"),
    ("exclude river", "The r1ver."),
    ("exclude river", "The ri**v**er."),
    ("exclude river", "ｒｉｖｅｒ"),
    ("exclude café", "cafe\u0301 now"),
    ("exclude_letter e", "th\u0435 cow"),
    ("exclude_letter e", "cafe\u0301"),
    ("exclude_letter e", "caf\u00e9"),
    ("no_commas", "a\u060cb"),
    ("no_commas", "a\u201ab"),
    ("max_words 2", "one\u200btwo\u200bthree"),
    ("include river", "The r\u0456ver."),
    ("num_bullets 2", "- \n- "),
]
KEPT = [
    ("exclude river", "The driver saw rivers."),
    ("exclude cat", "A vacation, a c at sea"),
    ("exclude_letter e", "a cow"),
    ("include café", "a cafe\u0301"),
    ("num_bullets 3", "+ one\n+ two\n+ three"),
    ("json_keys a", '```JSON\n{"a": 1}\n```'),
]


@pytest.mark.parametrize(("text", "count"), SENTENCES)
def test_sentences_are_counted_as_by_hand(text, count):
    assert kept_constraints(text, (f"num_sentences {count}",)) == [True]


@pytest.mark.parametrize(("text", "count"), WORDS)
def test_words_are_counted_as_by_hand(text, count):
    assert kept_constraints(text, (f"num_words {count}",)) == [True]


@pytest.mark.parametrize(("constraint", "text"), DISGUISED)
def test_a_disguise_breaks_the_constraint(constraint, text):
    assert kept_constraints(text, (constraint,)) == [False]


@pytest.mark.parametrize(("constraint", "text"), KEPT)
def test_what_only_resembles_a_disguise_keeps_it(constraint, text):
    assert kept_constraints(text, (constraint,)) == [True]


@pytest.mark.parametrize("text", ["a a a bicycle.", "x y z bicycle w", "the the the bicycle", "bicycle " * 4])
def test_repetition_and_single_letters_keep_no_constraint(text):
    assert kept_constraints(text, ("include bicycle", "max_words 8")) == [True, True]
    assert score(text, kind="constrained", constraints=("include bicycle", "max_words 8")) == 0


@pytest.mark.parametrize("text", ["My bicycle is red.", "bicycle", "The bicycle and the dog", "I am a bicycle"])
def test_prose_is_no_filler(text):
    assert not is_filler(text, ("include bicycle",))
    assert score(text, kind="constrained", constraints=("include bicycle",)) == 1
