"""The commands and letters of mathematics and what they mean. `e` and `i` are always the constants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from reasonenv.grading.math.nodes import Kind, Node
from reasonenv.grading.math.notation.tokens import FUNCTIONS

_GREEK_NAMES = """
alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho sigma tau upsilon phi
varphi chi psi omega Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega ell hbar
"""
GREEK = frozenset(_GREEK_NAMES.split())
CONSTANTS = {
    "pi": Node("const", (), "pi"),
    "infty": Node("const", (), "inf"),
    "inf": Node("const", (), "inf"),
    "infinity": Node("const", (), "inf"),
    "oo": Node("const", (), "inf"),
    "emptyset": Node("set"),
    "varnothing": Node("set"),
    "R": Node("reals"),
    "top": Node("var", (), "T"),
}
LETTER_CONSTANTS = {"e": Node("const", (), "e"), "i": Node("const", (), "i")}
RELATIONS = {
    "=": "=", "<": "<", ">": ">", "lt": "<", "gt": ">", "le": "<=", "leq": "<=", "leqslant": "<=", "ge": ">=",
    "geq": ">=", "geqslant": ">=", "ne": "!=", "neq": "!=", "in": "in", "notin": "notin", "approx": "~", "equiv": "=",
}  # fmt: skip
TIMES = frozenset(["*", "times", "cdot", "ast"])
OVER = frozenset(["/", "div"])
SEPARATORS = frozenset([",", ";", "and", "or", "lor", "vee", "land", "wedge", "where"])
JOINS = {"lor": "lor", "vee": "lor", "land": "land", "wedge": "land"}
RATIO_SIGNS = frozenset([":", "colon"])
ACCENTS = frozenset(
    ["overline", "mathbb", "vec", "hat", "bar", "tilde", "overrightarrow", "widehat", "mathcal", "mathscr", "mathfrak"]
)
DOMAIN_WORDS = frozenset(["if", "when", "for", "where", "whenever", "with", "for all", "as"])
"""Words between a formula and the conditions on its variables."""
PLAIN_FUNCTIONS = frozenset(["abs", "floor", "ceil", "factorial", "binomial", "cbrt", "Fraction"])
"""Functions that are also written in words, with brackets."""
OPERATORS = frozenset(
    [
        "clubsuit", "spadesuit", "heartsuit", "diamondsuit", "star", "bigstar", "oplus", "otimes", "ominus", "odot",
        "oslash", "diamond", "Diamond", "bullet", "circ", "bigcirc", "boxplus", "boxtimes", "dagger", "ddagger", "wr",
        "triangleleft", "triangleright", "bigtriangleup", "bigtriangledown", "uplus", "sqcup", "sqcap",
    ]
)  # fmt: skip
"""Binary operators of which nothing is known, not even that they commute."""
BETWEEN = TIMES | OVER | OPERATORS
CHOICES = frozenset(["binom", "dbinom", "tbinom"])
VECTORS = ("vec ", "hat ")
BINDING = frozenset(["sum", "prod"])
SIGNS: dict[str, Literal["add", "sub", "pm", "mp"]] = {"+": "add", "-": "sub", "pm": "pm", "mp": "mp"}
BARS = {"|": "|", "vert": "|", "lvert": "|", "rvert": "|"}
SET_OPERATIONS: dict[str, Kind] = {"cup": "union", "cap": "intersection", "setminus": "minus", "backslash": "minus"}
ROUNDINGS = {"lfloor": ("floor", "rfloor"), "lceil": ("ceil", "rceil")}
FACTORS = frozenset(
    [
        *GREEK, *FUNCTIONS, *ROUNDINGS, *ACCENTS, *(CONSTANTS.keys() - {"emptyset"}),
        *PLAIN_FUNCTIONS, *BINDING, *CHOICES, "frac", "sqrt", "begin", "langle", "deriv",
    ]
)  # fmt: skip
"""Commands that may follow a factor without a sign between."""
BUILDERS = frozenset(["|", "mid", ":", "vert"])


def name_of_list(separators: Sequence[str]) -> str:
    """Return how a list is joined: "or", "and", the signs of a proposition such as "land", or nothing."""
    signs = [JOINS.get(separator, "") for separator in separators]
    if any(signs):
        return signs[0] if len(set(signs)) == 1 else " ".join(sign or "land" for sign in signs)
    if set(separators) == {"and"}:
        return "and"
    return "or" if "or" in separators else ""
