"""Which statements of assert tests are tests: the caller counts them, the jail reports on each."""

from __future__ import annotations

import ast

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def find_tests(tree: ast.Module) -> set[ast.stmt]:
    """Return the top-level statements that assert something, or use a top-level definition that does.

    Definitions themselves do nothing, so they are no tests.
    """
    asserting = {
        statement for statement in tree.body if any(isinstance(node, ast.Assert) for node in ast.walk(statement))
    }
    definitions = {statement.name for statement in asserting if isinstance(statement, _DEFINITIONS)}
    used = {
        statement
        for statement in tree.body
        if any(isinstance(node, ast.Name) and node.id in definitions for node in ast.walk(statement))
    }
    return {statement for statement in asserting | used if not isinstance(statement, _DEFINITIONS)}
