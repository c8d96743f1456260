"""Characters beyond ASCII written as LaTeX: raised and lowered runs, roots, fractions, letters in mathematical fonts.

Only characters that Unicode made for mathematics are mapped, never letters of another script that look alike.
"""

from __future__ import annotations

import re
import unicodedata

_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵃᵇᶜᵈᵉᵏˡᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻ", "0123456789+-=()niabcdeklmoprstuvwxyz", strict=True))
_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓₕₖₗₘₙₚₛₜᵢⱼᵣᵤᵥ", "0123456789+-=()aeoxhklmnpstijruv", strict=True))
_RUN_OF_RAISED = re.compile(f"[{''.join(_RAISED)}]+")
_RUN_OF_LOWERED = re.compile(f"[{''.join(_LOWERED)}]+")
_ROOTS = {"√": r"\sqrt", "∛": r"\sqrt[3]", "∜": r"\sqrt[4]"}
_ROOT = re.compile(r"([√∛∜])\s*(?:(\d+(?:\.\d+)?)|([A-Za-z](?![A-Za-z]))|(?=[({\\π|])|(pi)(?![A-Za-z]))")
"""A root covers the number, the letter or the brackets behind it; before a run of letters it may mean either."""
_FRACTION = re.compile("[¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]")
_FONT_LETTER = re.compile("[\U0001d400-\U0001d7ff\u2102\u210a-\u2115\u2118-\u211d\u2124\u212c-\u2134ℯ]")
_DOUBLE_STRUCK = dict(zip("ℕℤℚℝℂ", "NZQRC", strict=True))
_GREEK = {
    chr(code): unicodedata.name(chr(code)).split()[-1].replace("LAMDA", "LAMBDA")
    for code in (*range(0x391, 0x3AA), *range(0x3B1, 0x3CA))
    if code not in (0x3A2, 0x3C2)
}
_LETTERS_WITHOUT_COMMAND = frozenset("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο")
"""Greek letters that look as Latin ones do, which TeX has no command for."""
_SIGNS = {
    "…": r" \ldots ", "⋯": r" \ldots ", "⌊": r" \lfloor ", "⌋": r" \rfloor ", "⌈": r" \lceil ", "⌉": r" \rceil ",
    "≦": r" \le ", "≧": r" \ge ", "⟨": r" \langle ", "⟩": r" \rangle ", "∉": r" \notin ", "≡": r" \equiv ",
    "∕": "/", "⁄": "/", "∶": ":", "﹣": "-", "‑": "-", "‐": "-", "∗": "*", "∣": "|",
    "º": "°", "′": "'", "″": "''", "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'",
    "或": " or ", "和": " and ", "且": " and ", "、": ",", "。": ".", "【": "", "】": "",
    "⊕": r" \oplus ", "⊗": r" \otimes ", "★": r" \bigstar ", "♣": r" \clubsuit ", "♠": r" \spadesuit ",
    "♥": r" \heartsuit ", "♡": r" \heartsuit ", "♦": r" \diamondsuit ", "♢": r" \diamondsuit ", "∂": r" \partial ",
}  # fmt: skip
_TABLE: dict[int, str] = {
    **{ord(sign): text for sign, text in _SIGNS.items()},
    **{ord(letter): rf" \mathbb{{{name}}} " for letter, name in _DOUBLE_STRUCK.items()},
    **{
        ord(letter): f" \\{name.lower() if letter.islower() else name.capitalize()} "
        for letter, name in _GREEK.items()
        if letter not in _LETTERS_WITHOUT_COMMAND
    },
}


def latex_of_characters(text: str) -> str:
    r"""Write the characters of mathematics in a text as LaTeX.

    >>> latex_of_characters("2√13"), latex_of_characters("10⁻³"), latex_of_characters("⅚")
    ('2\\sqrt{13}', '10^{-3}', ' \\frac{5}{6}')
    """
    if _FONT_LETTER.search(text):
        text = _FONT_LETTER.sub(_plain_letter, text)
    text = _RUN_OF_RAISED.sub(lambda run: f"^{{{''.join(map(_RAISED.__getitem__, run[0]))}}}", text)
    text = _RUN_OF_LOWERED.sub(lambda run: f"_{{{''.join(map(_LOWERED.__getitem__, run[0]))}}}", text)
    return _FRACTION.sub(_fraction, _ROOT.sub(_root, text)).translate(_TABLE)


def _plain_letter(match: re.Match[str]) -> str:
    letter = match[0]
    return letter if letter in _DOUBLE_STRUCK else unicodedata.normalize("NFKC", letter)


def _root(match: re.Match[str]) -> str:
    covered = match[2] or match[3] or (r"\pi" if match[4] else "")
    return _ROOTS[match[1]] + (f"{{{covered}}}" if covered else " ")


def _fraction(match: re.Match[str]) -> str:
    numerator, _, denominator = unicodedata.normalize("NFKC", match[0]).partition("\u2044")
    return rf" \frac{{{numerator}}}{{{denominator}}}"
