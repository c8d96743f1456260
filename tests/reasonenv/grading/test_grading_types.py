"""Each type of answer under its rewritings and its near misses; labels come from `fractions` and `sympy`."""

from fractions import Fraction

import pytest
import sympy
from hypothesis import assume, example, given
from hypothesis import strategies as st

from reasonenv.grading.math.compare import equal_texts

INTEGERS = st.integers(-(10**6), 10**6)
SMALL = st.integers(-30, 30)
FRACTIONS = st.fractions(-50, 50, max_denominator=60).filter(lambda value: value.denominator > 1)
ELEMENTS = st.lists(SMALL, min_size=2, max_size=4, unique=True)


def decide_both_ways(gold, answer):
    verdicts = equal_texts(gold, answer), equal_texts(answer, gold)
    assert (verdicts[0] is True) == (verdicts[1] is True), f"{gold} and {answer} compare as {verdicts}"
    return verdicts[0]


def latex(value):
    sign = "-" if value < 0 else ""
    return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


INTEGER_FORMS = [
    "{0}",
    "{0}.0",
    "{0:,}",
    "{{{0}}}",
    "({0})",
    r"\text{{{0}}}",
    r"\mathbf{{{0}}}",
    r"\underline{{{0}}}",
    "x = {0}",
    r"\frac{{{0}}}{{1}}",
    r"\displaystyle {0}",
    r"{0}\,.",
    "$ {0} $",
    r"\({0}\)",
    "f(2) = {0}",
    "a+b={0}",
    r"\angle A = {0}",
    r"{0}\text{{ ways}}",
    r"\text{{{0} ways}}",
    r"\text{{\${0}}}",
    "**{0}**",
    r"\boxed{{{0}}}",
]
INTEGER_MISSES = [
    "{0}1",
    "{0}.5",
    "{0} x + 1",
    r"{0}\pi + 1",
    "{0}, {1}",
    r"{0} \text{{ or }} {1}",
    r"\{{{0},{1}\}}",
    "[{0},{1}]",
    "x > {0}",
    "{0}_7",
    "{1}",
    "-{1}",
    "{1} = {0}",
    "{0} = {1}",
    r"\pm {1}",
    "{0}i + 1",
    r"\text{{not }} {0}",
    "{0}?",
    "({0},{0})",
]


@pytest.mark.parametrize("form", INTEGER_FORMS)
@given(integer=INTEGERS)
def test_integer_equals_its_rewritings(form, integer):
    assert decide_both_ways(str(integer), form.format(integer)) is True


@pytest.mark.parametrize("form", INTEGER_MISSES)
@given(integer=INTEGERS)
def test_integer_differs_from_its_near_misses(form, integer):
    assert decide_both_ways(str(integer), form.format(integer, integer + 1)) is not True


@given(FRACTIONS, st.integers(2, 9))
def test_fraction_equals_its_rewritings(value, factor):
    numerator, denominator = value.numerator, value.denominator
    for answer in (
        f"{numerator}/{denominator}",
        rf"{numerator} \div {denominator}",
        rf"\frac{{{numerator * factor}}}{{{denominator * factor}}}",
        rf"\mathbf{{{latex(value)}}}",
        rf"{{{numerator} \over {denominator}}}",
        f"P = {latex(value)}",
        rf"{latex(value * 100)}\%",
    ):
        assert decide_both_ways(latex(value), answer) is True


@given(FRACTIONS)
def test_fraction_differs_from_its_near_misses(value):
    numerator, denominator = value.numerator, value.denominator
    misses = [-value, value + 1, 2 * value, Fraction(numerator + 1, denominator), Fraction(numerator, denominator + 1)]
    for miss in misses:
        assert decide_both_ways(latex(value), latex(miss)) is (miss == value)
    for answer in (f"{numerator}", f"{numerator}, {denominator}", f"({numerator},{denominator})", f"{latex(value)} x"):
        assert decide_both_ways(latex(value), answer) is False


@given(FRACTIONS)
def test_rounded_decimal_is_not_the_fraction_that_it_rounds(value):
    rounded = f"{float(value):.3f}"
    assert decide_both_ways(latex(value), rounded) is (Fraction(rounded) == value)


@given(st.decimals("0.001", 999, places=3), st.integers(-3, 3))
def test_decimal_equals_its_scientific_notations_and_no_other_power_of_ten(value, shift):
    answer = rf"{value.scaleb(-shift):f} \times 10^{{{shift}}}"
    assert decide_both_ways(str(value), answer) is True
    assert decide_both_ways(str(value), answer.replace(f"{{{shift}}}", f"{{{shift + 1}}}")) is False


@given(st.integers(2, 900).map(lambda tenths: Fraction(tenths, 10)))
@example(Fraction(1))
def test_percent_equals_the_share_and_no_other_power_of_ten(value):
    percent = rf"{float(value):g}\%"
    assert decide_both_ways(percent, rf"{float(value):g}\text{{ percent}}") is True
    assert decide_both_ways(percent, latex(value / 100)) is True
    assert decide_both_ways(percent, latex(value / 1000)) is False
    assert decide_both_ways(percent, rf"{float(value):g}\text{{ cm}}") is False
    assert decide_both_ways(percent, f"{float(value):g}") is (value > 1)


@given(st.integers(5, 10**6), st.integers(2, 9))
def test_number_in_a_base_has_that_base(value, base):
    digits = ""
    for _ in range(20):
        digits, value = str(value % base) + digits, value // base
    gold = f"{digits.lstrip('0')}_{base}"
    assert decide_both_ways(gold, gold.replace("_", "_{") + "}") is True
    assert decide_both_ways(gold, f"x = ({gold[:-2]})_{{\\text{{{base}}}}}") is True
    assert decide_both_ways(gold, f"{gold[:-2]}_{{{base + 1}}}") is False
    assert decide_both_ways(gold, gold[:-2]) is False


@given(SMALL, SMALL.filter(bool))
def test_complex_number_has_both_parts(real, imaginary):
    gold = f"{real}{imaginary:+}i"
    assert decide_both_ways(gold, f"z = {imaginary}i + {real}") is True
    assert decide_both_ways(gold, rf"{real} + ({imaginary})\mathrm{{i}}") is True
    for miss in (f"{real}{-imaginary:+}i", f"{real}", f"{real + 1}{imaginary:+}i", f"({real},{imaginary})"):
        assert decide_both_ways(gold, miss) is False


@given(ELEMENTS)
def test_tuple_keeps_its_order(elements):
    gold = f"({','.join(map(str, elements))})"
    spaced = ", ".join(map(str, elements))
    for answer in (rf"\left( {spaced} \right)", rf"\big({spaced}\big)", rf"\langle {spaced} \rangle", f"P({spaced})"):
        assert decide_both_ways(gold, answer) is True
    misses = [
        elements[::-1],
        elements[:-1],
        [*elements, 0],
        [elements[0] + 1, *elements[1:]],
        [*elements[1:], elements[0]],
    ]
    for miss in misses:
        assert decide_both_ways(gold, f"({', '.join(map(str, miss))})") is False
    assert decide_both_ways(gold, rf"\{{{spaced}\}}") is False


@given(ELEMENTS, st.randoms(use_true_random=False))
def test_list_and_set_are_equal_in_any_order(elements, random):
    shuffled = random.sample(elements, len(elements))
    gold = ", ".join(map(str, elements))
    for answer in (
        "; ".join(map(str, shuffled)),
        rf"\{{{', '.join(map(str, shuffled))}\}}",
        r" \text{ or } ".join(f"x = {element}" for element in shuffled),
        r"\text{ and }".join(map(str, shuffled)),
        ", ".join(f"x_{index} = {element}" for index, element in enumerate(shuffled)),
    ):
        assert decide_both_ways(gold, answer) is True
    for miss in ([*elements, 99], elements[:-1], [elements[0] + 100, *elements[1:]]):
        assert decide_both_ways(gold, rf"\{{{', '.join(map(str, miss))}\}}") is False


@given(ELEMENTS.map(lambda elements: elements[:2]))
def test_solution_by_name_is_the_tuple_in_the_order_of_names(elements):
    x, y = elements
    assert decide_both_ways(f"({x},{y})", f"y={y}, x={x}") is True
    assert decide_both_ways(f"({x},{y})", f"y={x}, x={y}") is False
    assert decide_both_ways(f"({x},{y}),({y},{x})", f"x={y},y={x};x={x},y={y}") is True


@given(st.lists(st.lists(SMALL, min_size=2, max_size=2), min_size=2, max_size=3))
def test_matrix_has_its_entries_in_place(rows):
    def written(rows, kind="pmatrix"):
        return rf"\begin{{{kind}}}" + r" \\ ".join(" & ".join(map(str, row)) for row in rows) + rf"\end{{{kind}}}"

    gold = written(rows)
    assert decide_both_ways(gold, f"A = {written(rows, 'bmatrix')}") is True
    assert decide_both_ways(gold, gold.replace(r"\\", r"\\[1ex]")) is True
    doubled = [[2 * entry for entry in row] for row in rows]
    assert decide_both_ways(gold, rf"\frac{{1}}{{2}}{written(doubled)}") is True
    assert decide_both_ways(written(doubled), f"{gold}+{gold}") is True
    for miss in (
        rows[::-1],
        [row[::-1] for row in rows],
        [list(column) for column in zip(*rows, strict=True)],
        rows[:-1],
    ):
        assert decide_both_ways(gold, written(miss)) is (miss == rows)


@pytest.mark.parametrize("bracket", ["()", "[)", "(]", "[]"])
@given(low=SMALL, size=st.integers(1, 20))
def test_interval_has_its_ends_and_its_brackets(bracket, low, size):
    high = low + size
    signs = [r"\le" if end in "[]" else "<" for end in bracket]
    gold = f"{bracket[0]}{low},{high}{bracket[1]}"
    assert equal_texts(gold, rf"{low} {signs[0]} x {signs[1]} {high}") is True
    assert equal_texts(gold, rf"x \in {gold}") is True
    for other in ("()", "[)", "(]", "[]"):
        assert decide_both_ways(gold, f"{other[0]}{low},{high}{other[1]}") is (other == bracket)
    for ends in ((low, high + 1), (low - 1, high), (high, low)):
        assert decide_both_ways(gold, f"{bracket[0]}{ends[0]},{ends[1]}{bracket[1]}") is False


@given(SMALL, st.sampled_from(["<", ">", r"\le", r"\ge"]))
def test_inequality_keeps_direction_and_strictness(bound, sign):
    flipped = {"<": ">", ">": "<", r"\le": r"\ge", r"\ge": r"\le"}
    gold = f"x {sign} {bound}"
    assert decide_both_ways(gold, f"{bound} {flipped[sign]} x") is True
    assert decide_both_ways(gold, rf"\{{x \mid x {sign} {bound}\}}") is True
    for other in flipped:
        assert decide_both_ways(gold, f"x {other} {bound}") is (other == sign)
    assert decide_both_ways(gold, f"x {sign} {bound + 1}") is False
    assert decide_both_ways(gold, f"y {sign} {bound}") is False


@given(st.integers(1, 40), st.sampled_from(["cm", "kg", "hours", "apples", "square feet", "dollars"]))
def test_quantity_has_its_number_and_its_unit(value, unit):
    gold = rf"{value} \text{{ {unit}}}"
    for answer in (f"{value} {unit}", rf"\text{{{value} {unit}}}", rf"{value}\ \mathrm{{{unit}}}", f"{value}"):
        assert decide_both_ways(gold, answer) is True
    for answer in (rf"{value} \text{{ liters}}", rf"{value + 1} \text{{ {unit}}}", rf"{value}\%", f"{value}0"):
        assert decide_both_ways(gold, answer) is False


EXPRESSIONS = [
    "x**2 + 3*x*y**3 - 2",
    "(x + 1)*(x - 2)/(x + 3)",
    "sqrt(x)*exp(-x)",
    "log(x)/(x + y)",
    "sin(x)**2*cos(y)",
    "x**(2/3)*y",
    "pi*x**2*y/3",
    "(x + y)**3",
    "2*sqrt(3) - pi/4",
    "atan(x) + 1",
    "1/(x*y) - x/y",
    "exp(2*x)*(4*x - 1)/x**2",
    "factorial(x)/2",
]
REWRITERS = [sympy.expand, sympy.factor, sympy.together, sympy.simplify, sympy.radsimp]
SPOILERS = [
    lambda value: value + 1,
    lambda value: 2 * value,
    lambda value: -value,
    lambda value: 1 / value,
    lambda value: value**2,
]


@pytest.mark.parametrize("text", EXPRESSIONS)
@pytest.mark.parametrize("rewrite", REWRITERS, ids=lambda rewrite: rewrite.__name__)
def test_expression_equals_what_sympy_rewrites_it_to(text, rewrite):
    value = sympy.sympify(text)
    assert decide_both_ways(sympy.latex(value), sympy.latex(rewrite(value))) is True


@pytest.mark.parametrize("text", EXPRESSIONS)
@pytest.mark.parametrize("spoil", SPOILERS)
def test_expression_differs_from_what_is_spoiled(text, spoil):
    value = sympy.sympify(text)
    assert decide_both_ways(sympy.latex(value), sympy.latex(spoil(value))) is False


@pytest.mark.parametrize(
    ("gold", "equation", "others"),
    [
        (
            "y=2x+1",
            ["2x+1=y", "2x-y+1=0", "y-1=2x", "2y=4x+2", "2x+1", "f(x)=2x+1"],
            ["y=2x-1", "y=x+1", "y<2x+1", "y=y"],
        ),
        ("f(x)=x^2", ["f(t)=t^2", "x^2", r"f(x)=x\cdot x"], ["f(t)=x^2", "f(x)=x^2+1", "f(x)=2"]),
        ("x^2+y^2=4", ["x^2+y^2-4=0", "2x^2+2y^2=8"], ["x^2+y^2=2", "x^2+y^2", "x^2-y^2=4"]),
        ("f^{-1}(x)=x/2", ["x/2", r"\frac{x}{2}"], ["2x", "2/x"]),
        ("A=Pe^{rt}", ["A=P e^{r t}", "Pe^{rt}"], ["A=(Pe)^{rt}", "A=Pe^{-rt}"]),
    ],
)
def test_equation_equals_its_rewritings_only(gold, equation, others):
    assert [equal_texts(gold, answer) for answer in equation] == [True] * len(equation)
    assert True not in [equal_texts(gold, answer) for answer in others]


@given(st.integers(1, 99), st.integers(1, 99), st.integers(2, 9))
def test_ratio_is_equal_under_a_common_factor_only(left, right, factor):
    assume(left != right)
    assert decide_both_ways(f"{left}:{right}", f"{left * factor} : {right * factor}") is True
    assert decide_both_ways(f"{left}:{right}", rf"{left} \text{{ to }} {right}") is True
    assert decide_both_ways(f"{left}:{right}", f"{left}/{right}") is True
    assert decide_both_ways(f"{left}:{right}", f"a:b={left}:{right}") is True
    assert decide_both_ways(f"{left}:{right}", f"{right}:{left}") is False


@pytest.mark.parametrize("word", ["odd", "Yes", "no solution", "parabola", "neither even nor odd", "B, C, D"])
def test_words_are_equal_in_any_case_and_font_and_never_negated(word):
    for answer in (word, word.lower(), rf"\text{{{word}}}", rf"\textbf{{{word}.}}", rf"\mathrm{{{word}}}", f"{word}."):
        assert decide_both_ways(rf"\text{{{word}}}", answer) is True
    for answer in (rf"\text{{not {word}}}", rf"\text{{{word} or circle}}", "5", rf"\text{{{word}}}^2"):
        assert decide_both_ways(rf"\text{{{word}}}", answer) is not True


@pytest.mark.parametrize("answer", ["C", "(C)", r"\textbf{(C)}", "C.", "C) 15", r"\text{Option C}", "Answer: C", "c"])
def test_choice_is_its_letter(answer):
    assert equal_texts(r"\text{(C)}", answer) is True


@pytest.mark.parametrize("answer", ["D", "C, D", "CD", "ABCDE", r"\text{not } C", "C or D", "C/D", "5", "(D) C", "C^2"])
def test_choice_is_no_other_letter_and_not_several(answer):
    assert equal_texts(r"\text{(C)}", answer) is False


LOGARITHMS = [
    (r"\log 100", "2"),
    (r"\log 100", r"\ln 100"),
    (r"3\log x", r"\frac{3 \log{x}}{\log{10}}"),
    (r"\lg 100", "2"),
]


@pytest.mark.parametrize(("gold", "answer"), LOGARITHMS)
def test_logarithm_without_base_is_natural_or_decimal(gold, answer):
    assert decide_both_ways(gold, answer) is True


def test_logarithm_with_a_base_has_that_base_only():
    assert decide_both_ways(r"\log_2 8", "3") is True
    assert decide_both_ways(r"\log_2 8", r"\lg 8") is decide_both_ways(r"\log_2 8", r"\ln 8") is False
