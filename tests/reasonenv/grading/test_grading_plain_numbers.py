"""Plain numbers are compared by their digits, and get the verdict that reading them gives."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reasonenv.grading.math.compare import equal_texts
from reasonenv.grading.math.policy import MathPolicy
from reasonenv.grading.math.scalars import equal_plain_numbers

_DIGITS = st.one_of(*(st.integers(0, most).map(str) for most in (3, 12, 120, 10**12)))
_FORMS = ("{0}", "0{0}", "{0}/{1}", r"\frac{{{0}}}{{{1}}}", r"\dfrac{{{0}}}{{{1}}}", "{0}.{1}", "{0}.{1}0")
_NUMBERS = st.builds(
    lambda sign, form, one, other: sign + form.format(one, other),
    st.sampled_from(["", "-"]),
    st.sampled_from(_FORMS),
    _DIGITS,
    _DIGITS,
)
_POLICIES = st.builds(MathPolicy, rounds_to_gold=st.booleans(), min_decimal_digits=st.sampled_from([3, 10]))


@given(_NUMBERS, _NUMBERS, _POLICIES)
@example("1/3", "0.333", MathPolicy(min_decimal_digits=3))
@example("0.33", "1/3", MathPolicy(rounds_to_gold=True))
@example("0.3333333333", r"\frac{1}{3}", MathPolicy())
@example("-0", "0/5", MathPolicy())
@example("2/0", "2/0", MathPolicy())
def test_plain_numbers_get_the_verdict_of_the_same_numbers_in_dollars(
    gold: str, answer: str, policy: MathPolicy
) -> None:
    assert equal_plain_numbers(f"${gold}$", f"${answer}$", policy) is None
    assert equal_texts(gold, answer, policy) == equal_texts(f"${gold}$", f"${answer}$", policy)


@pytest.mark.parametrize(
    "text", ["1/0", "0.3333333333", "1,5", "1 1/2", "5.", ".5", "50%", r"\frac12", "x", "٣", "5\n"]
)
def test_what_is_no_plain_number_is_left_to_be_read(text: str) -> None:
    policy = MathPolicy()
    assert equal_plain_numbers(text, "1", policy) is None
    assert equal_plain_numbers("1", text, policy) is None
