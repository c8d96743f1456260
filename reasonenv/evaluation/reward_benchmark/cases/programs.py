"""Programs that print almost what is expected: when an output counts as the expected one.

The gold answer is a `CodeReference` with one case without input; the response is a program that prints one text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reasonenv.types import CodeReference, Comparison, StdinTests

_EXACT = Comparison(whitespace="exact")
_TOKENS = Comparison(whitespace="tokens")
_CLOSE = Comparison(absolute_tolerance=1e-6)
_SHARE = Comparison(relative_tolerance=1e-3)

OutputRow = tuple[str, str, str, int, Comparison]
"""Expected output, printed text, what it does, whether it is right, how outputs are compared."""

_PLAIN = Comparison()

# fmt: off
OUTPUTS: Mapping[str, Sequence[OutputRow]] = {
    "whole number": (
        ("42", "42\n", "the same", 1, _PLAIN),
        ("42", "42", "no line break at the end", 1, _PLAIN),
        ("42", "42.0", "a decimal point", 0, _PLAIN),
        ("42", "+42", "a sign", 0, _PLAIN),
        ("42", "042", "a leading zero", 0, _PLAIN),
        ("42", "43", "off by one", 0, _PLAIN),
        ("9007199254740993", "9007199254740992", "equal as floats", 0, _PLAIN),
        ("True", "1", "a number for a truth value", 0, _PLAIN),
        ("42", "42\n42", "twice", 0, _PLAIN),
        ("42", "The answer is 42", "a sentence", 0, _PLAIN),
        ("9007199254740993", "9007199254740995", "a whole number within a share", 0, _SHARE),
        ("20250101", "20250102", "the next day, within a share", 0, _SHARE),
        ("0012345", "12345", "an identifier without its zeros", 0, _SHARE),
        ("42", "42.0", "a decimal point, where decimals may differ", 1, _CLOSE),
    ),
    "float": (
        ("0.3", "0.30000000000000004", "the noise of a sum, compared as text", 0, _PLAIN),
        ("0.3", "0.30000000000000004", "the noise of a sum, within a bound", 1, _CLOSE),
        ("0.3", "0.300002", "outside of a bound", 0, _CLOSE),
        ("0.3", "3e-1", "scientific notation within a bound", 1, _CLOSE),
        ("1000.0", "1000.9", "within a share", 1, _SHARE),
        ("1000.0", "1001.1", "outside of a share", 0, _SHARE),
        ("0.3", "nan", "not a number", 0, _CLOSE),
        ("0.3", "inf", "infinity", 0, _CLOSE),
        ("nan", "0", "a number for not a number", 0, _CLOSE),
        ("1.0 2.0", "1.0 2.0000000001", "the second of two", 1, _CLOSE),
        ("1.0 2.0", "2.0 1.0", "another order", 0, _CLOSE),
        ("1.0 2.0", "1.0", "one of two", 0, _CLOSE),
        ("1.0 2.0", "1.0\n2.0", "lines for blanks", 0, _CLOSE),
    ),
    "white space": (
        ("a b\nc\n", "a b \nc", "blanks at the end of a line", 1, _PLAIN),
        ("a b\nc\n", "a b\nc\n\n\n", "empty lines at the end", 1, _PLAIN),
        ("a b\nc\n", "a  b\nc\n", "two blanks for one", 0, _PLAIN),
        ("a b\nc\n", " a b\nc\n", "a blank in front", 0, _PLAIN),
        ("a b\nc\n", "\na b\nc\n", "an empty line in front", 0, _PLAIN),
        ("a b\nc\n", "a b c", "one line for two", 0, _PLAIN),
        ("a b\nc\n", "a b c", "one line for two, by tokens", 1, _TOKENS),
        ("a b\nc\n", "ab c", "joins tokens", 0, _TOKENS),
        ("a b\n", "a b", "no line break at the end, exactly", 0, _EXACT),
        ("a b\n", "a b\n", "the same, exactly", 1, _EXACT),
        ("a b\n", "A B\n", "capitals", 0, _PLAIN),
        ("a b\n", "a\u00a0b\n", "another kind of blank", 0, _PLAIN),
        ("a b\n", "a\u200b b\n", "a character that nobody sees", 0, _PLAIN),
    ),
}
# fmt: on


def reference(expected: str, comparison: Comparison = _PLAIN) -> CodeReference:
    """Return what grades a program that prints one text."""
    return CodeReference(tests=StdinTests((("", expected),), comparison))


def program(printed: str) -> str:
    """Return a response whose program prints a text."""
    return f"<think>I print it.</think>\n<answer>\n```python\nprint({printed!r}, end='')\n```\n</answer>"
