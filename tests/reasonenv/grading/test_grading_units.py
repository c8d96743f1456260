from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonenv.grading import equal, grade_math
from reasonenv.grading.counting import is_unit, split_scale
from reasonenv.grading.units import _TABLE, is_unit_word, read_unit

INCH = Fraction("0.0254")  # metres: the international inch, exact since 1959
POUND = Fraction("453.59237")  # grams: the international avoirdupois pound, exact since 1959
FACTORS = {
    "length": {
        1: "m meter metre",
        1000: "km kilometer kilometre",
        Fraction("0.01"): "cm centimeter centimetre",
        Fraction("0.001"): "mm millimeter millimetre",
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
    "power": {1: "w watt", 1000: "kilowatt"},
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
    assert set(UNITS) == {name for row in _TABLE for name in row.names.split()} - {"mph"}


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


@pytest.mark.parametrize(
    ("prefixed", "factor", "base"),
    [
        ("kJ", 1000, "joule"), ("MJ", 10**6, "J"), ("mW", Fraction(1, 1000), "W"), ("MW", 10**6, "watts"),
        ("kilowatts", 1000, "W"), ("μm", Fraction(1, 10**6), "meters"), ("nm", Fraction(1, 10**9), "m"),
        ("mT", Fraction(1, 1000), "tesla"), ("kPa", 1000, "pascals"), ("MHz", 10**6, "hertz"), ("kΩ", 1000, "ohms"),
        ("kWh", 3_600_000, "J"), ("ms", Fraction(1, 1000), "s"), ("mA", Fraction(1, 1000), "amperes"),
    ],
)  # fmt: skip
def test_prefix_of_a_symbol_multiplies_it_and_its_case_counts(prefixed, factor, base):
    assert read_unit(prefixed).dimensions == read_unit(base).dimensions
    assert read_unit(prefixed).factor == factor * read_unit(base).factor


@given(st.text(max_size=30))
def test_every_phrase_has_a_positive_factor(phrase):
    assert read_unit(phrase).factor > 0


@pytest.mark.parametrize("name", sorted(name for name in UNITS if len(name) > 2))
def test_name_in_capitals_is_the_same_unit(name):
    assert read_unit(name.upper()) == read_unit(name)


def test_words_that_only_fill_are_no_units():
    assert read_unit("apples each") == read_unit("apples")


def test_letters_of_a_product_are_no_unit_word():
    assert [is_unit_word(word) for word in ("cm", "xy", "KM", "abc")] == [True, False, True, False]


UNIT_PHRASES = (
    "cm|km/h|cm^2|square units|sq ft|m/s^2|m s^-1|kWh|dollars per day|dollars an hour|apples|students|ways|red balls"
    "|different ways|possible values|such integers|people in total|years old|feet tall|元|平方厘米|个|个苹果|通り|명|mT|Ω"
    "|ohms|degrees Celsius|kelvin|J|N m|pints per quart|perfect squares in this list|test scores|children tickets|Hz"
    "|units^2|cookies per cup of flour|años|рублей|inches|euros|person|gallons each|per day|boxes|ties|hours a day|élèves"
)
OTHER_PHRASES = (
    "dozen|thousand|squared|cubed|percent less|degrees below zero|false|never|half|halves|tenths|double|zeros|digits"
    "|under par|short of ten|negative|reciprocal|inverse|root|plus|minus|approx|point six|binary|hex|x|modulo seven"
    "|rd root|trillionths|minus one|in base four|below zero|more than six|times|x y|hundredths|zillion|per cent|per mille"
    "|of six|millones|moins|menos|次方|万|倍|左右|以上|个半|分之一|or so|is wrong|and a half|bar|pi|s^2|thirds|hundreds"
    "|apples minus one|apples or pears|six|st|prime|а|meters squared minus|square|cubic|per|cm per|cm^9|cm23|deg below"
    "|fold|wrong answers|tens|scores less|huitièmes|quintos|décimos|milhões|миллионов|Tausend|hoch zwei|al cuadrado"
    "|apples too many|cents off|above zero|to the third|choose two|score|gross"
)


@pytest.mark.parametrize("phrase", UNIT_PHRASES.split("|"))
def test_unit_or_noun_of_counting_is_a_unit(phrase):
    assert is_unit(phrase)


@pytest.mark.parametrize("phrase", OTHER_PHRASES.split("|"))
def test_operator_numeral_scale_ordinal_comparison_and_hedge_are_no_units(phrase):
    assert not is_unit(phrase)


def test_words_of_scale_are_numbers():
    assert split_scale("hundred thousand dollars") == (100_000, "dollars")
    assert split_scale("万元") == (10_000, "元")
    assert split_scale("千克") == (1, "千克")


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("12", "12cm"), ("1.5", "1.5kg"), ("90", "90km/h"), ("166", "166cm^2"), ("12", "12 m²"), ("18", "18 m/s"),
        ("20", "20°C"), ("12", "€12"), ("12", "£12"), ("12", "¥12"), ("-5", "-€5"), ("18", "$18/day"), ("18", "$18 per day"),
        ("18", r"\$18/day"), ("9", "9个"), ("5", "5元"), ("5", r"5\text{ 元}"), ("5", r"5 \mathrm{~cm}"),
        ("5000000", "5 million"), ("5,000,000", r"5\text{ million}"), ("5000000", r"\$5 million"), ("60", "5 dozen"),
        (r"\$5", "5 dollars"), ("5", "5 red apples"), ("9.8 m/s^2", "9.8"), ("18 m/s", r"18\text{ m/s}"),
        ("90 km/h", "25 m/s"), ("22.1cm^{2}", "22.1"), (r"36\sqrt{7}cm^{3}", r"36\sqrt{7} \text{ cubic centimeters}"),
        ("60 km/h", r"60\frac{\text{km}}{\text{h}}"), (r"5 \text{ feet } 10 \text{ inches}", "70 inches"),
        (r"0.0073125 \mathrm{~T}", r"7.3125 \text{ mT}"), (r"25 \Omega", "25"), (r"25 \Omega", "25 ohms"),
        (r"300 \mathrm{~K}", "300 kelvin"), (r"20^{\circ} \mathrm{C}", r"20\ ^\circ C"), ("18.90", "USD 18.90"),
        (r"20^{\circ} \mathrm{C}", "20 degrees Celsius"), ("18", r"18\ \Omega"), ("18", "v = 18 m/s"), ("18", "18 sq. ft."),
        (r"12\text{ cm}^2", "12平方厘米"), ("60 km/h", "60千米/时"), ("50000", "5万元"), ("24", "24通り"), ("30", "30명"),
        ("5", r"5 N \cdot m"), ("5", "5 years old"), (r"3\pi", r"3\pi cm^2"), (r"576\pi\;m^{2}", r"576\pi\text{ m}^2"),
        ("25%", "百分之25"), ("3或5", "5或3"), ("5", "5 cm tall"), ("25", "25℃"), ("$28\\%$", "28 percentage"),
    ],
)  # fmt: skip
def test_number_is_read_with_its_unit(gold, answer):
    assert equal(gold, answer) is True


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("5", "5 million"), ("5", "5 minus one"), ("3", "3 factorial"), ("3", "3 in base four"), ("5", "5 squared"),
        ("5", "5 below zero"), ("5 cm", "5 m"), ("$5", "$5 euros"), (r"\$5", "€5"), ("5", r"5\text{ hundredths}"),
        ("5", "5 km/2"), ("5", "5х"), ("5", "5х cm"), ("2m", "2"), ("3mg", "3"), ("2m", "2 s"), ("5", "5 m 6 s"),
        ("5", "5 s^2"), ("5", "5 m + 1"), ("5", "5K"), ("5", "5k"), ("5", "5 A"), ("20^\\circ C", "20^\\circ F"),
        ("5 mW", "5 MW"), ("5", "5个半"), ("5", "5次方"), ("5", "5分之1"), ("5 apples", "5 oranges"), ("5", "$5 million"),
        (r"5 \text{ feet } 10 \text{ inches}", "5 feet"), ("1 million", "1"), ("5", "5 percent less"), ("2ab", "2"),
    ],
)  # fmt: skip
def test_words_that_change_a_number_and_other_units_are_wrong(gold, answer):
    assert [grade.score for grade in grade_math([gold], [rf"\boxed{{{answer}}}"])] == [0]
