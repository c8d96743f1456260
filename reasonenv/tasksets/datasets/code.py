"""Public data sets of programming problems.

Nothing of a row is executed, unpickled or guessed here: code is only parsed. A row whose tests cannot be read, or that
has none, is skipped with a warning that names it.
"""

from __future__ import annotations

import ast
import base64
import io
import pickle
import warnings
import zlib
from dataclasses import replace
from decimal import Decimal
from typing import Any, NoReturn, cast

from reasonenv.errors import TaskDataError
from reasonenv.execution.wire.asserts import find_tests
from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.datasets.code_preludes import APPS, LIVECODEBENCH, signature_of
from reasonenv.tasksets.datasets.code_rules import (
    apps_value,
    apps_wrapped_value,
    livecodebench_value,
    same_lines,
    with_integer_keys,
)
from reasonenv.tasksets.datasets.data_set import DataSet
from reasonenv.tasksets.json_text import read_json
from reasonenv.tasksets.references import BY_LINES
from reasonenv.tasksets.rows import Row
from reasonenv.types import AssertTests, CallTests, CodeReference, Comparison, StdinTests

_NUM_PUBLIC = 2


def _parse_humaneval(row: Row) -> Problem:
    """Read HumanEval or HumanEval+, with tests written out (evalplus/humanevalplus) or as inputs of the solution."""
    prompt, name = row.text("prompt"), row.text("entry_point")
    program = prompt + row.text("canonical_solution")
    definitions = _parsed(row, "prompt", f"{prompt}\n    pass\n").body
    given = [node for node in definitions if not (isinstance(node, ast.FunctionDef) and node.name == name)]
    source = _humaneval_tests(row, given, name)
    if row.has("plus_input"):
        source += "\n" + _evalplus_tests(row, program, name)
    tests = AssertTests(source, (name,), prelude=_unparsed(given))
    return Problem(
        prompt=f"Complete this Python function. Give the whole program, with its imports.\n\n```python\n{prompt}```",
        reference=CodeReference(tests=_with_tests(row, "test", tests), reference_program=program),
        source_id=row.text("task_id"),
    )


def _humaneval_tests(row: Row, given: list[ast.stmt], name: str) -> str:
    """Return the body of `check` as statements of their own, behind what the prompt defines beside the function.

    Helpers of the prompt are trusted here; a candidate's own version of them is not.
    """
    tests = _parsed(row, "test", row.text("test")).body
    checks = [node for node in tests if isinstance(node, ast.FunctionDef) and node.name == "check"]
    if len(checks) != 1 or len(checks[0].args.args) != 1:
        raise row.wrong_cell("test", "one function check(candidate)")
    helpers = [node for node in tests if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef)]
    alias = ast.parse(f"{checks[0].args.args[0].arg} = {name}").body
    return _unparsed([*given, *(node for node in helpers if node is not checks[0]), *alias, *checks[0].body])


_SAME = """
from math import inf, nan
def _same(found, expected):
    if isinstance(expected, (list, tuple)) and type(found) is type(expected) and len(found) == len(expected):
        return all(map(_same, found, expected))
    if isinstance(expected, float) and isinstance(found, (int, float)):
        return found == expected or abs(found - expected) <= max({atol}, 1e-7 * abs(expected)) < inf
    return found == expected
"""
"""When EvalPlus (arXiv 2305.01210) takes a result for that of the solution."""


def _evalplus_tests(row: Row, program: str, name: str) -> str:
    """Return a test for each input of EvalPlus: the solution, which is trusted, says what is expected."""
    inputs = [*_listed(row, "base_input"), *_listed(row, "plus_input")]
    tolerance = row.cell("atol") if row.has("atol") else 0
    if not all(isinstance(arguments, list) for arguments in inputs) or not isinstance(tolerance, int | float):
        raise row.wrong_cell("plus_input", "lists of arguments, with a number as atol")
    tests = [f"assert _same(_candidate(*{arguments!r}), {name}(*{arguments!r}))" for arguments in inputs]
    return "\n".join([f"_candidate = {name}", program, _SAME.format(atol=tolerance or 1e-6), *tests])


def _listed(row: Row, column: str) -> list[Any]:
    held = row.structure(column, "a list of inputs")
    return held if isinstance(held, list) else []


def _unparsed(statements: list[ast.stmt]) -> str:
    return ast.unparse(ast.Module(statements, type_ignores=[]))


def _parse_mbpp(row: Row) -> Problem:
    """Read MBPP, its sanitized half, or MBPP+ with tests written out (evalplus/mbppplus)."""
    program = _unix(row.text("code"))
    setup = _optional_text(row, "test_setup_code") + "".join(
        f"\n{line}" for line in _optional_texts(row, "test_imports")
    )
    tests = [_unix(test) for test in _texts(row, "test_list")]
    extra = [_unix(test) for test in _optional_texts(row, "challenge_test_list")] + [_optional_text(row, "test")]
    defined = {
        node.name for node in _parsed(row, "code", program).body if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    source = "\n".join([setup, *tests, *extra])
    used = {node.id for node in ast.walk(_parsed(row, "test_list", source)) if isinstance(node, ast.Name)}
    names = tuple(sorted(defined & used))
    setup = "\n".join([*_imports_of(used, _parsed(row, "code", program)), setup])
    source = "\n".join([setup, *tests, *extra])
    if not tests or not names:
        raise TaskDataError(f"{row.where}: the tests use nothing that the column 'code' defines.")
    return Problem(
        prompt=f"{_unix(row.text('text' if 'text' in row.cells else 'prompt'))}\n\nYour program should pass this test:"
        f"\n\n```python\n{tests[0]}\n```",
        reference=CodeReference(
            tests=_with_tests(row, "test_list", AssertTests(source, names)),
            public_tests=AssertTests(f"{setup}\n{tests[0]}", names),
            reference_program=program,
        ),
        source_id=_mbpp_id(row.text_or_number("task_id")),
    )


def _mbpp_id(task_id: str) -> str:
    return f"mbpp/{task_id.rpartition('/')[2]}"


def _with_tests(row: Row, column: str, tests: AssertTests) -> AssertTests:
    """Return the tests; TaskDataError where the source asserts nothing."""
    if not find_tests(_parsed(row, column, tests.source)):
        raise row.wrong_cell(column, "at least one assertion")
    return tests


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
    if not cases:
        raise row.wrong_cell("input_output", "at least one test")
    starter = row.cells.get("starter_code") or ""
    tests = _apps_calls(row, name, cases, starter) if name else _apps_programs(row, cases)
    solutions = _json(row, "solutions") if row.cells.get("solutions") else []
    is_listed = isinstance(solutions, list) and bool(solutions) and isinstance(solutions[0], str)
    return Problem(
        prompt=_with_starter(row.text("question"), starter, is_call=bool(name)),
        reference=CodeReference(
            tests=tests,
            public_tests=replace(tests, cases=tests.cases[:_NUM_PUBLIC]),
            reference_program=solutions[0] if is_listed else None,
        ),
        metadata={"difficulty": row.cells.get("difficulty")},
    )


def _apps_calls(row: Row, name: Any, cases: list[tuple[Any, Any]], starter: str) -> CallTests:
    """Read tests of a function; its graders take an output in a list of one for the output itself."""
    if not isinstance(name, str) or not all(isinstance(arguments, list) for arguments, _ in cases):
        raise row.wrong_cell("input_output", f"a list of arguments of {name!r} in each input")
    is_wrapped = all(isinstance(output, list) and len(output) == 1 for _, output in cases)
    found = tuple(
        ((*map(with_integer_keys, arguments[:1]), *arguments[1:]), output[0] if is_wrapped else output)
        for arguments, output in cases
    )
    comparison = Comparison(judge=apps_wrapped_value if is_wrapped else apps_value)
    return CallTests(name, found, comparison, APPS, signature_of(starter, name))


def _apps_programs(row: Row, cases: list[tuple[Any, Any]]) -> StdinTests:
    """Read tests of a program. Graders of APPS and TACO take lines and words in any order, and near integers, too."""
    if any(part is None or isinstance(part, dict) for case in cases for part in case):
        raise row.wrong_cell("input_output", "a text, or a list of lines, in each input and output")
    pairs = tuple((_text_of(text), _text_of(output)) for text, output in cases)
    return StdinTests(pairs, BY_LINES, APPS)


def _text_of(value: Any) -> str:
    """Return a text, of which a list holds the lines, be they lists themselves."""
    if isinstance(value, list):
        return "\n".join(map(_text_of, cast("list[Any]", value)))
    return str(Decimal(value)) if type(value) is int else str(value)  # `str` refuses integers of many digits


def _with_starter(question: str, starter: str, *, is_call: bool) -> str:
    if starter.strip():
        return f"{question}\n\nBegin with this code:\n\n```python\n{starter}\n```"
    return question if is_call else f"{question}\n\nRead from standard input and print to standard output."


def _parse_livecodebench(row: Row) -> Problem:
    public, private = _json(row, "public_test_cases"), _private_tests(row)
    metadata = _json(row, "metadata")
    name = metadata.get("func_name") if isinstance(metadata, dict) else None
    starter = row.cells.get("starter_code") or ""
    if not isinstance(public, list) or not isinstance(private, list) or not [*public, *private]:
        raise TaskDataError(f"{row.where}: expected at least one test case, got none.")
    return Problem(
        prompt=_with_starter(row.text("question_content"), starter, is_call=bool(name)),
        reference=CodeReference(
            tests=_livecodebench_tests(row, name, [*public, *private], starter),
            public_tests=_livecodebench_tests(row, name, public, starter) if public else None,
        ),
        source_id=f"livecodebench/{row.text_or_number('question_id')}",
        metadata={"difficulty": row.cells.get("difficulty"), "date": str(row.cells.get("contest_date", ""))},
    )


def _livecodebench_tests(row: Row, name: str | None, cases: list[Any], starter: str) -> CallTests | StdinTests:
    try:
        pairs = [(str(case["input"]), str(case["output"])) for case in cases]
        if not name:
            return StdinTests(tuple(pairs), Comparison(judge=same_lines), LIVECODEBENCH)
        calls = [(tuple(read_json(line) for line in text.split("\n") if line), read_json(out)) for text, out in pairs]
    except (TypeError, KeyError, ValueError, RecursionError) as error:
        raise TaskDataError(f"{row.where}: a test case has no readable input and output ({error}).") from error
    return CallTests(
        name, tuple(calls), Comparison(judge=livecodebench_value), LIVECODEBENCH, signature_of(starter, name)
    )


def _private_tests(row: Row) -> list[Any]:
    """Read the private tests: JSON, or a pickled string of JSON, compressed and in base 64."""
    held = row.text("private_test_cases")
    if held.lstrip().startswith("["):
        return _json(row, "private_test_cases")
    try:
        return read_json(_StringUnpickler(io.BytesIO(zlib.decompress(base64.b64decode(held)))).load())
    except (ValueError, TypeError, EOFError, zlib.error, pickle.UnpicklingError) as error:
        raise row.wrong_cell("private_test_cases", "test cases, in JSON or packed") from error


class _StringUnpickler(pickle.Unpickler):
    """Unpickles plain values and refuses every object, which could run code."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"a plain string was expected, not {module}.{name}")


def _json(row: Row, column: str) -> Any:
    try:
        return read_json(row.text(column))
    except (ValueError, RecursionError) as error:
        raise row.wrong_cell(column, "JSON") from error


def _optional_text(row: Row, column: str) -> str:
    return _unix(row.text(column)) if row.has(column) and not row.is_empty(column) else ""


def _optional_texts(row: Row, column: str) -> list[str]:
    return _texts(row, column) if row.has(column) and not row.is_empty(column) else []


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
    "humaneval",
    "openai/openai_humaneval",
    _parse_humaneval,
    splits={"test": "test"},
    licence="MIT",
    domain="code",
    skips_bad_rows=True,
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
    skips_bad_rows=True,
)
"""974 short problems, arXiv 2108.07732. The first test is shown, as it names the function; all of them judge."""

apps = DataSet("apps", "codeparrot/apps", _parse_apps, licence="MIT", domain="code", skips_bad_rows=True)
"""10,000 problems of programming sites, arXiv 2105.09938; files of the same columns are read likewise."""

taco = DataSet("taco", "BAAI/TACO", _parse_apps, licence="Apache-2.0", domain="code", skips_bad_rows=True)
"""26,433 problems, arXiv 2312.14852, in the columns of APPS."""

livecodebench = DataSet(
    "livecodebench",
    "livecodebench/code_generation_lite",
    _parse_livecodebench,
    splits={"test": "test"},
    licence="CC-BY-4.0",
    domain="code",
    skips_bad_rows=True,
)
"""Contest problems with dates, arXiv 2403.07974. The examples of the statement are public, all tests judge."""
