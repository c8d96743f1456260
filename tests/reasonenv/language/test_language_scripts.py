from __future__ import annotations

import sys
import unicodedata
from functools import cache

import pytest

from reasonenv.errors import UnknownNameError
from reasonenv.language.scripts import CHARACTERS_PER_WORD, LANGUAGES, load_language, script_of


@pytest.mark.parametrize(
    ("char", "script"),
    [
        *[
            ("a", "Latin"),
            ("é", "Latin"),
            ("ß", "Latin"),
            ("ộ", "Latin"),
            ("ｅ", "Latin"),
            ("𝐇", "Latin"),
            ("ﬁ", "Latin"),
        ],
        *[("ж", "Cyrillic"), ("ї", "Cyrillic"), ("λ", "Greek"), ("µ", "Greek"), ("א", "Hebrew"), ("ش", "Arabic")],
        *[("ﷺ", "Arabic"), ("अ", "Devanagari"), ("ক", "Bengali"), ("ก", "Thai"), ("한", "Hangul"), ("ﾊ", "Katakana")],
        *[("漢", "Han"), ("々", "Han"), ("𠀀", "Han"), ("\U00031350", "Han"), ("豈", "Han"), ("の", "Hiragana")],
        *[("カ", "Katakana"), ("ー", "Katakana"), ("ㄅ", "Bopomofo"), ("ა", "Georgian"), ("𐌰", "Gothic")],
    ],
)
def test_script_of_a_letter_is_that_of_what_it_stands_for(char: str, script: str) -> None:
    assert script_of(char) == script


@pytest.mark.parametrize(
    "char", ["7", "_", " ", "\0", "。", "\u0301", "\u093f", "ʼ", "ℵ", "ℝ", "½", "\ud800", "\U000e0001"]
)
def test_what_is_no_letter_of_a_language_has_no_script(char: str) -> None:
    assert script_of(char) is None


def test_every_letter_has_a_script_but_modifiers_and_letterlike_symbols() -> None:
    letters = [char for char in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(char) in ("Lu", "Ll", "Lo")]
    without = {ord(char) for char in letters if unicodedata.is_normalized("NFKC", char) and script_of(char) is None}
    assert len(letters) > 100_000
    assert without <= set(range(0x2100, 0x2150))


@cache
def scripts_of_the_basic_plane() -> set[str | None]:
    return {script_of(chr(code)) for code in range(0x10000)}


@pytest.mark.parametrize(("tag", "code"), [("en", "en"), ("pt-BR", "pt"), ("zh_Hans_CN", "zh"), ("DE", "de")])
def test_region_and_script_of_a_language_tag_are_ignored(tag: str, code: str) -> None:
    assert load_language(tag).code == code


def test_unknown_language_gets_the_closest_code() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown language 'eng'\. Did you mean 'en'"):
        load_language("eng")


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_language_is_among_its_candidates_and_names_scripts_that_letters_have(code: str) -> None:
    language = LANGUAGES[code]
    assert code in language.candidates
    assert set(language.scripts) <= scripts_of_the_basic_plane()


def test_a_language_alone_in_its_script_has_no_other_candidates() -> None:
    assert load_language("ko").candidates == ("ko",)
    assert {"ru", "uk"} <= set(load_language("bg").candidates)
    assert "gl" not in load_language("es").candidates


def test_weights_are_given_for_scripts_that_exist() -> None:
    assert set(CHARACTERS_PER_WORD) <= scripts_of_the_basic_plane()
    assert all(weight > 1 for weight in CHARACTERS_PER_WORD.values())
