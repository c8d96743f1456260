"""Programs as models write them, judged by the sandbox and, beside it, by an interpreter as their data set does.

`judged/*.txt` holds problems in the forms of LeetCode, Codeforces and LiveCodeBench, with right and wrong programs. The
interpreter runs what the data set's own grader would run; here its rules are written once more, as lenient as they are
there. Where the verdicts differ the reason is in `DIFFERENCES`, and in docs/code_tests.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest
from code_parts import sandbox_or_skip

from reasonenv.execution import Limits, Sandbox
from reasonenv.tasksets.datasets import code
from reasonenv.tasksets.datasets.code_preludes import APPS, LIVECODEBENCH
from reasonenv.tasksets.rows import Row
from reasonenv.types import CodeReference

FOLDER = Path(__file__).parent / "judged"
SETS = "APPS and TACO compare lines, and the words of a line, as sets"
NEAR = "APPS and TACO let whole numbers be nearly equal, and decimals by 1e-5 of their size or three digits"
EXIT = "the graders of APPS and LiveCodeBench do not look at exit codes"
DIFFERENCES = {
    ("sum", "right, leaves with code 1"): EXIT,
    ("yes", "right, leaves with code 1"): EXIT,
    ("sum", "wrong, twice"): SETS,
    ("grid", "wrong, another order of lines"): SETS,
    ("grid", "wrong, another order of words"): SETS,
    ("sum", "wrong, a float"): NEAR,
    ("sum", "wrong, near"): NEAR,
    ("area", "wrong, 3.14159"): NEAR,
    ("sum", "wrong, a zero in front"): "digits that begin with a zero are compared as text",
    ("ones", "wrong, underscores"): "Python's Decimal takes underscores within digits",
    ("yes", "wrong, loops"): "no test is run behind one that meets a limit of time",
}
CALL = """
import json, sys
prelude, program, name, cases = json.loads(sys.stdin.buffer.read())
variables = {"__name__": "tmp_sol"}
results = [False] * len(cases)
try:
    exec(prelude, variables)
    exec(program, variables)
    function = getattr(variables["Solution"](), name) if "class Solution" in program else variables[name]
    for place, (arguments, expected) in enumerate(cases):
        try:
            found = function(*arguments)
            results[place] = bool((list(found) if isinstance(found, tuple) else found) == expected)
        except Exception:
            pass
except BaseException:
    pass
print("\\n" + json.dumps(results))
"""


@dataclass(frozen=True)
class Problem:
    name: str
    data_set: str
    starter: str
    cases: Sequence[tuple[Any, Any]]
    programs: dict[str, str]


def read_problems(text: str) -> list[Problem]:
    problems = []
    for block in text.split("=== ")[1:]:
        title, *sections = block.split("\n--- ")
        parts = dict(section.split("\n", 1) for section in sections)
        cases = [tuple(json.loads(line)) for line in parts.pop("cases").splitlines()]
        problems.append(Problem(*title.split(), parts.pop("starter", ""), cases, parts))
    return problems


PROBLEMS = [problem for file in sorted(FOLDER.glob("*.txt")) for problem in read_problems(file.read_text("utf-8"))]
PROGRAMS = [(problem.name, label) for problem in PROBLEMS for label in problem.programs]


def reference_of(problem: Problem) -> CodeReference:
    """What the loader of the data set makes of the problem."""
    if problem.data_set == "livecodebench":
        texts = [
            {
                "input": "\n".join(map(json.dumps, given)) if problem.starter else given,
                "output": json.dumps(expected) if problem.starter else expected,
            }
            for given, expected in problem.cases
        ]
        cells = {"question_id": problem.name, "question_content": "?", "public_test_cases": "[]"}
        cells |= {"private_test_cases": json.dumps(texts), "starter_code": problem.starter}
        cells["metadata"] = json.dumps({"func_name": problem.name} if problem.starter else {})
        return code.livecodebench.parse(Row("row", cells)).reference
    inputs, outputs = zip(*problem.cases, strict=True)
    cells = {"question": "?", "input_output": json.dumps({"inputs": inputs, "outputs": outputs})}
    return code.apps.parse(Row("row", cells)).reference


def interpreted(problem: Problem, program: str) -> list[bool]:
    """Which tests a program passes that an interpreter runs."""
    prelude = LIVECODEBENCH if problem.data_set == "livecodebench" else APPS
    if "np" not in program:
        prelude = prelude.replace("import numpy as np\n", "")
    if problem.starter:
        request = json.dumps([prelude, program, problem.name, problem.cases])
        return json.loads(run("-c", CALL, text=request).stdout.splitlines()[-1])
    return [interpreted_test(problem, prelude + program, *case) for case in problem.cases]


def interpreted_test(problem: Problem, program: str, given: str, expected: str) -> bool:
    done = run("-c", program, text=given)
    has_raised = "Traceback" in done.stderr or "Error" in done.stderr or done.returncode < 0
    if has_raised or (problem.data_set == "taco" and done.returncode):
        return False
    rule = livecodebench_rule if problem.data_set == "livecodebench" else apps_rule
    return rule(expected, done.stdout)


def run(*arguments: str, text: str) -> subprocess.CompletedProcess[str]:
    try:
        with tempfile.TemporaryFile() as file:
            file.write(text.encode())
            file.seek(0)
            command = [sys.executable, "-I", *arguments]
            done = subprocess.run(command, stdin=file, capture_output=True, timeout=2, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(arguments, -9, "", "")
    return subprocess.CompletedProcess(arguments, done.returncode, done.stdout.decode(), done.stderr.decode())


def livecodebench_rule(expected: str, printed: str) -> bool:
    wanted, got = ([line.strip() for line in text.strip().split("\n")] for text in (expected, printed))
    return len(wanted) == len(got) and all(
        line == other or (decimals(line) is not None and decimals(line) == decimals(other))
        for line, other in zip(wanted, got, strict=True)
    )


def decimals(line: str) -> list[Decimal] | None:
    try:
        return [Decimal(word) for word in line.split()]
    except InvalidOperation:
        return None


def apps_rule(expected: str, printed: str) -> bool:
    """Equal lines, or nearly equal numbers of one a line, or equal sets of words of each line, in any order."""
    wanted, got = ([line.split() for line in text.splitlines() if line.strip()] for text in (expected, printed))
    if expected.strip() == printed.strip() or wanted == got or frozensets(wanted) == frozensets(got):
        return True
    try:
        numbers, others = ([[float(word) for word in line] for line in lines] for lines in (wanted, got))
    except ValueError:
        return False
    if frozensets([[round(x, 3) for x in line] for line in numbers]) == frozensets(
        [[round(x, 3) for x in line] for line in others]
    ):
        return True
    single = [line[0] for line in numbers if len(line) == 1], [line[0] for line in others if len(line) == 1]
    return len(single[0]) == len(numbers) == len(single[1]) == len(others) and all(
        abs(x - y) <= 1e-8 + 1e-5 * abs(x) for x, y in zip(*single, strict=True)
    )


def frozensets(lines: Sequence[Sequence[object]]) -> set[frozenset[object]]:
    return set(map(frozenset, lines))


@pytest.fixture(scope="module")
def verdicts() -> dict[tuple[str, str], tuple[list[bool], list[bool]]]:
    """The tests that each program passes, in the sandbox and in an interpreter."""
    sandbox_or_skip()
    asked = [(problem, label, program) for problem in PROBLEMS for label, program in problem.programs.items()]
    references = {problem.name: reference_of(problem) for problem in PROBLEMS}
    with Sandbox(limits=Limits(cpu_seconds=1.0)) as sandbox:
        tests = [references[problem.name].tests for problem, *_ in asked]
        found = sandbox.judge([program for *_, program in asked], tests)
    with ThreadPoolExecutor(2) as threads:
        others = list(threads.map(lambda part: interpreted(part[0], part[2]), asked))
    return {
        (problem.name, label): ([case.status.value == "passed" for case in verdict.cases], other)
        for (problem, label, _), verdict, other in zip(asked, found, others, strict=True)
    }


def test_there_are_enough_programs_of_both_kinds() -> None:
    assert len(PROGRAMS) >= 150
    assert len(set(PROGRAMS)) == len(PROGRAMS)
    assert sum(label.startswith("right") for _, label in PROGRAMS) >= 60
    assert sum(label.startswith("wrong") for _, label in PROGRAMS) >= 60


@pytest.mark.parametrize(("problem", "label"), PROGRAMS)
def test_a_program_gets_the_verdict_that_it_deserves(verdicts, problem, label) -> None:
    judged, _ = verdicts[problem, label]
    assert all(judged) == label.startswith("right") or (problem, label) in DIFFERENCES


@pytest.mark.parametrize(("problem", "label"), PROGRAMS)
def test_a_program_gets_the_verdict_of_an_interpreter(verdicts, problem, label) -> None:
    judged, interpreted = verdicts[problem, label]
    assert (judged == interpreted) == ((problem, label) not in DIFFERENCES)
