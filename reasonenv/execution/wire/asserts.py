"""Which statements of assert tests are tests: the caller counts them, the jail reports on each."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
RUN_METHOD, RUN_FUNCTION = "__run_method__", "__run_function__"
"""Called, in the jail, with a class of tests and the name of one, and with a function of tests."""


def complete(tree: ast.Module) -> ast.Module:
    """Return the tests with calls of those that a runner would find: `test_*` functions, and `test*` methods of classes
    that are called `Test*` or extend `TestCase`. What starts a runner is taken out.
    """
    body = [_without_runner(statement) for statement in tree.body]
    kept = [statement for statement in body if statement is not None]
    found: list[tuple[ast.stmt, ast.stmt]] = []
    cases = {"TestCase", "IsolatedAsyncioTestCase"}
    for statement in kept:
        if isinstance(statement, ast.ClassDef) and _is_case(statement, cases):
            cases.add(statement.name)
        found += [(statement, call) for call in _calls_of(statement, cases)]
    if not found:
        return ast.Module(kept, [])
    called = {node.id for statement in kept for node in ast.walk(statement) if isinstance(node, ast.Name)}
    return ast.Module([*kept, *(call for owner, call in found if getattr(owner, "name", "") not in called)], [])


def find_tests(tree: ast.Module) -> set[ast.stmt]:
    """Return the top-level statements that assert something, or use a top-level definition that does, or run tests.

    Definitions themselves do nothing, so they are no tests.
    """
    asserting = {
        statement for statement in tree.body if any(isinstance(node, ast.Assert) for node in ast.walk(statement))
    }
    definitions = {statement.name for statement in asserting if isinstance(statement, _DEFINITIONS)}
    definitions |= {RUN_METHOD, RUN_FUNCTION}
    used = {
        statement
        for statement in tree.body
        if any(isinstance(node, ast.Name) and node.id in definitions for node in ast.walk(statement))
    }
    return {statement for statement in asserting | used if not isinstance(statement, _DEFINITIONS)}


def _without_runner(statement: ast.stmt) -> ast.stmt | None:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="unittest" | "pytest"), attr="main"))):
            return None
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__")), body=body):
            kept = [part for part in map(_without_runner, body) if part is not None]
            return ast.copy_location(ast.If(statement.test, kept, statement.orelse), statement) if kept else None
        case _:
            return statement


def _is_case(kind: ast.ClassDef, cases: set[str]) -> bool:
    return any(ast.unparse(base).rpartition(".")[2] in cases for base in kind.bases)


def _calls_of(statement: ast.stmt, cases: set[str]) -> Iterator[ast.stmt]:
    match statement:
        case ast.FunctionDef(name=name) if name.startswith("test"):
            yield _call(statement, RUN_FUNCTION, ast.Name(name, ast.Load()))
        case ast.ClassDef(name=name, body=body):
            for part in body if name in cases or name.startswith("Test") else ():
                if isinstance(part, ast.FunctionDef) and part.name.startswith("test"):
                    yield _call(part, RUN_METHOD, ast.Name(name, ast.Load()), ast.Constant(part.name))
        case _:
            pass


def _call(place: ast.stmt, function: str, *arguments: ast.expr) -> ast.stmt:
    call = ast.Expr(ast.Call(ast.Name(function, ast.Load()), list(arguments), []))
    for node in ast.walk(call):
        ast.copy_location(node, place)
    return call
