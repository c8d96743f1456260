"""Plain text or LaTeX cut into tokens, without what only changes its looks.

A character that no rule knows makes the answer unreadable. Lookalikes, such as a Cyrillic letter or a right-to-left
mark, are never mapped to what they look like.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from reasonenv.grading.math.nodes import MAX_TOKENS, OverBudgetError, UnreadableError
from reasonenv.grading.math.notation.domains import plain_domain
from reasonenv.grading.math.notation.looks import plain_wrapping, without_looks
from reasonenv.grading.math.notation.quantities import spelled
from reasonenv.grading.math.notation.spellings import one_spelling, plain_dots
from reasonenv.grading.math.notation.typography import latex_of_characters

_MATH_NAMES = "pi infty times cdot div le ge ne cup cap sqrt pm mp in emptyset"
_SYMBOLS = {
    **dict(zip("π∞×·÷≤≥≠∪∩√±∓∈∅", _MATH_NAMES.split(), strict=True)),
    **dict(zip("θαβγφℝ≈−", ("theta", "alpha", "beta", "gamma", "phi", "R", "approx", "minus"), strict=True)),
    "∖": "setminus", "⋅": "cdot", "∙": "cdot", "⩽": "le", "⩾": "ge", "∨": "lor", "λ": "lambda", "ω": "omega",
}  # fmt: skip
_TYPOGRAPHY: dict[int, str | None] = {
    **dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff")),
    **dict.fromkeys(map(ord, "\u00a0\u2009\u202f\u3000"), " "),
    **{ord(symbol): f" \\{name} " for symbol, name in _SYMBOLS.items()},
    **{ord(symbol): f"^{{{digit}}}" for digit, symbol in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{ord(symbol): f"_{{{digit}}}" for digit, symbol in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    **{ord(wide): narrow for wide, narrow in zip("，：；（）［］｛｝％＝＋－．／", ",:;()[]{}%=+-./", strict=True)},
    ord("\u2212"): "-",
    ord("\u2013"): "-",
    ord("½"): r" \frac{1}{2}",
    ord("¼"): r" \frac{1}{4}",
    ord("¾"): r" \frac{3}{4}",
    ord("°"): r"^\circ ",
    ord("€"): r" \text{euro}",
    ord("£"): r" \text{gbp}",
    ord("¥"): r" \text{yen}",
}
_NOISE = re.compile(
    r"\\(?:angle|triangle|displaystyle|textstyle|limits|nolimits|boldmath|enspace|hfill|hspace\s*\{[^{}]*\}|"
    r"(?:left|right)\s*\.|left|right|middle|[bB]igg?[lrm]?)(?![A-Za-z])|\\q?quad|\\phantom\s*\{[^{}]*\}"
)
_SPACE = re.compile(r"(?<!\\)\\[,;: ]|(?<!\\)\\!|~")
_NO_SPACE = re.compile(r"(?<!\\)\\!")
_THOUSANDS = re.compile(r"(?<=[0-9])(?:\s*\{\s*,\s*\}|,?\s*\\!|(?<!\\)\\[,;: ]|~)\s*(?=[0-9]{3}(?![0-9]))")
_PLAIN_THOUSANDS = re.compile(r"(?<![\d.,])([1-9]\d{0,2})((?:,\d{3})+)(?!\d|,\S)")
_SPACED_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?: \d{3})+(?:\.\d+)?")
_ANY_SPACE = re.compile(r"[~,]|\\[;:! ]")
"""What stands in every mark of thousands and every space."""
_COMMAND = re.compile(r"\\[A-Za-z]+")
_WRAPPER_NAMES = "mathbf mathit mathsf mathtt boldsymbol bm pmb mathord mathnormal mathup underline boxed fbox"
_WRAPPERS = frozenset(f"\\{name}" for name in _WRAPPER_NAMES.split())
_WRAPPER = re.compile(rf"\\(?:{'|'.join(_WRAPPER_NAMES.split())})\s*(?=\{{)")
_ANY_EMPTY_GROUP = re.compile(r"\{\s*\}")
_EMPTY_GROUP = re.compile(r"(?<![A-Za-z}\]_^])\s*\{\s*\}")
_ROW_SPACE = re.compile(r"\\\\\s*\[[^\[\]]{0,8}(?:ex|em|pt|mm|cm)\]")
_PRIME = re.compile(r"\^\s*(?:\{\s*\\prime\s*\}|\\prime)(?![A-Za-z])")
_BUILDER = re.compile(r"\A\{(\s*[A-Za-z]\s*(?:\||:|\\mid(?![A-Za-z]))[^{}]*)\}\Z")
_ANGLED = re.compile(r"\A<([^<>=]*,[^<>=]*)>\Z")
_MAPPED = re.compile(r"\A\s*(?:([A-Za-z])\s*:\s*)?([A-Za-z])\s*\\(?:long)?mapsto(?![A-Za-z])\s*([^,;=]+)\Z")
_FRACTION = re.compile(r"\\[dtc]frac(?![A-Za-z])")
_LEADING_POINT = re.compile(r"(?<!\d)\.(?=\\overline)")
_TEN_TIMES = re.compile(r"(?<=\d)\s*[xX]\s*(?=10\s*\^)")
_GLUED_WORD = re.compile(r"(?<=[\d)}])(or|and)(?=[A-Z\d(\\-]|[a-z]\s*[=(])")
_ESCAPED_TWICE = re.compile(r"\\\\(?=[A-Za-z({}%])")
_OPERATOR = re.compile(r"\\operatorname\*?\s*\{([^{}]*)\}")
_TEXT = r"\\(?:text|textbf|textit|textrm|textnormal|mathrm|mbox|textsf|textup)\s*"
_TEXT_OF_NUMBERS = re.compile(_TEXT + r"\{((?:[^{}A-Za-z\\~]|\\[$%])+)\}")
_TEXT_OF_QUANTITY = re.compile(_TEXT + r"\{\s*([-+]?(?:\\?\$)?\s*\d[^{}]*)\}")
_E_NOTATION = re.compile(r"(?<![\w.])(\d+(?:\.\d*)?|\.\d+)[eE]([+-]?\d+)(?![\w.])")
_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<num>\d+\.\d+|\d+\.(?!\d)|\.\d+|\d+)"
    r"|\\(?:text|textbf|textit|textrm|textnormal|mathrm|rm|mbox|textsf|textup)\s*\{(?P<text>[^{}]*)\}"
    r"|\\(?P<cmd>[A-Za-z]+)|(?P<esc>\\[{}%$&|\\#_])|(?P<word>[A-Za-z]+)|(?P<op>[-+*/^_=<>!(){}\[\]|,;:%&'$])"
)
_SPARE_SPACE = re.compile(r"(?<![A-Za-z\d.])\s+|\s+(?![A-Za-z\d.])|(?<=[A-Za-z])\s+(?=[\d.])|(?<=[\d.])\s+(?=[A-Za-z])")
_ONE_SIGN_GROUP = re.compile(r"([\^_])\{\s*(\w|\*|\\[A-Za-z]+)\s*\}")
_DIGIT_FRACTION = re.compile(r"\\frac\s*(\d)\s*(\d)")
_WORD_OR_COMMAND = re.compile(r"[A-Za-z]{2,}")
_ORDINARY_NAMES = (
    "frac dfrac tfrac sqrt pi infty cup cap cdot times pm left right ln sin cos tan theta alpha circ begin end "
    "pmatrix bmatrix mathbb or and"
)
_ORDINARY_WORDS = frozenset(_ORDINARY_NAMES.split())
_RARE_SIGNS = frozenset("CA'\"=:][_<>$.")
_RARE = re.compile(r"""[CA'"_]|^\s*[=\]]|\[$|\{\s*[:=<>]|[<>].*\)$|\.\d*\(|\.\s?\.|\$[^$]*\$.""", re.S)
"""Without a rare sign or word, a text has one spelling already; to find that out must cost little."""
_TOKEN_OR_FOREIGN_WORD = re.compile(rf"(?=[A-Za-z]*[^\W\d_A-Za-z])(?P<foreign>[^\W\d_]+)|{_TOKEN.pattern}")
_BRACE = re.compile(r"\\.|[{}]", re.S)
_DELIMITERS = (
    ("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"), ("**", "**"), ("`", "`"), ('"', '"'), (r"\"", r"\""),
)  # fmt: skip
_CLOSINGS = (".", "}", *(closing for _, closing in _DELIMITERS))
_LAST_SIGNS = frozenset(closing[-1] for _, closing in _DELIMITERS)
_LONG_OPERATOR = re.compile(r"<=|>=|!=(?!=)|==|\*\*")
_LONG_OPERATORS = {"<=": r" \le ", ">=": r" \ge ", "!=": r" \ne ", "==": "=", "**": "^"}
_FAMILIES = "sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan arccot asin acos atan acot tg ctg arctg"
FUNCTIONS = frozenset([*_FAMILIES.split(), "log", "ln", "lg", "exp", "cis", "gcd", "lcm", "max", "min"])
_WORDS = frozenset([*(FUNCTIONS - {"min"}), "sqrt", "pi", "infty", "inf", "infinity", "oo", "and", "or", "theta"])
_WORD_SYMBOLS = {"pct": "%", "to": ":"}


class Token(NamedTuple):
    """A piece of text: `Token("num", "3", False)`. Kinds: num, var, word, cmd, text, op."""

    kind: str
    text: str
    is_spaced: bool
    """Whether space stands before it."""


def undelimited(text: str) -> str:
    """Drop space, a final full stop, and the delimiters of math mode around the whole.

    >>> undelimited("$$ 5 $$.")
    '5'
    """
    text = text.strip()
    for _ in range(6):
        if not text.endswith(_CLOSINGS):
            break
        before = text
        if text.endswith("."):
            text = text.removesuffix(".").rstrip()
        if text[-1:] in _LAST_SIGNS:
            text = _without_delimiters(text)
        if text.startswith("{") and text.endswith("}") and _is_one_group(text):
            text = text[1:-1].strip()
        if text == before:
            break
    return text


def _without_delimiters(text: str) -> str:
    for opening, closing in _DELIMITERS:
        if text.startswith(opening) and text.endswith(closing):
            inner = text[len(opening) : -len(closing)]
            text = inner.strip() if inner and opening not in inner else text
    return text


def _is_one_group(text: str) -> bool:
    """Return whether the brace that opens a text closes at its end."""
    depth = 0
    for brace in _BRACE.finditer(text):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return brace.end() == len(text)
    return False


@lru_cache(maxsize=8192)
def canonical_text(text: str, *, has_thousands: bool = True) -> str:
    r"""Write an answer without what only changes its looks; equal results mean equal answers.

    >>> canonical_text(r"$\dfrac{1}{2}$")
    '\\frac{1}{2}'
    """
    text = spelled(plain_dots(text) if "..." in text else text)
    if not text.isascii():
        text = spelled(latex_of_characters(text).translate(_TYPOGRAPHY))
    if text.startswith("<") and text.endswith(">"):
        text = _ANGLED.sub(r"\\langle \1\\rangle ", text)
    if "\\mapsto" in text or "\\longmapsto" in text:
        text = _MAPPED.sub(lambda found: f"{found[1] or 'f'}({found[2]})={found[3]}", text)
    text = undelimited(_BUILDER.sub(r"\\{\1\\}", text) if text.startswith("{") else text)
    if not text.isdigit() and _has_rare_spelling(text):
        text = plain_domain(one_spelling(plain_wrapping(without_looks(text))))
    if "\\" in text or "{" in text:
        text = _plain_latex(text)
    if "$" in text:
        bare = text.replace(r"\$", "")
        if bare.count("$") % 2 == 0 and "$" in bare:
            text = re.sub(r"(?<!\\)\$", " ", text)
    if "or" in text or "and" in text:
        text = _GLUED_WORD.sub(r" \1 ", text)
    return undelimited(_plain_numbers(undelimited(text), has_thousands=has_thousands))


def _has_rare_spelling(text: str) -> bool:
    if not _ORDINARY_WORDS.issuperset(_WORD_OR_COMMAND.findall(text)) or " x " in text or text.endswith("\\"):
        return True
    return not _RARE_SIGNS.isdisjoint(text) and _RARE.search(text) is not None


@lru_cache(maxsize=8192)
def without_spacing(text: str) -> str:
    r"""Write a canonical text without space that parts nothing and without braces around one sign.

    >>> without_spacing("TT^{*} = I"), without_spacing("2 3")
    ('TT^*=I', '2 3')
    """
    text = _DIGIT_FRACTION.sub(r"\\frac{\1}{\2}", _SPARE_SPACE.sub("", " ".join(text.split())))
    return _ONE_SIGN_GROUP.sub(r"\1\2", text)


def _plain_latex(text: str) -> str:
    """Drop the commands that only change looks."""
    if "\\\\" in text and "begin" not in text:
        text = _ESCAPED_TWICE.sub(r"\\", text)
    has_space = _ANY_SPACE.search(text) is not None
    text = _NOISE.sub(" ", _THOUSANDS.sub("", text) if has_space else text)
    if has_space or "\\ " in text:
        text = _SPACE.sub(" ", _NO_SPACE.sub("", text))
    if not _WRAPPERS.isdisjoint(_COMMAND.findall(text)):
        text = _WRAPPER.sub("", text)
    if _ANY_EMPTY_GROUP.search(text):
        text = _EMPTY_GROUP.sub("", text)
    if "\\\\" in text:
        text = _ROW_SPACE.sub(r"\\\\", text)
    if "prime" in text:
        text = _PRIME.sub("'", text)
    if "operatorname" in text:
        text = _OPERATOR.sub(r" \1 ", text)
    if "\\text" in text or "\\m" in text:
        text = _TEXT_OF_NUMBERS.sub(r"\1", text)
        quantity = _TEXT_OF_QUANTITY.fullmatch(text.strip())
        text = quantity[1] if quantity else text
    return _FRACTION.sub(r"\\frac", text) if "dfrac" in text or "tfrac" in text or "cfrac" in text else text


def _plain_numbers(text: str, *, has_thousands: bool) -> str:
    """Write numbers without marks of thousands, and with their leading zero and power of ten."""
    if _SPACED_THOUSANDS.fullmatch(text):
        text = text.replace(" ", "")
    if has_thousands and "," in text and not any(bracket in text for bracket in ("(", "[", r"\{")):
        text = _PLAIN_THOUSANDS.sub(lambda match: match[1] + match[2].replace(",", ""), text)
    if ".\\overline" in text:
        text = _LEADING_POINT.sub("0.", text)
    if "10" in text:
        text = _TEN_TIMES.sub(r" \\times ", text)
    if "e" in text or "E" in text:
        text = _E_NOTATION.sub(r"\1 \\times 10^{\2}", text)
    return text


def tokenize(text: str) -> list[Token]:
    """Cut a canonical text into tokens.

    Raises:
        UnreadableError: a character of no token.
        OverBudgetError: too many tokens.
    """
    if _LONG_OPERATOR.search(text):
        text = _LONG_OPERATOR.sub(lambda match: _LONG_OPERATORS[match[0]], text)
    tokens: list[Token] = []
    position, is_spaced = 0, False
    for match in (_TOKEN if text.isascii() else _TOKEN_OR_FOREIGN_WORD).finditer(text):
        if match.start() != position:
            break
        position = match.end()
        kind = match.lastgroup or ""
        if kind == "space":
            is_spaced = True
            continue
        if len(tokens) >= MAX_TOKENS:
            raise OverBudgetError(f"more than {MAX_TOKENS} tokens")
        tokens.append(_token(kind, match[kind], is_spaced))
        is_spaced = False
    if position < len(text):
        raise UnreadableError(f"no rule for {text[position]!r}")
    return tokens


@lru_cache(maxsize=8192)
def _token(kind: str, text: str, is_spaced: bool) -> Token:
    if kind in ("num", "op"):
        return Token(kind, text, is_spaced)
    if kind == "cmd" and text in ("lbrace", "rbrace"):
        kind, text = "esc", "\\{" if text == "lbrace" else "\\}"
    if kind == "esc":
        return Token("op", {"\\%": "%", "\\$": "$"}.get(text, text), is_spaced)
    if kind == "text" or kind == "foreign":
        return _text_token(text, is_spaced)
    if kind != "word":
        return Token(kind, text, is_spaced)
    if text in _WORD_SYMBOLS:
        return Token("op", _WORD_SYMBOLS[text], is_spaced)
    if len(text) == 1:
        return Token("var", text, is_spaced)
    return Token("cmd" if text in _WORDS else "word", text, is_spaced)


def _text_token(text: str, is_spaced: bool) -> Token:
    words = text.strip(" ~.,")
    if words in ("e", "i") and "~" not in text and " " not in text:
        return Token("var", words, is_spaced)
    if words.lower() in ("and", "or", "", ","):
        return Token("op", words.lower() or ",", is_spaced)
    if words in _WORD_SYMBOLS:
        return Token("op", _WORD_SYMBOLS[words], is_spaced)
    if words in FUNCTIONS and words != "min":
        return Token("cmd", words, is_spaced)
    return Token("text", words, is_spaced)
