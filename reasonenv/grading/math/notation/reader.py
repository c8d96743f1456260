"""The reading of a text as an answer: as a choice, a time, a number in a base or words, else by the grammar.

What is neither mathematics nor plain words stays unread, and then algebra in a worker has to tell.
"""

from __future__ import annotations

import re
from functools import lru_cache

from reasonenv.grading.math.nodes import Node, OverBudgetError, UnreadableError, number
from reasonenv.grading.math.notation.expression import Parser
from reasonenv.grading.math.notation.tokens import canonical_text, tokenize
from reasonenv.grading.math.notation.vocabulary import CONSTANTS

_INTEGER = re.compile(r"[+-]?\d{1,40}")
_TIME = re.compile(r"(\d{1,2}):([0-5]\d)\s*((?:[ap]\.?m\.?)?)|(\d{1,2})\s*([ap]\.?m\.?)", re.I)
_MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?"
)
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_DATE = re.compile(
    rf"(?:on\s+)?(?:({_MONTHS})\.?\s+{_DAY}|(?:the\s+)?{_DAY}\s+(?:of\s+)?({_MONTHS})\.?)(?:,?\s+(\d{{4}}))?"
)
_MAX_DATE_CHARS = 40
_BASED = re.compile(
    r"(?:\\(?:text|mathrm)\s*\{|\{)?\s*\(?(-?[0-9A-Fa-f]+)\)?\s*\}?"
    r"(?:\s*_\s*(?:\{\s*(?:\\text\s*\{)?\s*(\w+)\s*\}?\s*\}|\\text\s*\{\s*([a-z]+)\s*\}|(\d+))"
    r"|(?:\s|\\[,;: ]|\\text\s*\{)+\(?(?:\\text\s*\{)?(?:in\s+)?base\s*\}?[\s-]*(\w+)\s*\)?\s*\}?)"
)
_NAMED = re.compile(r"([A-Za-z])\s*=\s*(.+)", re.S)
_WORDS = re.compile(r"\\(?:text|textbf|textit|textrm|textnormal|mathrm|mbox|textsf|mathbf)\s*\{([^{}]*)\}")
_SPACING = re.compile(r"\\[,;: !]|~|\s+")
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]{2}|^[^\W\d_]$")
_CHOICE = re.compile(r"\s*(?:(?:option|choice|answer)(?:\s+|\s*:\s*)|故?选项?\s*:?)?\(?\s*([A-Za-z])\s*\)?\s*", re.I)
_CHOICE_WITH_VALUE = re.compile(
    r"\s*(?:\(\s*([A-J])\s*\)|([A-J])(?:\s*[).:]|(?=\s+\([^()]+\)\s*$)))\s*(?!.*(?:\([A-J]\)|\b[A-J](?:[).:,]|\s*$)))"
    r"(?i:(?!\s*(?:is|was|are|isn|can|cannot|no|not|never|or|and|maybe|if|but|unlikely)\b"
    r"|.*\b(?:wrong|incorrect|eliminated|false$)"
    r"|.*(?:\bnot|n't) (?:the )?(?:right|correct|answer|true)))(.+)",
    re.S,
)
_UNEVALUATED = re.compile(
    r"\\(?:i*int|oint|sum|prod|coprod|lim|det)(?![A-Za-z])|[∫∑∏]"
    r"|(?<![A-Za-z])(?:gcd|lcm|max|min|Max|Min)\}?\s*(?:\\left\s*)?\\?[(\[{][^A-Za-z]*(?:$|[)\]}])"
)
_MAYBE_UNEVALUATED = re.compile(r"\\(?:[iospcld])|[∫∑∏]|gcd|lcm|max|min|Max|Min")
_VALUE = re.compile(r"[\d$]|\\[(\[]")
_REALS = ("all real numbers", "all reals", "all real values", "the set of all real numbers", "the set of real numbers")
_NOTHING = (
    "no solution", "no solutions", "empty set", "the empty set", "none", "no real solution", "no real solutions",
    "there is no solution", "there are no solutions", "there are no real solutions", "there is no real solution",
)  # fmt: skip
_QUADRANTS = (("first", "i"), ("second", "ii"), ("third", "iii"), ("fourth", "iv"))
_ARTICLE = re.compile(r"\b(?:an?|the) ")
_NUMBERS_IN_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_NUMBER_WORDS = {word: number(value) for value, word in enumerate(_NUMBERS_IN_WORDS.split())}
_VALUES_IN_WORDS = {
    **_NUMBER_WORDS,
    "infinity": CONSTANTS["inf"],
    **dict.fromkeys(_REALS, Node("reals")),
    **dict.fromkeys(_NOTHING, Node("set")),
    **dict.fromkeys(["does not exist", "it does not exist", "limit does not exist", "dne"], Node("text", (), "dne")),
    **{f"{ordinal} quadrant": Node("text", (), f"quadrant {roman}") for ordinal, roman in _QUADRANTS},
    **dict.fromkeys(["infinite", "infinitely many", "infinitely many solutions"], Node("text", (), "infinitely many")),
}
_VALUES_IN_CAPITALS = {"DNE": _VALUES_IN_WORDS["dne"]}
_NUMERALS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_BASE_NAMES = {name: str(base) for base, name in enumerate(_NUMERALS, 2)} | {"sixteen": "16"}


@lru_cache(maxsize=8192)
def read(text: str, *, has_thousands: bool = True, has_letter_units: bool = False) -> Node | None:
    r"""Read an answer; None for what is neither mathematics nor plain words.

    Args:
        has_thousands: `1,234` is one number and not two.
        has_letter_units: a letter behind a number is a unit and not a variable.

    Raises:
        OverBudgetError: too long or nested too deeply.

    >>> read("1,5").kind, read("x>1").kind, read(r"\text{odd}").kind
    ('list', 'relation', 'text')
    """
    text = canonical_text(text, has_thousands=has_thousands)
    if _INTEGER.fullmatch(text):
        return number(int(text))
    special = (
        _VALUES_IN_CAPITALS.get(text)
        or _NUMBER_WORDS.get(text.lower())
        or _time(text)
        or _date(text)
        or _based(text)
        or _named(text)
    )
    if special:
        return special
    try:
        return Parser(tokenize(text), has_letter_units=has_letter_units).answer()
    except UnreadableError:
        words = plain_words(text)
        bare = _ARTICLE.sub("", words) or words
        return _VALUES_IN_WORDS.get(words) or _VALUES_IN_WORDS.get(bare) or Node("text", (), bare) if words else None
    except RecursionError as error:
        raise OverBudgetError("nested too deeply") from error


def is_readable(text: str) -> bool:
    """Return whether this is mathematics or words without numbers, rather than a sentence that says an answer."""
    try:
        node = read(text)
    except OverBudgetError:
        return True
    return node is not None and (node.kind != "text" or not _VALUE.search(text))


@lru_cache(maxsize=8192)
def plain_words(text: str) -> str:
    """Return the words of an answer that has only words, in lower case, else nothing."""
    is_wrapped = "\\" in text and _WORDS.search(text) is not None
    if is_wrapped:
        for _ in range(3):
            text = _WORDS.sub(r"\1", text)
    text = _SPACING.sub(" ", text).replace("{", "").replace("}", "")
    words = text.strip(" .,!*\"'").casefold()
    if "\\" in words or not (_LETTER if is_wrapped else _WORD).search(words):
        return ""
    return " ".join(words.split())


def choice_letter(text: str) -> str | None:
    r"""Return the letter of a multiple choice, as in `(C)`, `\text{C}`, `C.` or `C) 15`.

    >>> choice_letter(r"\textbf{(C)}\ 15")
    'C'
    """
    text = " ".join(_WORDS.sub(r" \1 ", canonical_text(text)).replace("{", " ").replace("}", " ").split()).rstrip(" .")
    match = _CHOICE.fullmatch(text)
    if match:
        return match[1].upper()
    match = _CHOICE_WITH_VALUE.fullmatch(text)
    return (match[1] or match[2]) if match else None


def is_unevaluated(text: str) -> bool:
    """Return whether something is left to be summed, integrated or otherwise evaluated."""
    return _MAYBE_UNEVALUATED.search(text) is not None and _UNEVALUATED.search(text) is not None


def _time(text: str) -> Node | None:
    if ":" not in text and "m" not in text and "M" not in text:
        return None
    match = _TIME.fullmatch(plain_words(text) or text)
    if match is None:
        return None
    half = (match[3] or match[5] or "").lower().replace(".", "")
    return Node("time", (), f"{int(match[1] or match[4])}:{match[2] or '00'}{half}")


def _date(text: str) -> Node | None:
    match = _DATE.fullmatch(plain_words(text)) if len(text) <= _MAX_DATE_CHARS else None
    if match is None:
        return None
    return Node("text", (), f"{(match[1] or match[4])[:3]} {int(match[2] or match[3])} {match[5] or ''}".rstrip())


def _named(text: str) -> Node | None:
    match = _NAMED.fullmatch(text) if "=" in text else None
    value = (_time(match[2]) or _based(match[2])) if match else None
    return Node("relation", (Node("var", (), match[1]), value), "=") if match and value else None


def _based(text: str) -> Node | None:
    match = _BASED.fullmatch(text) if "_" in text or "base" in text else None
    if match is None:
        return None
    base = next(filter(None, match.groups()[1:]))
    base = _BASE_NAMES.get(base, base)
    return Node("based", (), f"{match[1].upper().lstrip('0') or '0'}_{base}") if base.isdigit() else None
