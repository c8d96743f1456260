"""Public data sets of programming problems.

Nothing of a row is executed, unpickled or guessed here: code is only parsed, and a row whose tests cannot be read is an
error that names it.
"""

from __future__ import annotations

import ast
import base64
import io
import json
import pickle
import re
import warnings
import zlib
from dataclasses import replace
from decimal import Decimal
from typing import Any, NoReturn

from reasonenv.errors import TaskDataError
from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.datasets.data_set import DataSet
from reasonenv.tasksets.references import BY_LINES, same_value
from reasonenv.tasksets.rows import Row
from reasonenv.types import AssertTests, CallTests, CodeReference, Comparison, StdinTests

_NUM_PUBLIC = 2
_LONGEST_LINE = 10_000
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?")


def _parse_humaneval(row: Row) -> Problem:
    prompt, name = row.text("prompt"), row.text("entry_point")
    program = prompt + row.text("canonical_solution")
    return Problem(
        prompt=f"Complete this Python function. Give the whole program, with its imports.\n\n```python\n{prompt}```",
        reference=CodeReference(
            tests=AssertTests(_humaneval_tests(row, prompt, name), (name,)), reference_program=program
        ),
        source_id=row.text("task_id"),
    )


def _humaneval_tests(row: Row, prompt: str, name: str) -> str:
    """Return the body of `check` as statements of their own, behind what the prompt defines beside the function.

    Helpers of the prompt are trusted here; a candidate's own version of them is not.
    """
    definitions = _parsed(row, "prompt", f"{prompt}\n    pass\n").body
    given = [node for node in definitions if not (isinstance(node, ast.FunctionDef) and node.name == name)]
    tests = _parsed(row, "test", row.text("test")).body
    checks = [node for node in tests if isinstance(node, ast.FunctionDef) and node.name == "check"]
    if len(checks) != 1 or len(checks[0].args.args) != 1:
        raise row.wrong_cell("test", "one function check(candidate)")
    alias = ast.parse(f"{checks[0].args.args[0].arg} = {name}").body
    return ast.unparse(ast.Module([*given, *alias, *checks[0].body], type_ignores=[]))


def _parse_mbpp(row: Row) -> Problem:
    program = _unix(row.text("code"))
    setup = _unix(row.cell("test_setup_code") if "test_setup_code" in row.cells else "")
    tests = [_unix(test) for test in _texts(row, "test_list")]
    extra = [_unix(test) for test in (_texts(row, "challenge_test_list") if "challenge_test_list" in row.cells else [])]
    defined = {
        node.name for node in _parsed(row, "code", program).body if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    source = "\n".join([setup, *tests, *extra])
    used = {node.id for node in ast.walk(_parsed(row, "test_list", source)) if isinstance(node, ast.Name)}
    names = tuple(sorted(defined & used))
    setup = "\n".join([*_imports_of(used, _parsed(row, "code", program)), setup])
    source = "\n".join([setup, *tests, *extra])
    if not names:
        raise TaskDataError(f"{row.where}: the tests use nothing that the column 'code' defines.")
    return Problem(
        prompt=f"{_unix(row.text('text' if 'text' in row.cells else 'prompt'))}\n\nYour program should pass this test:"
        f"\n\n```python\n{tests[0]}\n```",
        reference=CodeReference(
            tests=AssertTests(source, names),
            public_tests=AssertTests(f"{setup}\n{tests[0]}", names),
            reference_program=program,
        ),
        source_id=f"mbpp/{row.text_or_number('task_id')}",
    )


def _imports_of(used: set[str], program: ast.Module) -> list[str]:
    """Return the imports of the reference that its tests rely on."""
    imports = [node for node in program.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return [
        ast.unparse(node)
        for node in imports
        if used & {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    ]


def _parse_apps(row: Row) -> Problem:
    held = _json(row, "input_output")
    try:
        inputs, outputs, name = held["inputs"], held["outputs"], held.get("fn_name")
        cases = list(zip(inputs, outputs, strict=True))
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise row.wrong_cell("input_output", "inputs and outputs of one length") from error
    tests = _call_tests(row, name, cases) if name else _stdin_tests(cases)
    solutions = _json(row, "solutions") if row.cells.get("solutions") else []
    starter = row.cells.get("starter_code") or ""
    return Problem(
        prompt=_with_starter(row.text("question"), starter, is_call=bool(name)),
        reference=CodeReference(
            tests=tests,
            public_tests=replace(tests, cases=tests.cases[:_NUM_PUBLIC]),
            reference_program=solutions[0] if solutions else None,
        ),
        metadata={"difficulty": row.cells.get("difficulty")},
    )


def _call_tests(row: Row, name: str, cases: list[tuple[Any, Any]]) -> CallTests:
    """Read tests of a function; its graders take an output in a list of one for the output itself."""
    if not all(isinstance(arguments, list) for arguments, _ in cases):
        raise row.wrong_cell("input_output", f"a list of arguments of {name!r} in each input")
    is_wrapped = all(isinstance(output, list) and len(output) == 1 for _, output in cases)
    found = tuple((tuple(arguments), output[0] if is_wrapped else output) for arguments, output in cases)
    return CallTests(name, found, Comparison(judge=same_value))


def _stdin_tests(cases: list[tuple[Any, Any]]) -> StdinTests:
    return StdinTests(tuple((_text_of(text), _text_of(output)) for text, output in cases), BY_LINES)


def _text_of(value: Any) -> str:
    """Return a text, of which a list holds the lines."""
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def _with_starter(question: str, starter: str, *, is_call: bool) -> str:
    if starter.strip():
        return f"{question}\n\nBegin with this code:\n\n```python\n{starter}\n```"
    return question if is_call else f"{question}\n\nRead from standard input and print to standard output."


def _parse_livecodebench(row: Row) -> Problem:
    public, private = _json(row, "public_test_cases"), _private_tests(row)
    name = _json(row, "metadata").get("func_name")
    starter = row.cells.get("starter_code") or ""
    return Problem(
        prompt=_with_starter(row.text("question_content"), starter, is_call=bool(name)),
        reference=CodeReference(
            tests=_livecodebench_tests(row, name, [*public, *private]),
            public_tests=_livecodebench_tests(row, name, public) if public else None,
        ),
        source_id=f"livecodebench/{row.text_or_number('question_id')}",
        metadata={"difficulty": row.cells.get("difficulty"), "date": str(row.cells.get("contest_date", ""))},
    )


def _livecodebench_tests(row: Row, name: str | None, cases: list[Any]) -> CallTests | StdinTests:
    try:
        pairs = [(str(case["input"]), str(case["output"])) for case in cases]
        if name is None:
            return StdinTests(tuple(pairs), Comparison(judge=same_lines))
        calls = [(tuple(json.loads(line) for line in text.split("\n") if line), json.loads(out)) for text, out in pairs]
    except (TypeError, KeyError, ValueError) as error:
        raise TaskDataError(f"{row.where}: a test case has no readable input and output ({error}).") from error
    return CallTests(name, tuple(calls), Comparison(judge=same_value))


def same_lines(_: object, expected: str, actual: str) -> bool:
    """Return whether printed lines are the same, or the same decimals exactly, as LiveCodeBench compares them.

    Its grader takes `0012` for `12`, too, since it reads every line as decimals where it can; digits that begin with a
    zero are compared as text here.
    """
    wanted, got = ([line.strip() for line in text.strip().split("\n")] for text in (expected, actual))
    return len(wanted) == len(got) and all(
        line == other or (len(line) < _LONGEST_LINE > len(other) and _same_decimals(line.split(), other.split()))
        for line, other in zip(wanted, got, strict=True)
    )


def _same_decimals(wanted: list[str], got: list[str]) -> bool:
    return len(wanted) == len(got) and all(
        token == other or (_NUMBER.fullmatch(token) and _NUMBER.fullmatch(other) and Decimal(token) == Decimal(other))
        for token, other in zip(wanted, got, strict=True)
    )


def _private_tests(row: Row) -> list[Any]:
    """Read the private tests: JSON, or a pickled string of JSON, compressed and in base 64."""
    held = row.text("private_test_cases")
    if held.lstrip().startswith("["):
        return _json(row, "private_test_cases")
    try:
        return json.loads(_StringUnpickler(io.BytesIO(zlib.decompress(base64.b64decode(held)))).load())
    except (ValueError, TypeError, EOFError, zlib.error, pickle.UnpicklingError) as error:
        raise row.wrong_cell("private_test_cases", "test cases, in JSON or packed") from error


class _StringUnpickler(pickle.Unpickler):
    """Unpickles plain values and refuses every object, which could run code."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"a plain string was expected, not {module}.{name}")


def _json(row: Row, column: str) -> Any:
    try:
        return json.loads(row.text(column))
    except (ValueError, RecursionError) as error:
        raise row.wrong_cell(column, "JSON") from error


def _texts(row: Row, column: str) -> list[str]:
    value = row.cell(column)
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise row.wrong_cell(column, "a list of texts")
    return value


def _parsed(row: Row, column: str, source: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes such as \w, which are for the author of the program
            return ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise row.wrong_cell(column, "Python source") from error


def _unix(text: str) -> str:
    """Undo the carriage returns that some sources have at the end of every line."""
    return text.replace("\r\n", "\n")


humaneval = DataSet(
    "humaneval", "openai/openai_humaneval", _parse_humaneval, splits={"test": "test"}, licence="MIT", domain="code"
)
"""164 functions to complete, arXiv 2107.03374."""

mbpp = DataSet(
    "mbpp",
    "google-research-datasets/mbpp",
    _parse_mbpp,
    config="full",
    splits={"train": "train", "validation": "validation", "test": "test", "prompt": "prompt"},
    licence="CC-BY-4.0",
    domain="code",
)
"""974 short problems, arXiv 2108.07732. The first test is shown, as it names the function; all of them judge."""

apps = DataSet("apps", "codeparrot/apps", _parse_apps, licence="MIT", domain="code")
"""10,000 problems of programming sites, arXiv 2105.09938; files of the same columns are read likewise."""

taco = DataSet("taco", "BAAI/TACO", _parse_apps, licence="Apache-2.0", domain="code")
"""26,433 problems, arXiv 2312.14852, in the columns of APPS."""

livecodebench = DataSet(
    "livecodebench",
    "livecodebench/code_generation_lite",
    _parse_livecodebench,
    splits={"test": "test"},
    licence="CC-BY-4.0",
    domain="code",
)
"""Contest problems with dates, arXiv 2403.07974. The examples of the statement are public, all tests judge."""
