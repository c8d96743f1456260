from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonenv.grading.units import is_unit_word, read_unit


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("km per hour", "km/h"),
        ("miles per hour", "mph"),
        ("square meters", "m^2"),
        ("sq. ft", "feet^2"),
        ("cubic centimeters", "cm^3"),
        ("inches", "in"),
        ("meters squared", "m^2"),
        ("dollars", "USD"),
        ("grams", "gm"),
        ("newtons", "N"),
        ("square units", "units^2"),
        ("apples", "apple"),
    ],
)
def test_unit_has_several_names(one, other):
    assert read_unit(one) == read_unit(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cm", "kg"),
        ("cm", "cm^2"),
        ("m/s", "m/s^2"),
        ("m", "s"),
        ("apples", "oranges"),
        ("hours", "km per hour"),
        ("units", "cm"),
        ("A", "s"),
        ("degrees", "radians"),
        ("dollars", "euros"),
        ("square units", "units"),
    ],
)
def test_units_of_different_kinds_have_different_dimensions(one, other):
    assert read_unit(one).dimensions != read_unit(other).dimensions


@pytest.mark.parametrize(
    ("large", "small", "ratio"),
    [
        ("km", "m", 1000),
        ("hours", "minutes", 60),
        ("feet", "inches", 12),
        ("dollars", "cents", 100),
        ("gallons", "cups", 16),
    ],
)
@given(power=st.integers(1, 3))
def test_factor_of_a_power_is_the_power_of_the_factor(large, small, ratio, power):
    factors = [read_unit(f"{unit}^{power}").factor for unit in (large, small)]
    assert factors[0] / factors[1] == Fraction(ratio) ** power


@given(st.sampled_from(["m", "kg", "s", "apples"]), st.sampled_from(["hour", "day", "box"]))
def test_quotient_of_units_is_no_product(one, other):
    assert dict(read_unit(f"{one} per {other}").dimensions) != dict(read_unit(f"{one} {other}").dimensions)


@given(st.text(max_size=30))
def test_every_phrase_has_a_positive_factor_and_the_same_unit_in_capitals(phrase):
    assert read_unit(phrase).factor > 0
    assert read_unit(phrase) == read_unit(phrase.lower())


def test_words_that_only_fill_are_no_units():
    assert read_unit("apples each") == read_unit("apples")


def test_letters_of_a_product_are_no_unit_word():
    assert [is_unit_word(word) for word in ("cm", "xy", "KM", "abc")] == [True, False, True, False]
