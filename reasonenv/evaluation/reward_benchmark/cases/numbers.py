r"""Gold answers that are single numbers or quantities, with equal and almost equal ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from random import Random

from reasonenv.evaluation.reward_benchmark.cases.variants import Family, Variants, signed, unequal_number

_NUM_DECIMALS = 3


def _integer(rng: Random) -> Variants[str]:
    number = rng.choice((1, -1)) * rng.randint(1023, 98765) * 10 + rng.choice((1, -1)) * rng.randint(1, 4)
    grouped = f"{number:,}"
    return Variants(
        str(number),
        equal=(
            ("same", str(number)),
            ("decimal point", f"{number}.0"),
            ("grouped digits", grouped),
            ("LaTeX groups", grouped.replace(",", "{,}")),
            ("over one", rf"\frac{{{number}}}{{1}}"),
        ),
        different=(
            ("off by one", str(number + 1)),
            ("sign", str(-number)),
            ("ten times", str(number * 10)),
            ("last digit lost", str(int(number / 10))),
            ("rounded", str(round(number, -1))),
        ),
    )


def _decimal(rng: Random) -> Variants[str]:
    thousandths = rng.randint(101, 99_999) // 10 * 10 + rng.choice((1, 2, 3, 4, 6, 7, 8, 9))
    value = Fraction(thousandths, 1000)
    text = _with_places(value, _NUM_DECIMALS)
    return Variants(
        text,
        equal=(
            ("same", text),
            ("trailing zero", f"{text}0"),
            ("fraction", rf"\frac{{{value.numerator}}}{{{value.denominator}}}"),
            ("scientific", rf"{thousandths} \times 10^{{-3}}"),
        ),
        different=(
            ("last digit", _with_places(value + Fraction(1, 1000), _NUM_DECIMALS)),
            ("point shifted", _with_places(value * 10, _NUM_DECIMALS)),
            ("sign", f"-{text}"),
            ("integer part", str(math.floor(value))),
        ),
    )


def _fraction(rng: Random) -> Variants[str]:
    """Draw a reduced fraction that does not terminate as a decimal."""
    bottom = rng.choice((3, 7, 9, 11, 13, 17, 19, 21))
    top = rng.choice([number for number in range(2, 60) if math.gcd(number, bottom) == 1])
    factor, sign = rng.randint(2, 9), rng.choice(("", "-"))
    return Variants(
        rf"{sign}\frac{{{top}}}{{{bottom}}}",
        equal=(
            ("display style", rf"{sign}\dfrac{{{top}}}{{{bottom}}}"),
            ("unreduced", rf"{sign}\frac{{{factor * top}}}{{{factor * bottom}}}"),
            ("slash", f"{sign}{top}/{bottom}"),
            ("sign inside", rf"\frac{{{sign}{top}}}{{{bottom}}}"),
        ),
        different=(
            ("reciprocal", rf"{sign}\frac{{{bottom}}}{{{top}}}"),
            ("numerator", rf"{sign}\frac{{{top + 1}}}{{{bottom}}}"),
            ("sign", rf"{'' if sign else '-'}\frac{{{top}}}{{{bottom}}}"),
            ("rounded", f"{sign}{top / bottom:.2f}"),
            ("numerator alone", f"{sign}{top}"),
        ),
    )


def _mixed_number(rng: Random) -> Variants[str]:
    bottom = rng.choice((3, 5, 7, 8, 9, 11))
    whole = rng.randint(2, 20)
    top = rng.choice([number for number in range(1, bottom) if math.gcd(number, bottom) == 1])
    return Variants(
        rf"{whole}\frac{{{top}}}{{{bottom}}}",
        equal=(
            ("spaced", rf"{whole} \frac{{{top}}}{{{bottom}}}"),
            ("improper", rf"\frac{{{whole * bottom + top}}}{{{bottom}}}"),
            ("sum", rf"{whole} + \frac{{{top}}}{{{bottom}}}"),
        ),
        different=(
            ("product", rf"{whole} \cdot \frac{{{top}}}{{{bottom}}}"),
            ("fraction alone", rf"\frac{{{top}}}{{{bottom}}}"),
            ("whole alone", str(whole)),
            ("whole changed", rf"{whole + 1}\frac{{{top}}}{{{bottom}}}"),
        ),
    )


def _percent(rng: Random) -> Variants[str]:
    number = rng.randint(11, 98)
    value = Fraction(number, 100)
    return Variants(
        rf"{number}\%",
        equal=(
            ("bare sign", f"{number}%"),
            ("spaced", rf"{number} \%"),
            ("word", rf"{number}\text{{ percent}}"),
            ("trailing zero", rf"{number}.0\%"),
        ),
        different=(
            ("off by one", rf"{number + 1}\%"),
            ("hundredth", rf"{_with_places(value, 2)}\%"),
            ("complement", rf"{100 - number if number != 50 else 51}\%"),
            ("ten times", rf"{number * 10}\%"),
        ),
    )


def _money(rng: Random) -> Variants[str]:
    dollars = rng.randint(1001, 9998)
    return Variants(
        rf"\${dollars}",
        equal=(
            ("same", rf"\${dollars}"),
            ("cents", rf"\${dollars}.00"),
            ("grouped digits", rf"\${dollars:,}"),
            ("word", rf"{dollars}\text{{ dollars}}"),
        ),
        different=(
            ("off by one", rf"\${dollars + 1}"),
            ("cents for dollars", rf"\${dollars / 100:.2f}"),
            ("euros", rf"{dollars}\text{{ euros}}"),
            ("one cent more", rf"\${dollars}.01"),
        ),
    )


def _unit_quantity(rng: Random) -> Variants[str]:
    unit, other, factor, larger = rng.choice(
        (("cm", "mm", 10, "m"), ("m", "cm", 100, "km"), ("kg", "g", 1000, "t"), ("km", "m", 1000, "cm"))
    )
    number = rng.randint(2, 97)
    return Variants(
        rf"{number}\text{{ {unit}}}",
        equal=(
            ("roman", rf"{number} \mathrm{{~{unit}}}"),
            ("thin space", rf"{number}\,\text{{{unit}}}"),
            ("plain", f"{number} {unit}"),
            ("converted", rf"{number * factor}\text{{ {other}}}"),
        ),
        different=(
            ("another unit", rf"{number}\text{{ {larger}}}"),
            ("unit converted, number kept", rf"{number}\text{{ {other}}}"),
            ("squared unit", rf"{number}\text{{ {unit}}}^2"),
            ("off by one", rf"{number + 1}\text{{ {unit}}}"),
            ("number converted, unit kept", rf"{number * factor}\text{{ {unit}}}"),
        ),
    )


def _scientific(rng: Random) -> Variants[str]:
    """Draw a mantissa and a power of ten, from 10⁻³⁰ to 10²⁴."""
    tenths = rng.randint(11, 98)
    mantissa, exponent = f"{tenths // 10}.{tenths % 10}", rng.choice((*range(-30, -5), *range(6, 25)))
    return Variants(
        rf"{mantissa} \times 10^{{{exponent}}}",
        equal=(
            ("dot", rf"{mantissa} \cdot 10^{{{exponent}}}"),
            ("e-notation", f"{mantissa}e{exponent}"),
            ("shifted", rf"{tenths} \times 10^{{{exponent - 1}}}"),
            ("trailing zero", rf"{mantissa}0 \times 10^{{{exponent}}}"),
        ),
        different=(
            ("exponent", rf"{mantissa} \times 10^{{{exponent + 1}}}"),
            ("exponent's sign", rf"{mantissa} \times 10^{{{-exponent}}}"),
            ("mantissa", rf"{(tenths + 1) // 10}.{(tenths + 1) % 10} \times 10^{{{exponent}}}"),
            ("mantissa alone", mantissa),
        ),
    )


def _time_of_day(rng: Random) -> Variants[str]:
    hour, minute = rng.randint(2, 9), 2 * rng.randint(6, 28)
    return Variants(
        f"{hour}:{minute}",
        equal=(
            ("same", f"{hour}:{minute}"),
            ("leading zero", f"0{hour}:{minute}"),
            ("as text", rf"\text{{{hour}:{minute}}}"),
        ),
        different=(
            ("one minute later", f"{hour}:{minute + 1}"),
            ("one hour later", f"{hour + 1}:{minute}"),
            ("same quotient", f"{2 * hour}:{2 * minute}" if 2 * minute < 60 else f"{hour / 2:g}:{minute // 2}"),
            ("hour alone", str(hour)),
        ),
    )


def _ratio(rng: Random) -> Variants[str]:
    first = rng.randint(2, 9)
    second = rng.choice([number for number in range(2, 10) if math.gcd(first, number) == 1])
    return Variants(
        f"{first}:{second}",
        equal=(
            ("spaced", f"{first} : {second}"),
            ("tight colon", f"{first}{{:}}{second}"),
            ("as text", rf"\text{{{first}:{second}}}"),
        ),
        different=(
            ("inverted", f"{second}:{first}"),
            ("second off by one", f"{first}:{second + 1}"),
            ("first off by one", f"{first + 1}:{second}"),
            ("first alone", str(first)),
        ),
    )


def _base_number(rng: Random) -> Variants[str]:
    """Draw a numeral in base 3 to 7 whose digits exist in the wrong base too."""
    base = rng.randint(3, 7)
    digits = rng.choice("12") + "".join(rng.choice("012") for _ in range(3)) + "1"
    word = ("three", "four", "five", "six", "seven")[base - 3]
    return Variants(
        f"{digits}_{base}",
        equal=(
            ("braces", f"{digits}_{{{base}}}"),
            ("parentheses", f"({digits})_{{{base}}}"),
            ("base in words", rf"{digits}_{{\text{{{word}}}}}"),
        ),
        different=(
            ("another base", f"{digits}_{{{base + 1}}}"),
            ("last digit", f"{digits[:-1]}2_{{{base}}}"),
            ("digits reversed", f"{_other_digits(digits)}_{{{base}}}"),
            ("digit lost", f"{digits[:-1]}_{{{base}}}"),
        ),
    )


def _radical(rng: Random) -> Variants[str]:
    inside, factor = rng.choice((2, 3, 5, 6, 7, 10, 11, 13)), rng.randint(2, 12)
    value = factor * math.sqrt(inside)
    return Variants(
        rf"{factor}\sqrt{{{inside}}}",
        equal=(
            ("dot", rf"{factor} \cdot \sqrt{{{inside}}}"),
            ("under the root", rf"\sqrt{{{factor**2 * inside}}}"),
            ("root in the denominator", rf"\frac{{{factor * inside}}}{{\sqrt{{{inside}}}}}"),
            ("unicode", f"{factor}√{inside}"),
        ),
        different=(
            ("radicand", rf"{factor}\sqrt{{{inside + 1}}}"),
            ("factor", rf"{factor + 1}\sqrt{{{inside}}}"),
            ("factor not squared", rf"\sqrt{{{factor * inside}}}"),
            ("rounded", f"{value:.3f}"),
            ("root alone", rf"\sqrt{{{inside}}}"),
        ),
    )


def _complex_number(rng: Random) -> Variants[str]:
    """Draw a complex number with integer parts of different size."""
    real = unequal_number(rng, -20, 20, 1)
    imaginary = unequal_number(rng, -20, 20, 1, real)
    return Variants(
        f"{real} {signed(imaginary)}i",
        equal=(
            ("tight", f"{real}{imaginary:+}i"),
            ("reversed", f"{imaginary}i {signed(real)}"),
            ("spaced i", f"{real} {signed(imaginary)} i"),
        ),
        different=(
            ("conjugate", f"{real} {signed(-imaginary)}i"),
            ("parts swapped", f"{imaginary} {signed(real)}i"),
            ("real part's sign", f"{-real} {signed(imaginary)}i"),
            ("real part alone", str(real)),
            ("i lost", f"{real} {signed(imaginary)}"),
        ),
    )


def _pi_multiple(rng: Random) -> Variants[str]:
    factor = rng.randint(3, 20)
    offset = unequal_number(rng, -15, 15, factor)
    value = factor * math.pi + offset
    return Variants(
        rf"{factor}\pi {signed(offset)}",
        equal=(
            ("reversed", rf"{offset} + {factor}\pi"),
            ("dot", rf"{factor} \cdot \pi {signed(offset)}"),
            ("over two", rf"\frac{{{2 * factor}\pi {signed(2 * offset)}}}{{2}}"),
            ("unicode", f"{factor}π {signed(offset)}"),
        ),
        different=(
            ("offset's sign", rf"{factor}\pi {signed(-offset)}"),
            ("rounded", f"{value:.3f}"),
            ("factor", rf"{factor + 1}\pi {signed(offset)}"),
            ("π lost", str(factor + offset)),
        ),
    )


def _with_places(value: Fraction, num_decimals: int) -> str:
    whole, rest = divmod(int(value * 10**num_decimals), 10**num_decimals)
    return f"{whole}.{rest:0{num_decimals}d}"


def _other_digits(digits: str) -> str:
    """Reverse the digits, or change the second one if they read the same."""
    turned = digits[::-1]
    return turned if turned != digits else digits[0] + str((int(digits[1]) + 1) % 3) + digits[2:]


NUMBERS: Mapping[str, Family[str]] = {
    "integer": _integer,
    "decimal": _decimal,
    "fraction": _fraction,
    "mixed number": _mixed_number,
    "percent": _percent,
    "money": _money,
    "units": _unit_quantity,
    "scientific": _scientific,
    "time": _time_of_day,
    "ratio": _ratio,
    "base": _base_number,
    "radical": _radical,
    "complex": _complex_number,
    "pi": _pi_multiple,
}
"""Answer type → function that draws a gold answer with its variants."""
