from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonenv.grading.units import _UNITS, is_unit_word, read_unit

INCH = Fraction("0.0254")  # metres: the international inch, exact since 1959
POUND = Fraction("453.59237")  # grams: the international avoirdupois pound, exact since 1959
FACTORS = {
    "length": {
        1: "m meter metre",
        1000: "km kilometer kilometre",
        Fraction("0.01"): "cm centimeter centimetre",
        Fraction("0.001"): "mm millimeter",
        INCH: "in inch inches",
        12 * INCH: "ft foot feet",
        36 * INCH: "yd yard",
        5280 * 12 * INCH: "mi mile",
    },
    "time": {
        1: "s sec second",
        60: "min minute",
        60 * 60: "h hr hour",
        24 * 60 * 60: "day",
        7 * 24 * 60 * 60: "week",
        Fraction("0.001"): "ms millisecond",
    },
    "mass": {
        1: "g gram gm",
        1000: "kg kilogram",
        Fraction("0.001"): "mg milligram",
        POUND: "lb pound",
        POUND / 16: "oz ounce",
        1000 * 1000: "ton",
    },
    "volume": {1: "l liter litre", Fraction("0.001"): "ml milliliter"},
    "us volume": {1: "quart qt", 4: "gallon gal", Fraction(1, 2): "pint", Fraction(1, 4): "cup"},
    "money": {1: "dollar usd buck", Fraction("0.01"): "cent"},
    "force": {1: "n newton"},
    "energy": {1: "j joule"},
    "power": {1: "w watt"},
    "voltage": {1: "v volt"},
    "angle": {1: "degree deg"},
    "rad": {1: "radian rad"},
    "month": {1: "month", 12: "year yr"},
}
"""Dimension → units in its base, by their definitions and not by the table under test."""
UNITS = {
    name: (dimension, factor)
    for dimension, units in FACTORS.items()
    for factor, names in units.items()
    for name in names.split()
}


@pytest.mark.parametrize("name", sorted(UNITS))
def test_factor_of_a_unit_follows_from_its_definition(name):
    dimension, factor = UNITS[name]
    assert read_unit(name) == (((dimension, 1),), factor)
    assert len(name) == 1 or read_unit(f"{name}s") == read_unit(name)


def test_every_unit_has_a_definition():
    assert set(UNITS) == set(_UNITS) - {"mph"}


def test_mile_per_hour_is_made_of_its_parts():
    assert read_unit("mph") == ((("length", 1), ("time", -1)), 5280 * 12 * INCH / 3600)


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
        ("centimeters squared", "cm^2"),
        ("feet cubed", "ft^3"),
        ("inch squared per second", "in^2/s"),
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
