"""Text that hides where words do not count: in code, formulas, tags, paths and glued or spaced letters.

What hides is prose if the commonest words of some language stand in it; names of variables and keywords do not.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain, pairwise

from reasonenv.language.function_words import FUNCTION_WORDS, PROGRAM_WORDS
from reasonenv.language.prose import MAX_ACRONYM_LETTERS, Prose
from reasonenv.language.scripts import LANGUAGES, Language, script_of

__all__ = ["decoded_texts", "hidden_runs"]

_MAX_REMEMBERED_CHARS = 80
_MIN_WORDS = 5
_MAX_WORDS = 24
_MIN_ENGLISH_COMMENT = 12
_MIN_FUNCTION_WORDS = 3
_MIN_FUNCTION_SHARE = 0.15
_MAX_SYMBOLS_PER_WORD = 0.25
_ACCENTED = "À-ÖØ-öø-ɏẠ-ỹ"
_PIECE = re.compile(rf"[A-Za-z{_ACCENTED}][a-z{_ACCENTED}]+|[A-Z]{{2,}}(?![a-z])|[^\W\d_A-Za-z{_ACCENTED}][^\W\d_]+")
_ASCII_PIECE = re.compile(r"[A-Za-z](?:[a-z]+|(?<=[A-Z])[A-Z]+(?![a-z]))")
_WORDS_IN_A_ROW = re.compile(rf"\b[^\W\d_]{{2,}}+(?:[ ,]++[^\W\d_]{{2,}}+){{{_MIN_WORDS - 1},}}+")
_CODE_SYMBOL = re.compile(r"[=(){}\[\]+*/<>&|;^%]")
_LETTER = rf"[A-Za-z{_ACCENTED}]"
_GLUED = re.compile(
    rf"\b(?:[_0-9]++{_LETTER}|{_LETTER}[a-z{_ACCENTED}]*+[A-Z_0-9])[\w{_ACCENTED}]*+"
    rf"|(?<![\w{_ACCENTED}]){_LETTER}(?: +{_LETTER}(?![\w{_ACCENTED}])){{2,}}+",
    re.ASCII,
)
_GLUE = re.compile(rf"[A-Z_0-9](?:(?<={_LETTER}.)|(?<=[_0-9])(?={_LETTER}))")
_LETTERS_APART = re.compile(rf" {_LETTER} +{_LETTER}(?!\w)", re.ASCII)
"""One of these is in whatever `_GLUED` finds, and both are found several times as fast."""
_LOOSE_LETTERS = re.compile(r" [^\W\d_] +[^\W\d_](?!\w)")
"""Is in whatever `_SPACED` finds."""
_SPACED = re.compile(r"(?<!\w)[^\W\d_](?: +[^\W\d_](?!\w)){2,}+")
_NO_ACCENTS = frozenset({"en"})
_MIN_ACCENTED_WORDS, _MIN_ACCENTED_SHARE = 3, 0.2
_MAX_VARIABLE_CHARS = len("$x$")
_NO_WORDS = frozenset[str]()
_HEX = re.compile(r"\b(?:[0-9a-f]{2}){12,}+\b", re.I)
_BASE64 = re.compile(r"\b[A-Za-z0-9+/]{24,}+={0,2}", re.ASCII)


def hidden_runs(prose: Prose, language: Language) -> Iterator[list[str]]:
    """Yield runs of words that may be another language's prose: Latin ones by their function words, all of the others.

    Scripts that the language is not written in are left out, except for Latin.
    """
    target = language.code
    programs = [text for text, kind in prose.spans if kind == "code" and _is_program(text)]
    others = [text for text, _ in prose.spans]
    if programs:
        others = [text for text in others if text not in programs]
    glued = _glued_words(prose.text)
    if not programs and prose.text.isascii() and _says_little(glued, others, target):
        return
    loose = glued + _PIECE.findall("\n".join(others))
    for script, words in _by_script(loose).items():
        if script == "Latin" and _may_be_prose(words, target):
            yield from (run for run in _even_runs(words) if _is_prose(run, target))
        elif script != "Latin" and script in language.scripts and len(language.candidates) > 1:
            yield from _even_runs(words)
    if not prose.text.isascii() and _LOOSE_LETTERS.search(prose.text):
        yield from filter(None, map(_spaced_words, _SPACED.findall(prose.text)))
    for run in chain(*map(_WORDS_IN_A_ROW.findall, programs)):
        words = _PIECE.findall(run)
        script = script_of(words[0][0])
        is_open = script in language.scripts and len(language.candidates) > 1
        is_english_free = len(words) < _MIN_ENGLISH_COMMENT
        if _is_prose(words, target, is_english_free) if script == "Latin" else is_open:
            yield words


def _says_little(glued: Sequence[str], others: Sequence[str], target: str) -> bool:
    """Return whether texts in ASCII have too few function words for prose."""
    if not all(map(str.isascii, glued)) or not all(map(str.isascii, others)):
        return False
    told = set(map(str.lower, glued))
    for text in others:
        if len(text) <= _MAX_VARIABLE_CHARS and text[0] == "$":
            continue
        found = _remembered_function_words(text) if len(text) <= _MAX_REMEMBERED_CHARS else _function_words(text)
        if found:
            told |= found
    return len(told) < _MIN_FUNCTION_WORDS or len(told & _telling_words(target)) < _MIN_FUNCTION_WORDS


def _function_words(text: str) -> frozenset[str]:
    """Return the words in a text in ASCII that are function words of some language."""
    pieces = _ASCII_PIECE.findall(text)
    return _telling_words(None).intersection(map(str.lower, pieces)) if pieces else _NO_WORDS


_remembered_function_words = lru_cache(maxsize=2**14)(_function_words)


def _may_be_prose(words: list[str], target: str) -> bool:
    num_telling = len(_telling_words(target).intersection(map(str.lower, words)))
    return num_telling >= _MIN_FUNCTION_WORDS or not all(map(str.isascii, words))


def _by_script(words: list[str]) -> Mapping[str | None, list[str]]:
    if all(map(str.isascii, words)):
        return {"Latin": words}
    found: dict[str | None, list[str]] = {}
    for word in words:
        found.setdefault(script_of(word[0]), []).append(word)
    return found


def _even_runs(words: list[str]) -> Iterator[list[str]]:
    count = -(-len(words) // _MAX_WORDS)
    bounds = [len(words) * i // count for i in range(count + 1)]
    return (words[start:end] for start, end in pairwise(bounds))


def decoded_texts(prose: str) -> Iterator[str]:
    """Yield the texts that stand in a prose as base64 or as hexadecimal digits."""
    if not _BASE64.search(prose):  # hexadecimal digits would match it too
        return
    codes = [(base64.b64decode, match[: len(match) // 4 * 4]) for match in _BASE64.findall(prose)]
    for decode, code in codes + [(bytes.fromhex, match) for match in _HEX.findall(prose)]:
        try:
            text = decode(code).decode("utf-8", "strict")
        except (binascii.Error, UnicodeDecodeError):
            continue
        if text.isprintable():
            yield text


def _is_program(code: str) -> bool:
    """Return whether code has the symbols of a program; a fence around sentences has not."""
    return len(_CODE_SYMBOL.findall(code)) > _MAX_SYMBOLS_PER_WORD * len(_PIECE.findall(code))


def _glued_words(text: str) -> list[str]:
    """Find the parts of tokens that are no words: joined, capitals, beside digits, or with spaces between letters."""
    words: list[str] = []
    for token in _glued_tokens(text):
        if " " in token:
            words += _closed_up(token)
        elif not (token.isupper() and len(token) > MAX_ACRONYM_LETTERS):
            words += [token.lower()] if _alternates(token) else _PIECE.findall(token)
    return words


def _glued_tokens(text: str) -> list[str]:
    """Find what `_GLUED` does, and search nothing but what stands between two spaces where no letters are apart."""
    if _LETTERS_APART.search(text):
        return _GLUED.findall(text)
    tokens: list[str] = []
    end = 0
    for glue in _GLUE.finditer(text):
        if glue.start() >= end:
            start = max(end, text.rfind(" ", end, glue.start()))
            end = text.find(" ", glue.end())
            end = len(text) if end < 0 else end
            tokens += _GLUED.findall(text, start, end)
    return tokens


def _closed_up(letters: str) -> list[str]:
    """Return the words of letters with one space between them, and two between words."""
    return letters.replace("  ", "\n").replace(" ", "").split()


def _spaced_words(letters: str) -> list[str]:
    """Return the words of spaced letters that are neither Latin, where they may be variables, nor words themselves."""
    return [] if script_of(letters[0]) in (None, "Latin", "Han", "Hiragana", "Katakana") else _closed_up(letters)


def _alternates(token: str) -> bool:
    """Return whether every other letter is a capital, as in kOmItE."""
    return len(token) > 2 and token.isalpha() and all(a.isupper() != b.isupper() for a, b in pairwise(token))


def _is_accented(words: Sequence[str], target: str) -> bool:
    """Return whether many words have letters that the target never needs: names of variables have not."""
    if "Latin" in LANGUAGES[target].scripts and target not in _NO_ACCENTS:
        return False
    accented = [word for word in words if not word.isascii()]
    return len(set(accented)) >= _MIN_ACCENTED_WORDS and len(accented) >= _MIN_ACCENTED_SHARE * len(words)


def _is_prose(words: Sequence[str], target: str, is_english_free: bool = False) -> bool:
    if len(words) < _MIN_WORDS:
        return False
    if _is_accented(words, target):
        return True
    lower = [word.lower() for word in words]
    found = [word for word in lower if word in _telling_words(target)]
    for code in _languages_of(script_of(lower[0][0])):
        if code == target or (code == "en" and is_english_free):
            continue
        of_language = [word for word in found if word in FUNCTION_WORDS[code]]
        is_frequent = len(of_language) >= _MIN_FUNCTION_SHARE * len(lower)
        if is_frequent and len(set(of_language)) >= _MIN_FUNCTION_WORDS:
            return True
    return False


@cache
def _telling_words(target: str | None) -> frozenset[str]:
    """Return the function words of other languages that neither the target nor programs and formulas use."""
    own = FUNCTION_WORDS.get(target, frozenset[str]()) if target else frozenset[str]()
    return frozenset(chain(*FUNCTION_WORDS.values())) - PROGRAM_WORDS - own


@cache
def _languages_of(script: str | None) -> tuple[str, ...]:
    return tuple(code for code in FUNCTION_WORDS if script in LANGUAGES[code].scripts)
