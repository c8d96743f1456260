"""HumanEval and MBPP as the sandbox judges them: what is right passes, what is wrong does not."""

from __future__ import annotations

import ast
import gzip
import json
import warnings

import pytest
from areas import public_data

from reasonenv.execution import Sandbox
from reasonenv.types import AssertTests

WRONG_VARIANTS = {
    "returns None": "return None",
    "returns the negation": "result = _original(*arguments, **keywords)\n    return not result",
}


def parse(source: str) -> list[ast.stmt]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a few programs have escapes that Python no longer likes
        return ast.parse(source).body


def names_in(source: str) -> set[str]:
    return {node.id for statement in parse(source) for node in ast.walk(statement) if isinstance(node, ast.Name)}


def asserts_about(program: str, source: str) -> AssertTests:
    """Tests that see of the program what they name, and import what the program imports."""
    statements = parse(program)
    imports = [ast.unparse(node) for node in statements if isinstance(node, ast.Import | ast.ImportFrom)]
    defined = dict.fromkeys(node.name for node in statements if isinstance(node, ast.FunctionDef | ast.ClassDef))
    names = tuple(name for name in defined if name in names_in(source))
    return AssertTests("\n".join((*imports, source)), names)


def humaneval() -> list[tuple[str, str, AssertTests]]:
    with gzip.open(public_data("humaneval/HumanEval.jsonl.gz"), "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    programs = [row["prompt"] + row["canonical_solution"] for row in rows]
    sources = [f"{row['test']}\ncheck({row['entry_point']})" for row in rows]
    return [
        (row["entry_point"], program, asserts_about(program, source))
        for row, program, source in zip(rows, programs, sources, strict=True)
    ]


def mbpp() -> list[tuple[str, str, AssertTests]]:
    problems = []
    for line in public_data("mbpp/mbpp.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        tests = asserts_about(row["code"], "\n".join((row["test_setup_code"], *row["test_list"])))
        function = next(name for name in tests.names if name in names_in(row["test_list"][0]))
        problems.append((function, row["code"], tests))
    return problems


def wrong(function: str, program: str, body: str) -> str:
    """The program with one of its functions replaced by one that returns something else."""
    return f"{program}\n_original = {function}\ndef {function}(*arguments, **keywords):\n    {body}\n"


@pytest.mark.parametrize(("problems", "num_problems"), [(humaneval, 164), (mbpp, 974)])
def test_canonical_solutions_pass(problems, num_problems: int) -> None:
    _, programs, tests = zip(*problems(), strict=True)
    with Sandbox() as sandbox:
        verdicts = sandbox.judge(programs, tests)
    assert len(verdicts) == num_problems
    assert [index for index, verdict in enumerate(verdicts) if verdict.num_passed < verdict.num_tests] == []
    assert all(verdict.num_tests >= 1 for verdict in verdicts)


@pytest.mark.parametrize("variant", WRONG_VARIANTS)
@pytest.mark.parametrize("problems", [humaneval, mbpp])
def test_wrong_solutions_fail(problems, variant: str) -> None:
    functions, programs, tests = zip(*problems(), strict=True)
    bodies = [WRONG_VARIANTS[variant]] * len(programs)
    wrongs = [wrong(*parts) for parts in zip(functions, programs, bodies, strict=True)]
    with Sandbox() as sandbox:
        verdicts = sandbox.judge(wrongs, tests)
    assert [index for index, verdict in enumerate(verdicts) if verdict.num_passed == verdict.num_tests] == []
