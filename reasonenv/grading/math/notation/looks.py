r"""What only changes the looks of LaTeX: colours, sizes, old fonts, labels, text around a formula, needless braces.

Vectors keep their marks, because products of vectors do not commute.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_STYLES = (
    "tiny scriptsize footnotesize small normalsize large Large LARGE huge Huge scriptstyle scriptscriptstyle bf it rm "
    "sf tt sl em cal bfseries itshape rmfamily sffamily upshape mdseries normalfont unboldmath mathstrut strut "
    "nonumber notag hline allowbreak displaylimits"
)
_ORDINARY_NAMES = (
    "frac dfrac tfrac sqrt pi cdot times left right infty cup le ge leq geq text pm ln log sin cos tan theta alpha "
    "circ displaystyle quad"
)
_ORDINARY = frozenset(f"\\{name}" for name in _ORDINARY_NAMES.split())
_COMMAND = re.compile(r"\\[A-Za-z]+")
_STYLE = re.compile(rf"\\(?:{'|'.join(_STYLES.split())})(?![A-Za-z])\s*(?!\{{[^{{}}]*[A-Za-z~])")
_BRACED_STYLE = re.compile(r"\\(?:bf|it|sf|tt|cal)\s*(?=\{)")
_COLOUR = re.compile(r"\\(?:textcolor|color)\s*(?:\[[^\[\]{}]*\])?\s*\{[^{}]*\}|\\color\s+[a-z]+(?=\s)")
_COLOURED_BOX = re.compile(r"\\(?:colorbox)\s*\{[^{}]*\}|\\fcolorbox\s*\{[^{}]*\}\s*\{[^{}]*\}")
_LABEL = re.compile(r"\\(?:tag\*?|label|cline|vspace\*?|hspace\*?)\s*\{[^{}]*\}")
_IDENTITY = re.compile(
    r"\\(?:ensuremath|mathrlap|mathclap|smash|mathbin|mathrel|mathop|framebox|mbox)\s*(?=\{\s*[^A-Za-z{}\s])"
)
_UNBRACED_BOX = re.compile(r"\\(?:boxed|fbox)(?![A-Za-z])\s*(?=[^\s{])")
_ENSURED = re.compile(r"\\ensuremath\s*(?=\{)")
_FORMULA_AS_TEXT = re.compile(r"\\(?:text|textbf|textit|textrm|mbox)\s*\{\s*\$([^$]+)\$\s*\}")
_EQUATION_AS_TEXT = re.compile(r"\\(?:text|textbf|textrm|mathrm|mbox)\s*\{\s*([A-Za-z]\s*=\s*-?[\d./]+)\s*\}")
_BRACED_SIGN = re.compile(r"(?<![\^_A-Za-z])\{\s*([:=<>])\s*\}")
_BRACED_ROWS = re.compile(
    r"\\left\s*\\\{\s*\\begin\s*\{(array|aligned|gathered|matrix)\}(?:\s*\{[lcr|\s]*\})?(.*?)\\end\s*\{\1\}(?:\s*\\right\s*\.)?"
    r"(?!\s*\\right\s*\\)",
    re.S,
)
_ROW_POINT = re.compile(r"[.;,](?=\s*(?:\\\\|\\end(?![A-Za-z])))")
_LAST_ROW_END = re.compile(r"(?:\s*\\\\)+\s*$")
_ROW_END = re.compile(r"\\cr(?![A-Za-z])")
_STARRED_MATRIX = re.compile(r"\\(begin|end)\s*\{\s*(?:([pbB]?)matrix\*|([pb])smallmatrix\*?)\s*\}(?:\s*\[[lcr]\])?")
_UPRIGHT_LETTER = re.compile(
    r"((?:^|[=(,+\-\[|/])(?:\s|\\[,;: ])*)\\(?:mathrm|textrm|textit|text)\s*\{([A-Za-z])\}"
    r"(?=(?:\s|\\[,;: ])*[=_(+\-/^])"
)
_UPRIGHT_NAME = re.compile(r"(=(?:\s|\\[,;: ])*)\\mathrm\s*\{([A-Za-z]{2,3})\}(?=\s*$)")
_UPRIGHT_SET = re.compile(r"\\(?:mathbf|boldsymbol|bm|Bbb|mathbb)\s*(?:\{\s*([RZQN])\s*\}|([RZQN])(?![A-Za-z]))")
_MEMBERSHIP = re.compile(r"(\\(?:not)?in)\s*\{?\s*(?:\\mathrm\s*\{\s*)?([RZQNC])(?![A-Za-z_(\[])\s*\}?")
_BOLD_FACTOR = re.compile(r"\\(?:mathbf|boldsymbol|bm|pmb)\s*\{?\s*[A-Za-z]\s*\}?\s*\\(?:times|cdot|wedge)(?![A-Za-z])")
_BOLD_LETTER = re.compile(r"\\(?:mathbf|boldsymbol|bm|pmb)\s*(?:\{\s*([A-Za-z])\s*\}|([A-Za-z])(?![A-Za-z]))")
_UNIT_VECTOR = re.compile(r"\\(?:mathbf|boldsymbol|bm|pmb|hat|vec|overrightarrow)\s*\{\s*\\?([ijk])(?:math)?\s*\}")
_CALLIGRAPHIC_O = re.compile(
    r"\\(?:mathcal|mathscr|mathrm|mathit)\s*(?:\{\s*O\s*\}|O(?![A-Za-z]))|\\operatorname\s*\{\s*O\s*\}"
)
_LABELLED = re.compile(
    r"\s*(?:\\(?:text|textbf|mathrm)\s*\{\s*)?(?:the\s+)?(?:final\s+)?(?:answer|ans)\s*(?:is\s*:?|[:=])\s*(?:\}\s*)?(?=\S)",
    re.I,
)
_LEADING_EQUALS = re.compile(r"\s*=\s*(?=[^=\s])")
_QUOTED = re.compile(r"\s*(?:__([^_]+)__|'([^']+)'|\"([^\"]+)\")\s*")
_COUNTED = re.compile(r"(\s*-?\$?[\d.,/]+)\s*\(([A-Za-z]{2,}[A-Za-z ]*)\)\s*")
_NEGATIVE = re.compile(r"\s*(?:minus|negative)\s+(?=[\d\\])", re.I)
_JUNK = re.compile(r"\s*(\$[^$]+\$)\s*(?:solution|answer)\W*\s*", re.I)


def _plain_matrix(match: re.Match[str]) -> str:
    return rf"\{match[1]}{{{match[2] or match[3] or ''}matrix}}"


def _commands(names: str) -> frozenset[str]:
    return frozenset(f"\\{name}" for name in names.split())


_REPLACEMENTS: tuple[tuple[frozenset[str], re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (_commands("tag label cline vspace hspace"), _LABEL, ""),
    (_commands("colorbox fcolorbox"), _COLOURED_BOX, ""),
    (_commands("textcolor color"), _COLOUR, ""),
    (_commands("bf it sf tt cal"), _BRACED_STYLE, ""),
    (_commands(_STYLES), _STYLE, ""),
    (_commands("ensuremath mathrlap mathclap smash mathbin mathrel mathop framebox mbox"), _IDENTITY, ""),
    (_commands("boxed fbox"), _UNBRACED_BOX, ""),
    (_commands("ensuremath"), _ENSURED, ""),
    (_commands("cr"), _ROW_END, r"\\\\"),
    (_commands("begin end"), _STARRED_MATRIX, _plain_matrix),
)
"""What is replaced, in this order, in a text that has one of the commands."""
_REPLACED = frozenset[str]().union(*(names for names, _, _ in _REPLACEMENTS))


def plain_wrapping(text: str) -> str:
    """Drop a label, quotation marks and a leading sign of equality, and the brackets around what is counted.

    >>> plain_wrapping("Answer: 5"), plain_wrapping("= 17"), plain_wrapping("9 (apples)")
    ('5', '17', '9 apples')
    """
    if text[:1] in "=_'\" " and text:
        match = _QUOTED.fullmatch(text)
        text = next(filter(None, match.groups())).strip() if match else text
        text = _LEADING_EQUALS.sub("", text, count=1) if text.lstrip().startswith("=") else text
    if "ns" in text[:24].casefold():
        labelled = _LABELLED.match(text)
        text = text[labelled.end() :] if labelled else text
    if text[:1] in "mnMN":
        text = _NEGATIVE.sub("-", text, count=1)
    if text.endswith(")"):
        counted = _COUNTED.fullmatch(text)
        text = f"{counted[1]} {counted[2]}" if counted else text
    if text.startswith("$"):
        junk = _JUNK.fullmatch(text)
        text = junk[1] if junk else text
    return text


def without_looks(text: str) -> str:
    r"""Drop what only changes the looks of a formula.

    >>> without_looks(r"\color{red}{7}"), without_looks(r"\ensuremath{\frac12}")
    ('{7}', '{\\frac12}')
    """
    if "{:" in text or "{=" in text or "{<" in text or "{>" in text or "{ :" in text:
        text = _BRACED_SIGN.sub(r"\1", text)
    if text.endswith("\\\\") or "\\\\" in text[-4:]:
        text = _LAST_ROW_END.sub("", text)
    if "\\begin" in text:
        text = _ROW_POINT.sub("", _BRACED_ROWS.sub(r"\\begin{cases}\2\\end{cases}", text))
    commands = set(_COMMAND.findall(text))
    if commands <= _ORDINARY:
        return _text_as_formula(text) if "\\text" in commands else text
    for names, pattern, replacement in () if commands.isdisjoint(_REPLACED) else _REPLACEMENTS:
        if not names.isdisjoint(commands):
            text = pattern.sub(replacement, text)
            commands = set(_COMMAND.findall(text))
    return _plain_letters(_text_as_formula(text))


def _text_as_formula(text: str) -> str:
    if "$" in text or "=" in text:
        text = _EQUATION_AS_TEXT.sub(r"\1", _FORMULA_AS_TEXT.sub(r"{\1}", text))
    return text


def _plain_letters(text: str) -> str:
    """Write letters in fonts: sets double-struck, vectors with arrows, others plain."""
    if "\\in" in text or "\\notin" in text:
        text = _MEMBERSHIP.sub(r"\1 \\mathbb{\2}", text)
    if "O" in text:
        text = _CALLIGRAPHIC_O.sub("O", text)
    if "\\b" in text or "\\math" in text or "\\B" in text:
        text = _UPRIGHT_SET.sub(lambda match: rf"\mathbb{{{match[1] or match[2]}}}", text)
    if ("i" in text or "j" in text) and "{" in text and len(set(_UNIT_VECTOR.findall(text))) > 1:
        text = _UNIT_VECTOR.sub(r"\\vec{\1}", text)
    if ("\\mathbf" in text or "\\b" in text or "\\pmb" in text) and _BOLD_FACTOR.search(text):
        text = _BOLD_LETTER.sub(lambda match: rf"\vec{{{match[1] or match[2]}}}", text)
    if "\\mathrm" in text or "\\text" in text:
        text = _UPRIGHT_NAME.sub(r"\1\2", _UPRIGHT_LETTER.sub(r"\1\2", text))
    return text
