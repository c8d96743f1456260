"""Linked lists and trees as LeetCode has them: made from lists for a program, and lists again for its tests.

The classes are those that the program, or the prelude before it, calls `ListNode` and `TreeNode`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

_MAX_NODES = 1 << 20
"""A linked list may be a ring, which has no end."""


def converting(
    function: Callable[..., object], names: dict[str, Any], takes: Sequence[str], gives: str, *, is_in_place: bool
) -> Callable[..., object]:
    """Return a function of plain values for one of nodes.

    Args:
        function: the program's.
        names: the variables of its module, and what is built in there.
        takes: the kind of each argument: "ListNode" or "TreeNode", with "*" behind it for a list of such, or "".
        gives: the kind of the result.
        is_in_place: whether the result is the first argument as the call leaves it.
    """

    def converted(*arguments: Any) -> object:
        made = [_made(value, names, kind) for value, kind in zip(arguments, takes, strict=True)]
        returned = function(*made)
        return _plain(made[0], takes[0]) if is_in_place else _plain(returned, gives)

    return converted


def _made(value: Any, names: dict[str, Any], kind: str) -> Any:
    if not isinstance(value, list) or not kind:
        return value
    if kind.endswith("*"):
        return [_made(part, names, kind[:-1]) for part in value]
    return _linked_list(value, names[kind]) if kind == "ListNode" else _tree(value, names[kind])


def _linked_list(values: list[Any], make: Callable[[Any], Any]) -> Any:
    head = None
    for value in reversed(values):
        node = make(value)
        node.next, head = head, node
    return head


def _tree(values: list[Any], make: Callable[[Any], Any]) -> Any:
    """Return the tree whose values these are level by level; None stands for a child that is missing."""
    nodes = [None if value is None else make(value) for value in values]
    children = iter(nodes[1:])
    for node in nodes:
        if node is not None:
            node.left, node.right = next(children, None), next(children, None)
    return nodes[0] if nodes else None


def _plain(value: Any, kind: str) -> object:
    if kind.endswith("*"):
        return [_plain(part, kind[:-1]) for part in value]
    if kind == "ListNode":
        return _values_of_list(value)
    return _values_of_tree(value) if kind == "TreeNode" else value


def _values_of_list(node: Any) -> list[Any]:
    values: list[Any] = []
    while node is not None and len(values) < _MAX_NODES:
        values.append(node.val)
        node = node.next
    return values


def _values_of_tree(root: Any) -> list[Any]:
    values: list[Any] = []
    pending = deque([root])
    while pending and len(values) < _MAX_NODES:
        node = pending.popleft()
        values.append(None if node is None else node.val)
        if node is not None:
            pending += (node.left, node.right)
    while values and values[-1] is None:
        values.pop()
    return values
