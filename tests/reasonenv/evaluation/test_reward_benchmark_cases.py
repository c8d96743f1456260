"""The labels of the benchmark's own cases, confirmed by computing gold and answer another way."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable

import pytest
from mpmath import mp, mpc, mpf

from reasonenv.errors import TaskDataError
from reasonenv.evaluation.reward_benchmark.cases import ANSWER_TYPES, labelled_responses, load_cases
from reasonenv.evaluation.reward_benchmark.cases.exploits import exploits

UNITS = {"mm": (1, "L"), "cm": (10, "L"), "m": (1000, "L"), "km": (10**6, "L"), "g": (1, "M"), "kg": (1000, "M"), "t": (10**6, "M")}  # fmt: skip  # noqa: E501
WORDS = {"three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}
POINTS = [(mpf(2) / 7, mpf(5) / 3, mpf(11)), (mpf(-3), mpf(13) / 9, mpf(1)), (mpf(8), mpf(-4) / 5, mpf(6)), (mpf(1) / 9, mpf(2), mpf(-2))]  # fmt: skip  # noqa: E501


def number(text: str, **symbols: object) -> object:
    """The value of LaTeX that our families write, with forty digits."""
    text = re.sub(r"\\left|\\right|\\[,;]", "", text).replace(r"\dfrac", r"\frac").replace("π", r"\pi")
    text = re.sub(r"√(\d+)", r"\\sqrt{\1}", text)
    text = re.sub(r"(\d+(?:\.\d+)?)e(-?\d+)", r"\1*10^{\2}", text)
    text = re.sub(r"\\sqrt\{([^{}]*)\}", r" sqrt(\1)", text)
    text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", text)
    text = re.sub(r"\^\{([^{}]*)\}", r"**(\1)", text).replace("^", "**")
    text = re.sub(r"\\times|\\cdot", "*", text).replace(r"\pi", " pi ")
    text = re.sub(r"(?<=[\d)])\s*(?=[a-z(])", "*", text)
    text = re.sub(r"\d+(?:\.\d+)?", lambda found: f"N('{found.group()}')", text)
    with mp.workdps(40):
        names = {"N": mpf, "sqrt": mp.sqrt, "pi": mp.pi, "i": mpc(0, 1), "__builtins__": {}, **symbols}
        value = mpc(eval(text.strip(), names))
        return mp.nstr(value.real, 30), mp.nstr(value.imag, 30)


def grouped(text: str) -> object:
    return number(re.sub(r"\{,\}|,", "", text))


def mixed(text: str) -> object:
    return number(re.sub(r"(\d)\s*\\frac", r"\1+\\frac", text))


def percentage(text: str) -> object:
    bare, marks = re.subn(r"\\?%|\\text\{ percent\}", "", text)
    return number(bare), marks


def amount(text: str) -> object:
    currency = "EUR" if "euros" in text else "USD"
    return currency, grouped(re.sub(r"\\\$|\\text\{[^}]*\}", "", text))


def quantity(text: str) -> object:
    found = re.fullmatch(r"(\d+)(?:\\,|\s|\\text|\\mathrm|[{}~])*([a-z]+)\}?(\^2)?", text)
    assert found is not None, text
    factor, dimension = UNITS[found[2]]
    return int(found[1]) * factor ** (2 if found[3] else 1), dimension, found[3]


def clock(text: str) -> object:
    found = re.search(r"(\d+):(\d+)", text)
    return found and 60 * int(found[1]) + int(found[2])


def proportion(text: str) -> object:
    return re.findall(r"\d+", text)


def numeral(text: str) -> object:
    found = re.fullmatch(r"\(?(\d+)\)?_\{?(?:\\text\{)?(\w+?)\}*", text)
    assert found is not None, text
    return int(found[1], WORDS.get(found[2]) or int(found[2]))


def components(text: str) -> tuple[object, ...]:
    text = re.sub(r"\\left|\\right|^\(x, y\) =|\\text\{ and \}", lambda m: "," if "and" in m[0] else "", text)
    return tuple(number(part) for part in re.sub(r"^\s*[(\[]|[)\]]\s*$|\\[{}]", "", text).split(","))


def members(text: str) -> object:
    return text.startswith("["), frozenset(components(text))


def intervals(text: str) -> object:
    parts = re.sub(r"\\left|\\right|\s|\+", "", text).split(r"\cup")
    return frozenset((part[0], part[1:-1], part[-1]) for part in parts)


def polynomial(text: str) -> object:
    return [number(text, x=x) for x, _, _ in POINTS]


def line(text: str) -> object:
    """The zero set: values of left − right at points, up to a factor."""
    left, right = text.split("=")
    values = [mpf(number(f"({left}) - ({right})", x=x, y=y, z=z)[0]) for x, y, z in POINTS]
    return [mp.nstr(value / values[0], 20) for value in values] if values[0] else None


def entries(text: str) -> object:
    body = re.sub(r"\\(?:begin|end)\{.matrix\}", "", text)
    return [[number(entry) for entry in row.split("&")] for row in body.split(r"\\")]


def word(text: str) -> object:
    return re.sub(r"\\(?:textbf|text|mathrm)|[{}().]", "", text).strip()


READERS: dict[str, Callable[[str], object]] = {
    "integer": grouped, "decimal": number, "fraction": number, "mixed number": mixed, "percent": percentage,
    "money": amount, "units": quantity, "scientific": number, "time": clock, "ratio": proportion, "base": numeral,
    "radical": number, "complex": number, "pi": number, "tuple": components, "set": members,
    "list": lambda text: frozenset(components(text)), "interval": intervals, "expression": polynomial,
    "equation": line, "matrix": entries, "text": word, "choice": word,
}  # fmt: skip


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("answer_type", ANSWER_TYPES)
def test_labels_hold_by_an_independent_computation(answer_type, seed):
    read = READERS[answer_type]
    cases = [case for case in labelled_responses(num_golds=20, seed=seed) if case.answer_type == answer_type]
    assert {case.is_correct for case in cases} == {True, False}
    wrong = [case for case in cases if (read(case.gold) == read(case.answer)) != case.is_correct]
    assert [(case.gold, case.answer, case.is_correct) for case in wrong] == []


def test_cases_are_a_function_of_the_seed_and_have_distinct_ids():
    cases = labelled_responses()
    assert cases == labelled_responses()
    assert cases != labelled_responses(seed=1)
    assert len({case.case_id for case in cases}) == len(cases)


def test_golds_of_a_type_differ_and_answers_stand_in_every_kind_of_text():
    cases = labelled_responses(num_golds=10)
    for answer_type in ANSWER_TYPES:
        assert len({case.gold for case in cases if case.answer_type == answer_type}) >= 4
    assert len({case.response.replace(case.answer, "ANSWER") for case in cases}) == 5


def test_every_response_boxes_its_answer_behind_the_thinking():
    for case in labelled_responses():
        assert rf"\boxed{{{case.answer}}}" in case.response.rpartition("</think>")[2]


def test_catalogue_has_at_least_150_exploits_each_once_and_says_what_it_tries():
    catalogue = exploits()
    assert sum(exploit.expected == 0 for exploit in catalogue) >= 150
    assert len({(exploit.gold, exploit.response) for exploit in catalogue}) == len(catalogue)
    assert len({exploit.exploit_id for exploit in catalogue}) == len(catalogue)
    assert all(exploit.attempt and exploit.expected in (0, 1, None) for exploit in catalogue)
    assert min(Counter(exploit.kind for exploit in catalogue).values()) >= 5


def test_a_file_holds_labelled_responses_and_exploits(tmp_path):
    path = tmp_path / "cases.jsonl"
    rows = [
        {"gold": "5", "response": "\\boxed{5}", "label": 1, "type": "int"},
        {"gold": "5", "response": "\ud800", "expected": None, "kind": "odd", "id": 7},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "\n", encoding="utf-8")
    (case,), (exploit,) = load_cases(path)
    assert (case.answer_type, case.is_correct, case.case_id) == ("int", True, "cases/1")
    assert (exploit.kind, exploit.expected, exploit.exploit_id) == ("odd", None, "cases/7")
    assert exploit.response == "\ud800"


@pytest.mark.parametrize(
    "line", ["{", "[]", "{}", '{"gold": "1", "response": "1"}', '{"gold": "1", "response": "1", "label": 2}']
)
def test_a_line_that_is_no_case_is_named(tmp_path, line):
    path = tmp_path / "cases.jsonl"
    path.write_text("\n" + line + "\n", encoding="utf-8")
    with pytest.raises(TaskDataError, match=r"cases\.jsonl line 2"):
        load_cases(path)
