"""What in the source of tests depends on the program, by the names that hold it.

A name depends on the program if it is the program's; if it was given, or changed by, something that does; if it was
bound or changed where the program decides whether that place is reached; or if the program was given what it holds.
Clocks depend on it, too, and so does what looks names up by their text.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator

from .runner import SOLUTION

_REFLECTING = {"eval", "exec", "globals", "locals", "vars", "__import__", "importlib", "inspect"}
_LOOKED_UP = {"modules", "import_module", "__globals__", "__dict__", "f_globals", "f_locals"}
_CLOCKS = {"time", "time_ns", "perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "process_time", "now"}
_ATTRIBUTES = {f".{name}" for name in _LOOKED_UP | _CLOCKS}
_EXITS = {"exit", "quit", "_exit", "abort"}
_PURE = {"math", "cmath", "operator", "json", "re", "np", "numpy", "statistics"}
_STREAMS = {"stdout", "stderr"}
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_FORKS = (ast.If, ast.Try, ast.TryStar, ast.With, ast.Match, *_LOOPS)


class Flow:
    """The names that depend on a program which defines `names`; `shares_objects` as for `Blame`."""

    def __init__(self, tree: ast.Module, names: Iterable[str], *, shares_objects: bool) -> None:
        nodes = list(ast.walk(tree))
        self._parents = {child: node for node in nodes for child in ast.iter_child_nodes(node)}
        self._texts: dict[ast.AST, frozenset[str]] = {}
        for node in reversed(nodes):
            self._texts[node] = _text_of(node).union(*(self._texts[child] for child in ast.iter_child_nodes(node)))
        self._stored = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
        modules = {name for node in nodes for name in _imported(node)}
        self._fixed = {*vars(builtins), *modules} - self._stored
        self._tainted = {*names, *_ATTRIBUTES, *_REFLECTING}
        shown = {SOLUTION} | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and _gives(node, names)}
        for node in nodes:
            self._tainted |= _shown(node, self._tainted, shown)
        self._known = {name for node in nodes for name in binds(node)} | set(names) | set(vars(builtins))
        self.is_open = any(_is_reflecting(node) for node in nodes)
        self._passed = set[str]()
        self._mutated = set[str]()
        size = -1
        while size != len(self._tainted) + len(self._mutated) + len(self._passed):
            size = len(self._tainted) + len(self._mutated) + len(self._passed)
            for node in nodes:
                self._mutated |= (self._changed_by(node) | self._aliases(node)) - self._fixed
                self._tainted |= self._given(node) | self._bound(node)
                if shares_objects:
                    self._tainted |= self._shared(node) - self._fixed
            self._tainted |= self._mutated

    def depends(self, node: ast.AST) -> bool:
        """Return whether the value of a part of the source may depend on the program."""
        return not self._texts[node].isdisjoint(self._tainted)

    def is_known(self, name: str) -> bool:
        """Return whether anything in the source, or the program, may bind this name or attribute."""
        return self.is_open or name in self._known

    def is_own(self, node: ast.Name) -> bool:
        """Return whether a name is the first parameter of a method around it, and nothing else."""
        function = self._function_of(node)
        if not isinstance(function, ast.FunctionDef) or not isinstance(self._parents.get(function), ast.ClassDef):
            return False
        return [argument.arg for argument in function.args.args[:1]] == [node.id] and node.id not in self._stored

    def is_lambda(self, node: ast.Name) -> bool:
        """Return whether a name is given a function as it stands there."""
        parent = self._parents[node]
        return isinstance(parent, ast.Assign) and isinstance(parent.value, ast.Lambda) and not self.is_open

    def is_inside(self, node: ast.AST | None, around: ast.AST) -> bool:
        """Return whether a node is part of another, and of no function in that."""
        while node is not None and node is not around and not isinstance(node, _FUNCTIONS):
            node = self._parents.get(node)
        return node is around

    def closing(self, node: ast.AST) -> ast.AST:
        """Return the statement for what closes a `with`: how that ends is decided by its body."""
        parent = self._parents.get(node)
        return self._parents[parent] if isinstance(parent, ast.withitem) else node

    def is_steered(self, node: ast.AST, *, is_hanging: bool = False, is_binding: bool = False) -> bool:
        """Return whether the program may decide that, or how often, the tests get to this place.

        What stands in a `try` behind a call of the program is not steered by it, unless it ends the tests, or something
        `is_binding`: every program whose call does not raise gets there.
        """
        is_end = is_binding or isinstance(node, ast.Raise | ast.Call)
        child = node
        while (parent := self._parents.get(child)) is not None and not isinstance(child, _FUNCTIONS):
            conditions = [parent] if is_hanging and isinstance(parent, _LOOPS) else _conditions(parent, child, is_end)
            if any(map(self.depends, conditions)) or self._may_be_left(parent, child):
                return True
            child = parent
        return False

    def _function_of(self, node: ast.AST | None) -> ast.AST | None:
        while node is not None and not isinstance(node, _FUNCTIONS):
            node = self._parents.get(node)
        return node

    def _may_be_left(self, parent: ast.AST, child: ast.AST) -> bool:
        """Return whether a return, break or exit that the program decides on may come before a statement."""
        if not isinstance(child, ast.stmt):
            return False
        if isinstance(parent, _LOOPS) and any(map(self._leaves, parent.body)):
            return True
        blocks = (getattr(parent, name, []) for name in ("body", "orelse", "finalbody"))
        block = next((block for block in blocks if isinstance(block, list) and child in block), [])
        return any(self._leaves(before) for before in block[: block.index(child)] if isinstance(before, _FORKS))

    def _leaves(self, statement: ast.stmt) -> bool:
        inner = (ast.Return,) if isinstance(statement, _LOOPS) else (ast.Return, ast.Break, ast.Continue)
        return (
            isinstance(statement, _FORKS)
            and self.depends(statement)
            and any(isinstance(part, inner) or _is_exit(part) for part in ast.walk(statement))
        )

    def _given(self, node: ast.AST) -> set[str]:
        """Return the names that depend on the program because this node gives them something that does."""
        match node:
            case ast.Assign() | ast.AugAssign() | ast.AnnAssign() | ast.NamedExpr():
                return self._assigned(node)
            case ast.For() | ast.AsyncFor() | ast.comprehension() if self.depends(node.iter):
                return _names(node.target)
            case ast.With() if self.depends(node):
                return _names(*node.items) - self._fixed
            case ast.Match() if self.depends(node.subject):
                return {
                    part.name for part in ast.walk(node) if isinstance(part, ast.MatchAs | ast.MatchStar) and part.name
                }
            case ast.Try() | ast.TryStar() if any(map(self.depends, node.body)):
                return {handler.name for handler in node.handlers if handler.name}
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                is_called = node.name in self._passed
                self._passed |= _called(node) if is_called else set()
                is_reached = node.name in self._tainted or self.depends(node)
                found = (
                    {node.name, f".{node.name}", *_parameters(node.args), *_outer(node)} if is_reached else set[str]()
                )
                return found | (_changed(node) - self._fixed if is_called else set())
            case ast.ClassDef() if node.name in self._tainted or self.depends(node):
                methods = (part for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef))
                return {node.name}.union(*(_parameters(method.args) for method in methods))
            case ast.Lambda():
                return _parameters(node.args)
            case ast.Call() if any(map(self.depends, (*node.args, *node.keywords))):
                return _names(node) - self._fixed | (
                    {node.func.attr} if isinstance(node.func, ast.Attribute) else set()
                )
            case _:
                return set()

    def _assigned(self, node: ast.Assign | ast.AugAssign | ast.AnnAssign | ast.NamedExpr) -> set[str]:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        found = _names(*targets) if self.depends(node) else set[str]()
        found |= {f".{name}" for name in found}
        if found:
            found |= {
                f".{part.attr}" for target in targets for part in ast.walk(target) if isinstance(part, ast.Attribute)
            }
        if any(isinstance(target, ast.Attribute) and target.attr in _STREAMS for target in targets) and node.value:
            found |= _names(*targets, node.value) - self._fixed
        return found

    def _changed_by(self, node: ast.AST) -> set[str]:
        """Return the names of objects that may hold, because of this node, something that depends on the program."""
        match node:
            case ast.Assign() | ast.AugAssign() if self.depends(node.value):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                is_kept = isinstance(node, ast.AugAssign)
                return {
                    name for target in targets if is_kept or not isinstance(target, ast.Name) for name in _names(target)
                }
            case ast.Call() if any(map(self.depends, (*node.args, *node.keywords))):
                return _receivers(node)
            case _:
                return set()

    def _aliases(self, node: ast.AST) -> set[str]:
        """Return the names that what was changed may have, too."""
        match node:
            case ast.Assign() | ast.AnnAssign() | ast.NamedExpr() if node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                return set() if _names(*targets).isdisjoint(self._mutated) else _names(node.value)
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                return set() if _names(node.target).isdisjoint(self._mutated) else _names(node.iter)
            case ast.FunctionDef() | ast.AsyncFunctionDef() if node.name in self._mutated:
                returned = (part for part in ast.walk(node) if isinstance(part, ast.Return))
                return _names(*(part for part in returned if self._function_of(part) is node))
            case _:
                return set()

    def _bound(self, node: ast.AST) -> set[str]:
        """Return the names that this node binds, or may change, where the program decides whether it is reached."""
        match node:
            case ast.Name() if not isinstance(node.ctx, ast.Load):
                names = {node.id}
            case ast.Attribute() | ast.Subscript() if not isinstance(node.ctx, ast.Load):
                names = _names(node.value)
            case ast.Call():
                return self._called_if(node)
            case ast.Import() | ast.ImportFrom():
                names = set(_imported(node))
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names = {node.name}
            case ast.For() if any(map(self._leaves, node.body)):
                return _names(node.iter) - self._fixed
            case _:
                return set()
        return set() if names <= self._tainted or not self.is_steered(node, is_binding=True) else names

    def _called_if(self, call: ast.Call) -> set[str]:
        """Return what a call may change, if the program decides whether it is made."""
        names, called = _names(call) - self._fixed, _called(call)
        if (names <= self._tainted and called <= self._passed) or not self.is_steered(call, is_binding=True):
            return set()
        self._passed |= called
        self._mutated |= names
        return names

    def _shared(self, node: ast.AST) -> set[str]:
        """Return the names of what the program may have been given: where the arguments of its calls came from."""
        match node:
            case ast.Call() if self.depends(node):
                self._passed |= _names(*node.args, *node.keywords)
                return _names(node)
            case ast.Assign() | ast.AnnAssign() | ast.NamedExpr() if node.value is not None and self.depends(node):
                return _names(node.value)
            case ast.For() | ast.AsyncFor() | ast.comprehension() if self.depends(node.target):
                return _names(node.iter)
            case _:
                return set()


def _conditions(parent: ast.AST, child: ast.AST, is_end: bool) -> list[ast.AST]:
    """Return what decides whether a part of a statement or expression is reached.

    What ends the tests behind a call may be there for programs whose call did not raise.
    """
    match parent:
        case ast.If() | ast.While() | ast.IfExp():
            return [parent.test] if child is not parent.test else []
        case ast.Assert():
            return [parent.test] if child is parent.msg else []
        case ast.For() | ast.AsyncFor():
            return [parent.iter] if child is not parent.iter else []
        case ast.Match():
            return [parent.subject] if child is not parent.subject else []
        case ast.BoolOp():
            return [value for value in parent.values if value is not child]
        case ast.Try() | ast.TryStar():
            is_reached = child in parent.body or child in parent.finalbody
            return list[ast.AST](parent.body) if is_end or not is_reached else []
        case ast.With() | ast.AsyncWith():
            return list[ast.AST](parent.body) if is_end and child in parent.body else []
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            return list[ast.AST](parent.generators)
        case _:
            return []


def _text_of(node: ast.AST) -> frozenset[str]:
    """Return what may tell that a node, without its parts, depends on the program."""
    if isinstance(node, ast.Name):
        return frozenset((node.id,))
    return frozenset((f".{node.attr}",)) if isinstance(node, ast.Attribute) else frozenset()


def _is_exit(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    return (isinstance(function, ast.Name) and function.id in _EXITS) or (
        isinstance(function, ast.Attribute) and function.attr in _EXITS
    )


def _names(*nodes: ast.AST) -> set[str]:
    return {part.id for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)}


def binds(node: ast.AST) -> Iterator[str]:
    """Return the names and attributes that a node may bind, wherever that is."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
        yield node.attr
    elif isinstance(node, DEFINITIONS):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.MatchAs | ast.MatchStar | ast.ExceptHandler) and node.name:
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from _imported(node)


def _is_reflecting(node: ast.AST) -> bool:
    """Return whether names may be bound by their text here."""
    if isinstance(node, ast.Name):
        return node.id in (_REFLECTING | {"setattr"})
    if isinstance(node, ast.Attribute):
        return node.attr in _LOOKED_UP
    return isinstance(node, ast.ImportFrom) and node.names[0].name == "*"


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0]


def _gives(node: ast.ImportFrom, names: Iterable[str]) -> bool:
    return any(alias.name in set(names) for alias in node.names)


def _shown(node: ast.AST, names: set[str], modules: set[str | None]) -> set[str]:
    """Return the names that an import gives to what is the program's, or may be."""
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return set()
    is_shown = isinstance(node, ast.ImportFrom) and node.module == SOLUTION
    known = {*modules, *_REFLECTING} if isinstance(node, ast.Import) else {*names, *_CLOCKS, *_LOOKED_UP}
    return {alias.asname or alias.name for alias in node.names if is_shown or alias.name in known}


def _parameters(arguments: ast.arguments) -> set[str]:
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return {argument.arg for argument in named if argument is not None}


def _called(node: ast.AST) -> set[str]:
    """Return the names of functions and methods that are called, or passed on."""
    calls = [part for part in ast.walk(node) if isinstance(part, ast.Call)]
    return _names(*calls) | {part.func.attr for part in calls if isinstance(part.func, ast.Attribute)}


def _receivers(call: ast.Call) -> set[str]:
    """Return the names of what a call may change: not the arguments of functions that are known to change nothing."""
    methods = [part.func for part in ast.walk(call) if isinstance(part, ast.Call)]
    bound = [part for part in ast.walk(call) if isinstance(part, ast.Attribute) and part not in methods]
    match call.func:
        case ast.Name(id=name) if name in vars(builtins):
            return _names(*bound)
        case ast.Attribute(value=ast.Name(id=owner), attr=name) if name.startswith("assert") or owner in _PURE:
            return _names(*bound)
        case _:
            return _names(call)


def _outer(function: ast.AST) -> set[str]:
    """Return the names of outer scopes that a function binds."""
    return {name for part in ast.walk(function) if isinstance(part, ast.Global | ast.Nonlocal) for name in part.names}


def _changed(function: ast.AST) -> set[str]:
    """Return the names of what a function may change, if the program calls it."""
    calls = (part for part in ast.walk(function) if isinstance(part, ast.Call))
    stored = (
        part
        for part in ast.walk(function)
        if isinstance(part, ast.Subscript | ast.Attribute) and not isinstance(part.ctx, ast.Load)
    )
    return _names(*calls, *stored) | _outer(function)
