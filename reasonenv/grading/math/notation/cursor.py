"""A position in a list of tokens, and the small constructs that need no grammar: names, units, digits.

A token that has been taken is never given back, except by the try at a mixed number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from reasonenv.grading.math.nodes import MAX_DEPTH, Node, OverBudgetError, UnreadableError, number
from reasonenv.grading.math.notation.tokens import Token

END = Token("end", "", False)
_LETTER_UNITS = frozenset([*"mgshLlNJWV", "Omega"])
_SPACED_LETTER_UNITS = frozenset("KCTF")
"""Letters that are units only behind a space: 5K may be five thousand."""
_FURTHER_LETTER_UNITS = frozenset([*_LETTER_UNITS, *_SPACED_LETTER_UNITS, "A"])
"""Letters that are units behind another unit."""
_MAX_DIGITS = 1000


class Cursor:
    """Reads tokens from left to right; the end is a token of its own."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = [*tokens, END]
        self._position = 0
        self._depth = 0

    @property
    def next(self) -> Token:
        return self._tokens[self._position]

    @property
    def second(self) -> Token:
        """The token behind the next one."""
        return self._tokens[min(self._position + 1, len(self._tokens) - 1)]

    def symbol(self) -> str:
        """Return the next token's text if it is an operator or a command, else nothing."""
        kind, text, _ = self._tokens[self._position]
        return text if kind in ("op", "cmd") else ""

    @property
    def is_behind_word(self) -> bool:
        return self._position > 0 and self._tokens[self._position - 1].kind == "word"

    @property
    def is_behind_number(self) -> bool:
        """Whether the token before is a number with digits that have not been taken one by one."""
        before = self._tokens[self._position - 1] if self._position else END
        return before.kind == "num" and before.text != ""

    @property
    def is_behind_letter(self) -> bool:
        return self._position > 0 and self._tokens[self._position - 1].kind in ("word", "var")

    def is_behind(self, symbol: str) -> bool:
        return self._position > 0 and self._tokens[self._position - 1].text == symbol

    def take(self) -> Token:
        token = self._tokens[self._position]
        self._position += token is not END
        return token

    def expect(self, *symbols: str) -> str:
        if self.symbol() not in symbols:
            raise UnreadableError(f"expected {' or '.join(symbols)}, got {self.next.text!r}")
        return self.take().text

    def deeper(self, step: int) -> None:
        self._depth += step
        if self._depth > MAX_DEPTH:
            raise OverBudgetError(f"nested more than {MAX_DEPTH} deep")

    def index(self) -> str:
        """Read a subscript as part of a name."""
        if self.symbol() != "{":
            return self.take().text
        self.take()
        parts: list[str] = []
        while self.symbol() != "}":
            if self.next is END or self.symbol() == "{":
                raise UnreadableError("a nested index")
            parts.append(self.take().text)
        self.take()
        return "".join(parts)

    def group_name(self) -> str:
        self.expect("{")
        name = ""
        while self.symbol() != "}":
            if self.next is END:
                raise UnreadableError("a name without end")
            name += self.take().text
        self.take()
        return name

    def split_digit(self) -> int | None:
        """Take one digit of the next number; None if no digit is next. A short word becomes its letters."""
        token = self.next
        if token.kind == "word" and len(token.text) <= 3:
            self._tokens[self._position : self._position + 1] = [Token("var", letter, False) for letter in token.text]
            return None
        if token.kind != "num" or not token.text.isdigit():
            return None
        self._tokens[self._position] = Token("num", token.text[1:], False)
        self._position += len(token.text) == 1
        return int(token.text[0])

    def split_word(self, word: Token) -> str:
        """Put the letters of a word that has just been taken in its place, and take the first."""
        letters = [Token("var", letter, False) for letter in word.text]
        self._tokens[self._position - 1 : self._position] = letters
        return letters[0].text

    def is_letter_unit(self, *, is_asked: bool) -> bool:
        """Return whether a lone letter behind something is next, where letters are asked to be units."""
        return is_asked and self.next.kind in ("var", "cmd") and self._is_word(self._position, has_letters=True)

    def unit_phrase(self, *, has_letters: bool) -> str:
        """Read the words behind a number, such as `cm^2` or `miles per hour`, whatever they mean."""
        words: list[str] = []
        while True:
            symbol = self.symbol()
            if self._is_word(self._position, has_letters=has_letters, is_further=bool(words)):
                words.append(self.take().text)
            elif symbol == "$" and not words:
                self.take()
                words.append("dollar")
            elif symbol == "/" and self.starts_rate():
                self.take()
                words += ["per", self.take().text]
            elif symbol in ("cdot", "*") and words and self._is_word(self._position + 1, is_further=True):
                self.take()
            elif symbol == "^" and words:
                self.take()
                words[-1] += f"^{self.index()}"
            else:
                return " ".join(words)

    def starts_rate(self) -> bool:
        """Return whether `/` and a unit is next."""
        return self.symbol() == "/" and self._is_word(self._position + 1, is_further=True)

    def _is_word(self, position: int, *, has_letters: bool = False, is_further: bool = False) -> bool:
        token = self._tokens[position]
        if token.kind not in ("var", "cmd"):
            return token.kind in ("text", "word")
        if is_further:
            return token.text in _FURTHER_LETTER_UNITS
        is_unit = token.text in _LETTER_UNITS or (token.is_spaced and token.text in _SPACED_LETTER_UNITS)
        return has_letters and position > 0 and is_unit

    def numeral(self, token: Token, fraction: Callable[[], Node]) -> Node:
        """Read what digits begin: a repeating decimal, a mixed number, a number in a base, or a number."""
        symbol = self.symbol()
        if symbol == "overline" and "." in token.text:
            return self._repeating(token.text)
        if symbol == "_":
            self.take()
            return Node("based", (), f"{token.text}_{self.index()}")
        whole = number(_rational(token.text))
        if not token.text.isdigit():
            return whole
        rest = self._mixed(fraction)
        return Node("add", (whole, rest), "mixed") if rest else whole

    def _mixed(self, fraction: Callable[[], Node]) -> Node | None:
        start = self._position
        if self.symbol() == "frac":
            self.take()
            rest = fraction()
            if all(part.kind == "num" for part in rest.args):
                return rest
        numerator, slash, denominator = [*self._tokens[start : start + 3], END, END][:3]
        is_fraction = (
            numerator.is_spaced and slash.text == "/" and numerator.text.isdigit() and denominator.text.isdigit()
        )
        if is_fraction and int(denominator.text):
            self._position = start + 3
            return number(Fraction(int(numerator.text), int(denominator.text)))
        self._position = start
        return None

    def _repeating(self, digits: str) -> Node:
        self.take()
        period = self.index()
        if not period.isdigit():
            raise UnreadableError("a repeating decimal without digits")
        decimals = len(digits.partition(".")[2])
        tail = Fraction(int(period), (10 ** len(period) - 1) * 10**decimals)
        return number(_rational(digits) + tail)


def _rational(digits: str) -> Fraction | int:
    if len(digits) > _MAX_DIGITS:
        raise OverBudgetError(f"a number of more than {_MAX_DIGITS} digits")
    if digits.isdigit():
        return int(digits)
    whole, _, decimals = digits.partition(".")
    return Fraction(int(whole + decimals or "0"), 10 ** len(decimals))
