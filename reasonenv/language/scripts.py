"""Scripts of characters, and the languages written in them.

A letter's script is the first word of its Unicode name, so the table is as complete as the interpreter's. Compatibility
forms (full-width, mathematical) are what they stand for.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from reasonenv.errors import UnknownNameError

__all__ = ["CHARACTERS_PER_WORD", "LANGUAGES", "Language", "load_language", "script_of"]

CHARACTERS_PER_WORD: Mapping[str, float] = MappingProxyType(
    {"Han": 1.5, "Bopomofo": 1.5, "Hiragana": 2.8, "Katakana": 2.8}
    | dict.fromkeys(("Thai", "Lao", "Khmer", "Myanmar", "Tibetan"), 3.6)
)
"""Letters that weigh as much as one English word, in scripts without spaces between words; marks are no letters.

Measured on the Chinese, Japanese and Thai translations of MGSM (arXiv 2210.03057); related scripts are set alike.
"""

_COMPETING = {
    "Latin": "cs da de en es et fi fr hr hu id it lt lv nl no pl pt ro sk sl sq sv sw tl tr vi",
    "Cyrillic": "be bg kk mk ru sr uk",
    "Arabic": "ar fa ps ur",
    "Devanagari": "hi mr",
    "Bengali": "as bn",
}
"""Script → the languages that a detector chooses among; small neighbours of large ones (gl, nn) can only be targets."""

_TARGETS = {
    "Latin": "af az bs ca cy eo eu ga gl is la lb ms mt nn so uz",
    "Cyrillic": "ky mn tg",
    "Arabic": "ug",
    "Armenian": "hy",
    "Devanagari": "ne sa",
    "Ethiopic": "am",
    "Georgian": "ka",
    "Greek": "el",
    "Gujarati": "gu",
    "Gurmukhi": "pa",
    "Hangul": "ko",
    "Hebrew": "he",
    "Kannada": "kn",
    "Khmer": "km",
    "Lao": "lo",
    "Malayalam": "ml",
    "Myanmar": "my",
    "Oriya": "or",
    "Sinhala": "si",
    "Tamil": "ta",
    "Telugu": "te",
    "Thai": "th",
    "Tibetan": "bo",
}
_SEVERAL_SCRIPTS = {
    "ja": ("Han", "Hiragana", "Katakana"),
    "sr": ("Cyrillic", "Latin"),
    "zh": ("Han", "Bopomofo"),
}
_TOO_CLOSE = ({"bs", "hr", "sr"}, {"id", "ms"}, {"nn", "no"})
_RENAMED = {"Cjk": "Han", "Ideographic": "Han", "Kangxi": "Han", "Katakana-hiragana": "Katakana"}
_HAN_PLANES = range(0x20000, 0x40000)
_LETTERLIKE = range(0x2100, 0x2150)


@dataclass(frozen=True, slots=True)
class Language:
    """A language that can be asked for: `Language("uk", ("Cyrillic",), ("be", "bg", "kk", "mk", "ru", "sr", "uk"))`."""

    code: str
    """ISO 639-1."""
    scripts: tuple[str, ...]
    candidates: tuple[str, ...]
    """The languages of its scripts, itself among them; without others, no detector is needed."""


def _languages() -> dict[str, Language]:
    scripts = {
        code: (script,) for table in (_COMPETING, _TARGETS) for script, codes in table.items() for code in codes.split()
    } | _SEVERAL_SCRIPTS
    return {code: Language(code, scripts[code], _candidates(code, scripts[code])) for code in scripts}


def _candidates(code: str, scripts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the languages of the scripts, without those that no detector tells from this one."""
    competing = {other for script in scripts for other in _COMPETING.get(script, "").split()}
    too_close = {other for group in _TOO_CLOSE if code in group for other in group}
    return tuple(sorted((competing - too_close) | {code}))


LANGUAGES: Mapping[str, Language] = MappingProxyType(_languages())
"""ISO 639-1 code → language."""


def load_language(code: str) -> Language:
    """Return the language of an ISO 639-1 code; a region or script after it ("pt-BR", "zh_Hans") is ignored.

    Raises:
        UnknownNameError: no such language; the message offers the closest code.

    >>> load_language("pt-BR").scripts
    ('Latin',)
    """
    primary = code.replace("_", "-").partition("-")[0].lower()
    if primary not in LANGUAGES:
        raise UnknownNameError("language", code, LANGUAGES)
    return LANGUAGES[primary]


@cache
def script_of(char: str) -> str | None:
    """Return the script of a letter ("Latin", "Han", …); None for marks, modifiers and all that is no letter.

    >>> script_of("é"), script_of("漢"), script_of("ｅ"), script_of("7")
    ('Latin', 'Han', 'Latin', None)
    """
    codepoint = ord(char)
    if codepoint in _HAN_PLANES:
        return "Han"
    if codepoint in _LETTERLIKE or not unicodedata.category(char).startswith("L"):
        return None
    letters = (plain for plain in unicodedata.normalize("NFKC", char) if unicodedata.category(plain).startswith("L"))
    names = (unicodedata.name(letter, "Unknown").partition(" ")[0].capitalize() for letter in letters)
    return next((_RENAMED.get(name, name) for name in names if name != "Modifier"), None)
