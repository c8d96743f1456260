"""Whose fault it is that tests raised, ended or hung: theirs, where what did it does not depend on the program.

What depends on the program is told by names: see `flow`. Scopes are not told apart, and whatever is called with what
depends on the program depends on it, too: in doubt the program is judged, so that no program can make its own failure
look like one of the tests.
"""

from __future__ import annotations

import ast
import opcode
from collections.abc import Collection, Iterator
from types import CodeType, FrameType, TracebackType
from typing import NamedTuple

from ...wire.asserts import RUN_FUNCTION, RUN_METHOD
from .flow import DEFINITIONS, Flow, binds
from .remote import CALLED_BACK, NotPassable
from .runner import NotRunnable

FILE = "tests.py"
_Span = tuple[int | None, int | None, int | None, int | None]

_ENTERING = ("BEFORE_WITH", "BEFORE_ASYNC_WITH", "LOAD_SPECIAL")


class Blame:
    """Judges exceptions of tests; `names` are the program's, `shares_objects` says whether it was given any that it may
    change or call.
    """

    def __init__(self, tree: ast.Module, names: Collection[str], *, shares_objects: bool) -> None:
        self._tree = tree
        self._names = names
        self._nodes = dict[_Span | None, ast.AST]()
        for node in ast.walk(tree):
            if not _is_runner(self._nodes.get(_span_of(node))):
                self._nodes[_span_of(node)] = node
        self._flow = Flow(tree, names, shares_objects=shares_objects)

    def is_tests_fault(self, error: BaseException, *, is_hanging: bool = False) -> bool:
        """Return whether an exception came of the tests alone; `is_hanging`: it was thrown in since they take long."""
        places = list(_places(error.__traceback__))
        nodes = [place and self._nodes.get(place.span) for place in places]
        if not nodes or nodes[-1] is None or not places[-1]:
            return False
        if any(map(self._may_repeat, nodes, nodes[1:])):
            return False
        decisive = self._decisive(nodes[-1], places[-1], error)
        if any(map(self._flow.depends, decisive)):
            return False
        return all(node is not None and not self._flow.is_steered(node, is_hanging=is_hanging) for node in nodes)

    def is_stuck(self, frame: FrameType | None) -> bool:
        """Return whether tests that take too long, and do not let themselves be stopped, do so by themselves."""
        frames: list[FrameType] = []
        while frame is not None:
            frames.insert(0, frame)
            frame = frame.f_back
        traceback = None
        for each in reversed(frames):
            traceback = TracebackType(traceback, each, each.f_lasti, each.f_lineno)
        return self.is_tests_fault(Stuck().with_traceback(traceback), is_hanging=True)

    def _decisive(self, node: ast.AST, place: _Place, error: BaseException) -> list[ast.AST]:
        """Return what an exception at a place may come from, if it is more than that the tests got there."""
        match node:
            case ast.Name(id=name) if isinstance(error, NameError) and not self._flow.is_known(name):
                return []
            case ast.Attribute(value=ast.Name() as owner, attr=name) if isinstance(error, AttributeError):
                return [node] if self._flow.is_known(name) or not self._flow.is_own(owner) else []
            case ast.Call() if isinstance(error, NotPassable):
                return [*node.args, *node.keywords]
            case ast.Call(args=[ast.Name(id=name), *_]) if isinstance(error, NotRunnable):
                return self._decorators(name)
            case ast.Call(func=ast.Name(id=name)) if isinstance(error, TypeError) and place.is_last:
                return [] if self._is_plain_function(name) and not _is_spread(node) else [node]
            case _:
                return [node if place.is_opening else self._flow.closing(node)]

    def _may_repeat(self, node: ast.AST | None, within: ast.AST | None) -> bool:
        """Return whether the program may decide how often, or whether, something calls on to the next place."""
        if node is None or within is None:
            return True
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                is_once = _is_runner(node) or self._is_plain_function(name)
            case _:
                is_once = False
        return not is_once and self._flow.depends(node) and not self._flow.is_inside(within, node)

    def _decorators(self, name: str) -> list[ast.AST]:
        """Return what decides with which arguments a test is called."""
        owners = [node for node in self._tree.body if isinstance(node, DEFINITIONS) and node.name == name]
        return [part for owner in owners for node in ast.walk(owner) for part in getattr(node, "decorator_list", [])]

    def _is_plain_function(self, name: str) -> bool:
        """Return whether a name is a function of the tests and nothing else: it takes what its parameters say."""
        binding = [node for node in ast.walk(self._tree) if name in binds(node)]
        only = binding[0] if len(binding) == 1 and name not in self._names else None
        if isinstance(only, ast.Name):
            return self._flow.is_lambda(only)
        return isinstance(only, ast.FunctionDef) and not only.decorator_list and not self._flow.is_open


class Stuck(Exception):  # noqa: N818 - says what the tests are
    """In place of the exception that stuck tests caught."""


class _Place(NamedTuple):
    """Where an exception passed."""

    span: _Span
    is_opening: bool
    """Whether a `with` at this place was yet to be entered."""
    is_last: bool
    """Whether it was raised right there, and not in something that was called."""


def _is_runner(node: ast.AST | None) -> bool:
    """Return whether a node is a call that was added to the source, at the place of the test."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in (RUN_FUNCTION, RUN_METHOD)


def _is_spread(call: ast.Call) -> bool:
    return any(isinstance(part, ast.Starred) for part in call.args) or any(part.arg is None for part in call.keywords)


def _places(traceback: TracebackType | None) -> Iterator[_Place | None]:
    """Return the places in the tests that led to an exception, and None where the program called tests back."""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code is CALLED_BACK:
            yield None
        if code.co_filename == FILE:
            span = list(code.co_positions())[traceback.tb_lasti // 2]
            yield _Place(span, _is_opening(code, span, traceback.tb_lasti), traceback.tb_next is None)
        traceback = traceback.tb_next


def _is_opening(code: CodeType, span: _Span, offset: int) -> bool:
    """Return whether an instruction stands before the one that enters the `with` at the same place, if there is any."""
    for place, positions in enumerate(code.co_positions()):
        if positions == span and opcode.opname[code.co_code[2 * place]] in _ENTERING:
            return offset < 2 * place
    return True


def _span_of(node: ast.AST) -> _Span | None:
    if not isinstance(node, ast.expr | ast.stmt):
        return None
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset
