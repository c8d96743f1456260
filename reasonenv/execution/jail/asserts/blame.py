"""Whose fault it is that tests raised, ended or hung: theirs, where what did it does not depend on the program.

A name depends on the program if it is the program's, or was given, or changed by, something that does. Scopes are not
told apart, and whatever is called with what depends on the program depends on it, too: in doubt the program is judged,
so that no program can make its own failure look like one of the tests.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType

FILE = "tests.py"
_Span = tuple[int | None, int | None, int | None, int | None]
_Depends = Callable[[ast.AST], bool]


class Blame:
    """What in the source of tests depends on the program with these names; `has_changes`: it altered its arguments."""

    def __init__(self, tree: ast.Module, names: Iterable[str], *, has_changes: bool) -> None:
        nodes = list(ast.walk(tree))
        self._nodes = {_span_of(node): node for node in nodes}
        self._parents = {child: node for node in nodes for child in ast.iter_child_nodes(node)}
        stored = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
        fixed = {*vars(builtins), *_imported(nodes)} - stored
        self._tainted = set(names)
        size = -1
        while size != len(self._tainted):
            size = len(self._tainted)
            for node in nodes:
                self._tainted |= _spread(node, self._depends, self._tainted) - fixed
                if has_changes:
                    self._tainted |= _spread_back(node, self._depends) - fixed

    def is_tests_fault(self, error: BaseException, *, is_hanging: bool = False) -> bool:
        """Return whether an exception came of the tests alone; `is_hanging`: it was thrown in since they take long."""
        nodes = [self._nodes.get(span) for span in _spans(error.__traceback__)]
        if not nodes or nodes[-1] is None or self._depends(_whole(nodes[-1], self._parents)):
            return False
        return all(node is not None and not self._is_steered(node, is_hanging) for node in nodes)

    def _depends(self, node: ast.AST) -> bool:
        return any(isinstance(part, ast.Name) and part.id in self._tainted for part in ast.walk(node))

    def _is_steered(self, node: ast.AST, is_hanging: bool) -> bool:
        """Return whether the program may decide that, or how often, the tests get to this place."""
        is_end = isinstance(node, ast.Raise | ast.Call)
        child = node
        while (parent := self._parents.get(child)) is not None and not isinstance(child, ast.FunctionDef):
            is_loop = is_hanging and isinstance(parent, ast.For | ast.While)
            if any(map(self._depends, [parent] if is_loop else _conditions(parent, child, is_end))):
                return True
            child = parent
        return False


def _spans(traceback: TracebackType | None) -> Iterator[_Span]:
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename == FILE:
            yield list(code.co_positions())[traceback.tb_lasti // 2]
        traceback = traceback.tb_next


def _span_of(node: ast.AST) -> _Span | None:
    if not isinstance(node, ast.expr | ast.stmt):
        return None
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset


def _whole(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> ast.AST:
    """Return the statement for what opens and closes a `with`: how that ends is decided by its body."""
    parent = parents.get(node)
    return parents[parent] if isinstance(parent, ast.withitem) else node


def _conditions(parent: ast.AST, child: ast.AST, is_end: bool) -> list[ast.AST]:
    """Return what decides whether a part of a statement or expression is reached.

    What ends the tests behind a call may be there for programs whose call did not raise.
    """
    match parent:
        case ast.If() | ast.While() | ast.IfExp():
            return [parent.test] if child is not parent.test else []
        case ast.Assert():
            return [parent.test] if child is parent.msg else []
        case ast.For():
            return [parent.iter] if child is not parent.iter else []
        case ast.Match():
            return [parent.subject]
        case ast.BoolOp():
            return [value for value in parent.values if value is not child]
        case ast.Try():
            return list[ast.AST](parent.body) if is_end or child not in parent.body else []
        case ast.With():
            return list[ast.AST](parent.body) if is_end and child in parent.body else []
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            return list[ast.AST](parent.generators)
        case _:
            return []


def _spread(node: ast.AST, depends: _Depends, tainted: set[str]) -> set[str]:
    """Return the names that depend on the program because of this node."""
    match node:
        case ast.Assign() | ast.AugAssign() | ast.AnnAssign() | ast.NamedExpr() if depends(node):
            return _names(*(node.targets if isinstance(node, ast.Assign) else [node.target]))
        case ast.For() | ast.comprehension() if depends(node.iter):
            return _names(node.target)
        case ast.withitem() if node.optional_vars is not None and depends(node.context_expr):
            return _names(node.optional_vars)
        case ast.Match() if depends(node.subject):
            return {part.name for part in ast.walk(node) if isinstance(part, ast.MatchAs | ast.MatchStar) and part.name}
        case ast.Try() if any(map(depends, node.body)):
            return {handler.name for handler in node.handlers if handler.name}
        case ast.FunctionDef():
            is_reached = node.name in tainted or any(map(depends, node.body))
            return {node.name, *_parameters(node.args)} if is_reached else set()
        case ast.ClassDef() if any(map(depends, node.body)):
            return {node.name}
        case ast.Lambda():
            return _parameters(node.args)
        case ast.Call() if any(map(depends, (*node.args, *node.keywords))):
            return _names(node) | ({node.func.attr} if isinstance(node.func, ast.Attribute) else set())
        case _:
            return set()


def _spread_back(node: ast.AST, depends: _Depends) -> set[str]:
    """Return the names of what was changed with the arguments of a call: where they came from."""
    match node:
        case ast.Call() if depends(node):
            return _names(node)
        case ast.Assign() | ast.AnnAssign() | ast.NamedExpr() if node.value is not None and depends(node):
            return _names(node.value)
        case ast.For() | ast.comprehension() if depends(node.target):
            return _names(node.iter)
        case _:
            return set()


def _names(*nodes: ast.AST) -> set[str]:
    return {part.id for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)}


def _imported(nodes: Iterable[ast.AST]) -> set[str]:
    aliases = [alias for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names]
    return {(alias.asname or alias.name).partition(".")[0] for alias in aliases}


def _parameters(arguments: ast.arguments) -> set[str]:
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return {argument.arg for argument in named if argument is not None}
