from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reasonenv.language.prose import ascii_words, read_prose, sentences, words_of


def kinds_of(text: str) -> list[tuple[str, str]]:
    return [(span.kind, span.text) for span in read_prose(text).spans]


@pytest.mark.parametrize(
    "code",
    ["`x = 1`", "```python\nx = 1\n```", "```\nnever closed", "[asy]\ndraw((0,0)--(1,1));\n[/asy]", "[asy] draw(A);"],
)
def test_code_is_cut_out(code: str) -> None:
    assert kinds_of(f"Run {code}") == [("code", code)]
    assert read_prose(f"Run {code}").text == "Run  "


@pytest.mark.parametrize(
    "formula",
    [
        *["$x$", "$a + b$", r"$\text{if } x$", r"$\$5$", "$a\n+ b$", "$$a\n\n+ b$$", r"\(a\)", r"\[a\]", r"\[a + b"],
        *[r"\begin{align*}a &= b \\ c &= d\end{align*}", r"\begin{array}{c} a \end{array}", r"\begin{cases} a"],
    ],
)
def test_formulas_are_cut_out(formula: str) -> None:
    assert kinds_of(f"So {formula}") == [("math", formula)]


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        ("It costs $5 and then $6 more", "It costs $5 and then $6 more"),
        ("one $ sign", "one $ sign"),
        ("$a\n\nb$ is no formula", "$a\n\nb$ is no formula"),
        (r"\textbf{Step} one", " {Step} one"),
        (r"\begin{enumerate}\item First\end{enumerate}", "   First "),
        ("and/or, either/or", "and/or, either/or"),
        ("2 < 3 and 5 > 4", "2 < 3 and 5 > 4"),
        ("one ` tick", "one ` tick"),
    ],
)
def test_prose_stays(text: str, prose: str) -> None:
    assert read_prose(text).text == prose


@pytest.mark.parametrize(
    "span",
    ["https://a.org/b?c=d", "www.a.org", "<b>", "</b>", "<|im_end|>", "/usr/lib/x.py", "~/a/b", "./a/b.txt", "../a"],
)
def test_addresses_tags_and_paths_are_cut_out(span: str) -> None:
    assert kinds_of(f"See {span} here") == [("other", span)]


def test_an_address_ends_where_another_script_begins() -> None:
    assert read_prose("看https://a.org/b这里").text == "看 这里"


def test_double_backslash_before_a_bracket_opens_no_formula() -> None:
    assert kinds_of(r"a \\[2pt] b") == [("other", r"\\")]


_SHOWN = st.characters(exclude_categories=("Cf",), exclude_characters="&%_\\")


@given(st.text(alphabet="ab 1$`\\[](){}<>/~.\n漢é") | st.text(_SHOWN))
@example("\ud800 $\0$")
def test_prose_and_spans_are_all_of_the_text(text: str) -> None:
    prose = read_prose(text)
    assert len(text) == len(prose.text) - len(prose.spans) + sum(len(span.text) for span in prose.spans)


def test_sentences_end_at_marks_of_every_script_and_at_line_ends() -> None:
    assert list(sentences("One. Two? 三。四！\n\nपाँच। six")) == ["One", " Two", " 三", "四", "पाँच", " six"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Let us see", ["Let", "us", "see"]),
        ("a B é", []),
        ("GCD and QED, but EXAMPLE", ["and", "but", "EXAMPLE"]),
        ("maxValue, iPhone, 2nd, x1, func_name, _private", []),
        ("don't", ["don"]),
        ("naïve Größe", ["naïve", "Größe"]),
        ("योग निकालते", ["योग", "निकालते"]),
        ("cafe\u0301", ["cafe\u0301"]),
        ("Python3的 使用code吧", ["的", "使用", "code", "吧"]),
        ("3개의 사과", ["개의", "사과"]),
    ],
)
def test_words_that_say_something_of_their_language(text: str, words: list[str]) -> None:
    assert [word.text for word in words_of(text)] == words


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("漢字漢", [("Han", 2.0)]),
        ("かな", [("Hiragana", 1 / 1.4)]),
        ("ที่", [("Thai", 1 / 3.6)]),
        ("word", [("Latin", 1.0)]),
    ],
)
def test_letters_of_scripts_without_spaces_weigh_a_part_of_a_word_and_marks_nothing(text: str, weights) -> None:
    assert [(word.script, pytest.approx(word.weight)) for word in words_of(text)] == weights


def test_a_token_too_long_to_remember_is_read_alike() -> None:
    assert [word.weight for word in words_of("漢" * 300)] == [200.0]


@given(st.text(alphabet=st.characters(max_codepoint=127)))
@example("Ab aB AB ABCDEF A1 a_b ABc")
def test_the_fast_way_finds_the_same_words_in_ascii(text: str) -> None:
    assert ascii_words(text) == [word.text for word in words_of(text)]


@given(st.text())
def test_any_text_has_words_of_positive_weight_with_a_script(text: str) -> None:
    assert all(word.weight > 0 and word.script for word in words_of(text))
