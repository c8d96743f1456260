r"""The spellings of one notation, each written in the one way that the grammar reads.

A spelling that could mean two things is left as it is, and stays unread.
"""

from __future__ import annotations

import re

_DOTS = re.compile(r"\\(?:[lch]dots|dots[cbmio]?|textellipsis)(?![A-Za-z])|(?<!\.)\.\s?\.\s?\.(?:\s?\.)?(?![.\d])")
_DOTTED_RUN = re.compile(r"(\d*\.\d*)((?:\s*\\dot\s*(?:\{\s*\d+\s*\}|\d)\d*)+)")
_DOTTED = re.compile(r"\\dot\s*(?:\{\s*(\d+)\s*\}|(\d))")
_BARRED = re.compile(r"(\d*\.\d*)\s*\\(?:bar|overline)\s*(?:\{\s*(\d+)\s*\}|(\d))")
_BRACKETED = re.compile(r"(?<![\d.)\w])(\d+\.\d*)\((\d+)\)(?!\s*[\^(!\d\w\\*/])")
_ENDLESS = re.compile(r"(?<![\d.])(\d*)\.(\d+)\s*\\ldots(?![A-Za-z])")
_PERIOD = re.compile(r"(\d{0,40}?)(?:(\d)\2{2,}|(\d{2,9}?)\3+)")

_D = r"(?:\\(?:mathrm|text)\s*\{\s*d\s*\}|\\rm\s*d|\\partial(?![A-Za-z])|d(?![A-Za-z]{2}))"
_POWER = r"(?:\s*\^\s*(?:\{\s*[\dn]\s*\}|[\dn]))?"
_NAME = r"(?:\\[A-Za-z]+|[A-Za-z])(?:_(?:\{\w+\}|\w))?'*(?:\s*\([\w,\s]*\))?"
_DERIVATIVE = re.compile(
    rf"\\[dt]?frac\s*\{{\s*({_D}{_POWER}\s*(?:{_NAME})?)\s*\}}\s*\{{\s*((?:{_D}\s*(?:\\[A-Za-z]+|[A-Za-z])(?:_\w)?{_POWER}\s*)+)\}}"
)
_PLAIN_DERIVATIVE = re.compile(r"(?<![A-Za-z\\])(d[A-Za-z])\s*/\s*(d[A-Za-z])(?![A-Za-z])")
_CALLS = {
    "abs": "abs", "Abs": "abs", "floor": "floor", "ceil": "ceil", "ceiling": "ceil", "factorial": "factorial",
    "binomial": "binomial", "binom": "binomial", "cbrt": "cbrt", "Max": "max", "Min": "min", "min": "min",
    "Fraction": "Fraction", "Rational": "Fraction",
}  # fmt: skip
_CALL = re.compile(rf"(?<![A-Za-z\\])(?:{'|'.join(_CALLS)})(?=\s*\()")
_MODULE = re.compile(r"(?<![\w.\\])(?:c?math|np|numpy|sympy|sp)\.(?=[A-Za-z])")
_NAMES_IN_CAPITALS = {
    "Sqrt": "sqrt", "Exp": "exp", "Log": "ln", "Sin": "sin", "Cos": "cos", "Tan": "tan", "ArcTan": "arctan",
    "ArcSin": "arcsin", "ArcCos": "arccos", "Abs": "abs", "Floor": "floor", "Ceiling": "ceil", "Binomial": "binomial",
}  # fmt: skip
_SQUARE_CALL = re.compile(rf"(?<![A-Za-z\\])({'|'.join(_NAMES_IN_CAPITALS)})\[([^\[\]]*)\]")
_MAX_NESTED_CALLS = 4
_CAPITAL_PI = re.compile(r"(?<![A-Za-z\\_{])Pi(?![A-Za-z(])")
_LOGARITHM = re.compile(r"(?<![A-Za-z])\\?log(\d{1,3})\s*(?=\()")
_MODULO = re.compile(r"(?<![A-Za-z\\])mod(?![A-Za-z])|\\(?:bmod|mod|pmod)(?![A-Za-z])")
_BRACKETED_MODULO = re.compile(r"\(\s*\\bmod\s+([^()]*)\)")
_UNDERSCORED = re.compile(r"(?<![\w.])\d{1,3}(?:_\d{3})+(?![\w{])")
_CHOOSE = re.compile(
    r"(?:\{\s*\}\s*|(?<![\w}\s]))[_^]\s*(?:\{\s*(\w+)\s*\}|(\w))\s*(?:\\mathrm\s*\{\s*C\s*\}|C)\s*_\s*"
    r"(?:\{\s*(\w+)\s*\}|(\w))"
)
_PLAIN_CHOOSE = re.compile(r"(?<![\w.\\])(\d{1,4})\s?C\s?(\d{1,4})(?![\w.])")
_COUNTED = re.compile(
    r"(?<![A-Za-z\\{])(?:(\\(?:mathrm|text)\s*\{\s*[CA]\s*\})|([CA]))"
    r"\s*_\s*(?:\{\s*([\w+\-\s]+?)\s*\}|(\w))\s*\^\s*(?:\{\s*([\w+\-\s]+?)\s*\}|(\w))"
)
_TIMES_LETTER = re.compile(r"(?<=\d)\s+x\s+(?=\d)")
_REVERSED = re.compile(r"([\[\]])([^\[\]]*[;,][^\[\]]*)([\[\]])")
_LETTERED_NAME = re.compile(r"(?<![A-Za-z\\])(Theta|Omega|alpha|gamma|delta|epsilon|lambda|sigma|omega)(?![A-Za-z])")
_VARIANT_LETTER = re.compile(r"\\var(epsilon|theta|phi|rho)(?![A-Za-z])")


def one_spelling(text: str) -> str:
    r"""Write repeating decimals, dots, derivatives, functions and combinations in one way each.

    >>> one_spelling(r"0.\dot7"), one_spelling("0.777..."), one_spelling("1, 2, ..., n")
    ('0.\\overline{7}', '0.\\overline{7} ', '1, 2, \\ldots , n')
    """
    text = _of_programs(plain_dots(text))
    if "." in text:
        text = _repeating(text)
    if "\\" in text:
        text = _of_commands(text)
    if "_" in text or "C" in text:
        text = _of_combinations(text)
    if "(" in text:
        text = _CALL.sub(lambda match: rf"\{_CALLS[match[0]]} ", text)
        text = _LOGARITHM.sub(r"\\log_{\1}", text) if "log" in text else text
    if "mod" in text:
        text = _BRACKETED_MODULO.sub(r"\\bmod \1 ", _MODULO.sub(r"\\bmod ", text))
    if " x " in text:
        text = _TIMES_LETTER.sub(r" \\times ", text)
    if text[:1] == "]" or text[-1:] == "[":
        text = _REVERSED.sub(_plain_brackets, text)
    if "d" in text and "/" in text:
        text = _PLAIN_DERIVATIVE.sub(_derivative, text)
    return _LETTERED_NAME.sub(r"\\\1 ", text) if "a" in text else text


def _of_programs(text: str) -> str:
    """Write `math.sqrt(3)` as `sqrt(3)`, and `Sqrt[3]` and `Pi` of Mathematica as TeX does."""
    if "." in text:
        text = _MODULE.sub("", text)
    for _ in range(_MAX_NESTED_CALLS if "[" in text else 0):
        text = _SQUARE_CALL.sub(_square_call, text)
    return _CAPITAL_PI.sub(r"\\pi ", text) if "Pi" in text else text


def _square_call(match: re.Match[str]) -> str:
    name = _NAMES_IN_CAPITALS[match[1]]
    return rf"\sqrt{{{match[2]}}}" if name == "sqrt" else rf"\{name}({match[2]})"


def plain_dots(text: str) -> str:
    r"""Write every spelling of dots that stand for what is left out as `\ldots`."""
    return _DOTS.sub(r"\\ldots ", text) if "..." in text or "dots" in text or ". ." in text else text


def _of_commands(text: str) -> str:
    if "\\var" in text:
        text = _VARIANT_LETTER.sub(r"\\\1", text)
    if "frac" in text and ("d" in text.replace("dfrac", "") or "partial" in text):
        text = _DERIVATIVE.sub(_derivative, text)
    return text


def _repeating(text: str) -> str:
    if "\\dot" in text:
        text = _DOTTED_RUN.sub(_dotted_period, text)
    if "\\bar" in text or "\\overline" in text:
        text = _BARRED.sub(lambda match: _overlined(match[1], match[2] or match[3]), text)
    if "(" in text:
        text = _BRACKETED.sub(lambda match: _overlined(match[1], match[2]), text)
    return _ENDLESS.sub(_endless, text) if "\\ldots" in text else text


def _overlined(whole: str, period: str) -> str:
    return rf"{'0' if whole.startswith('.') else ''}{whole}\overline{{{period}}}"


def _dotted_period(match: re.Match[str]) -> str:
    """Write a period whose first and last digits have dots; all digits between two dots belong to it."""
    digits = _DOTTED.sub(lambda dot: f"{dot[1] or dot[2]}.", match[2]).replace(" ", "")
    return _overlined(match[1], digits.replace(".", "")) if digits.endswith(".") else match[0]


def _endless(match: re.Match[str]) -> str:
    """Write 0.777… by its period, if the digits show it: one digit three times, or several digits twice."""
    period = _PERIOD.fullmatch(match[2])
    return _overlined(f"{match[1] or '0'}.{period[1]}", period[2] or period[3]) if period else match[0]


def _derivative(match: re.Match[str]) -> str:
    r"""Write a derivative as one name, because nothing in it can be cancelled or computed."""
    above, below = (part.replace(r"\partial", "∂") for part in match.groups())
    above, below = (re.sub(r"\\(?:mathrm|text|rm)(?![A-Za-z])|[\s{}]", "", part) for part in (above, below))
    has_function = re.fullmatch(r"[∂d](?:\^[\dn])?", above) is None
    if not has_function or ("∂" in above) != ("∂" in below):
        return match[0].replace("frac", "unread", 1)
    plain = re.fullmatch(r"d([A-Za-z])", above)
    if plain and below == "dx":
        return f"{plain[1]}' "
    return rf"\deriv{{{re.sub(r'[^A-Za-z0-9∂]', ' ', f'{above} per {below}').replace('∂', 'partial ')}}}"


def _of_combinations(text: str) -> str:
    if "^" in text and ("C" in text or "A" in text):
        text = _COUNTED.sub(_counted, text)
    if "C" in text:
        text = _CHOOSE.sub(lambda m: rf"\binom{{{m[1] or m[2]}}}{{{m[3] or m[4]}}}", text)
        text = _PLAIN_CHOOSE.sub(r"\\binom{\1}{\2}", text)
    return _UNDERSCORED.sub(lambda match: match[0].replace("_", ""), text) if "_" in text else text


def _plain_brackets(match: re.Match[str]) -> str:
    """Write the open interval ]0, 1[ as (0, 1)."""
    return f"{'(' if match[1] == ']' else '['}{match[2]}{')' if match[3] == '[' else ']'}"


def _counted(match: re.Match[str]) -> str:
    r"""Write C_n^k as a binomial and A_n^k as n!/(n-k)!, unless it may be a constant C_1 or a matrix A_2 to a power."""
    letter = "A" if "A" in (match[1] or match[2]) else "C"
    total, chosen = match[3] or match[4], match[5] or match[6]
    if total.isdigit() and chosen.isdigit():
        is_count = int(total) >= int(chosen) and int(total) > 2
    else:
        is_count = letter == "C" and (match[1] or len(total) > 1) and re.search("[A-Za-z]", total)
    if not is_count:
        return match[0]
    return rf"\binom{{{total}}}{{{chosen}}}" if letter == "C" else rf"\frac{{{total}!}}{{({total}-{chosen})!}}"
