"""The elements of a collection: what ± stands for, what numbered names mean, and how propositions are joined."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product

from reasonenv.grading.math.evaluation import variables
from reasonenv.grading.math.names import is_name
from reasonenv.grading.math.nodes import Node, walk

_COMBINATIONS = frozenset(["union", "intersection", "minus"])
_JOINS = {"": "land", "and": "land"}
_MAX_SETS = 8


def has_sign_choice(node: Node) -> bool:
    """Return whether a node stands for two, as ±2 does."""
    return any(part.kind in ("pm", "mp") for part in walk(node))


def elements(node: Node) -> list[Node]:
    """Return the elements of a list or a set, or the node itself; ± stands for two, and a set in a set for one."""
    if node.kind in ("list", "set"):
        return [element for part in node.args for element in ([part] if part.kind == "set" else elements(part))]
    if node.kind == "relation" and node.name == "=" and has_sign_choice(node) and is_name(node.args[0]):
        return [Node("relation", (node.args[0], value), "=") for value in elements(node.args[1])]
    if not has_sign_choice(node) or node.kind == "relation":
        return [node]
    return [_chosen(node, 1), _chosen(node, -1)]


def written_out(node: Node) -> Node:
    """Write (±1, 2) as the list of two points that it stands for."""
    is_choice = has_sign_choice(node) and node.kind not in ("list", "set")
    return Node("list", tuple(elements(node))) if is_choice else node


def _chosen(node: Node, sign: int) -> Node:
    args = tuple(_chosen(part, sign) for part in node.args)
    if node.kind in ("pm", "mp"):
        is_plus = sign > 0 if node.kind == "pm" else sign < 0
        return Node("add", (args[0], args[1] if is_plus else Node("neg", (args[1],))))
    return node._replace(args=args)


def have_several_names(nodes: Sequence[Node]) -> bool:
    """Return whether equations name different things; x_1 and x_2 are both an x."""
    names = {node.args[0] for node in nodes if node.kind == "relation" and node.name == "="}
    return len({name._replace(name=name.name.partition("_")[0]) for name in names}) > 1


def with_names_of(nodes: Sequence[Node], others: Sequence[Node]) -> Sequence[Node]:
    """Write the solutions x_1 = 1, x_2 = 2 as x = 1, x = 2 where the others are written so."""
    names, other_names = ({_variable(node) for node in group} for group in (nodes, others))
    letters = {name.partition("_")[0] for name in names}
    if len(other_names) != 1 or letters != other_names or len(names) != len(nodes) or not all(names):
        return nodes
    letter = Node("var", (), letters.pop())
    return [Node("relation", (letter, node.args[1]), "=") for node in nodes]


def _variable(node: Node) -> str:
    is_named = node.kind == "relation" and node.name == "=" and node.args[0].kind == "var"
    return node.args[0].name if is_named else ""


def are_same_combinations(left: Node, right: Node, equal: Callable[[Node, Node], bool | None]) -> bool | None:
    """Compare unions, intersections and differences of sets by which of them a point may be in.

    None where they differ but their sets are more than letters and points, so that one may be written as others.
    """
    sets = list(dict.fromkeys((*_sets(left), *_sets(right))))
    if len(sets) > _MAX_SETS:
        return None
    first = {part: next(other for other in sets if part == other or equal(other, part)) for part in sets}
    for place in product((True, False), repeat=len(sets)):
        is_in = dict(zip(sets, place, strict=True))
        point = {part: is_in[first[part]] for part in sets}
        if _is_in(left, point) != _is_in(right, point):
            return False if all(part.kind in ("var", "set") for part in sets) else None
    return True


def _sets(node: Node) -> list[Node]:
    return [part for side in node.args for part in _sets(side)] if node.kind in _COMBINATIONS else [node]


def _is_in(node: Node, place: Mapping[Node, bool]) -> bool:
    """Return whether a point is in a combination of sets, from which of the sets it is in."""
    if node.kind not in _COMBINATIONS:
        return place[node]
    left, right = (_is_in(side, place) for side in node.args)
    return {"union": left or right, "intersection": left and right, "minus": left and not right}[node.kind]


def joins_differ(left: Node, right: Node) -> bool:
    """Return whether propositions are joined by different signs, as p ∧ q and p ∨ q are; solutions may be."""
    joins = [_JOINS.get(node.name, node.name) if node.kind == "list" else "" for node in (left, right)]
    if not any("l" in join for join in (left.name, right.name)) or "" in joins:
        return False
    are_propositions = all(
        part.kind not in ("relation", "interval", "tuple", "set") and variables(part)
        for part in (*left.args, *right.args)
    )
    return are_propositions and len({join.replace("lor", "or") for join in joins}) > 1
