"""Options for differently written answers, where mathematics leaves the choice whether they are equal.

Each default is what a strict marker of a written examination would accept.
"""

from __future__ import annotations

from dataclasses import dataclass

from reasonenv.grading.decimals import MIN_DECIMAL_DIGITS


@dataclass(frozen=True, slots=True)
class MathPolicy:
    """Options of a comparison: `MathPolicy(is_percent_sign_optional=False)`."""

    is_percent_sign_optional: bool = True
    """9% equals 9, besides 9/100."""
    is_unit_optional: bool = True
    """A quantity equals its bare number. Differing units are converted, or wrong, whatever this says."""
    is_name_optional: bool = True
    """`x = 5` equals `5`, where the left side is a name and not an expression."""
    is_list_order_free: bool = True
    """The bare lists `1, 2` and `2, 1` are equal; sets always are, tuples never."""
    min_decimal_digits: int = MIN_DECIMAL_DIGITS
    """A decimal stands for a number that it rounds, not equals, if it has at least this many significant digits."""
    reads_prose: bool = False
    """`reasonenv.parsing.stated_answer` reads a response without box or announcement: its last formula or number."""
    rounds_to_gold: bool = False
    """An exact answer equals a decimal gold answer that it rounds to: 100/3 for 33.3."""


DEFAULT_POLICY = MathPolicy()
