"""Sums, products and multiples of matrices, entry by entry. Determinants, inverses and powers stay unread."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reasonenv.grading.math.nodes import Node, UnreadableError, walk


def worked_out(node: Node) -> Node:
    """Return the matrix that an expression of matrices comes to; other nodes are returned as they are.

    Raises:
        UnreadableError: the shapes do not fit, or the expression is no sum, product or multiple.
    """
    if node.kind not in ("add", "neg", "mul", "div") or not any(part.kind == "matrix" for part in walk(node)):
        return node
    args = [worked_out(part) for part in node.args]
    matrices = [part for part in args if part.kind == "matrix"]
    if not matrices:
        raise UnreadableError("a matrix inside a function or a power")
    if node.kind == "neg":
        return _each_entry(args[0], lambda entry: Node("neg", (entry,)))
    if node.kind == "add" and len(matrices) == len(args):
        return _sum(matrices)
    if node.kind == "mul" and len(matrices) == 2:
        return _product(*matrices)
    if node.kind == "mul":
        scalar = args[0] if args[1].kind == "matrix" else args[1]
        return _each_entry(matrices[0], lambda entry: Node("mul", (scalar, entry)))
    if node.kind == "div" and args[1].kind != "matrix":
        return _each_entry(args[0], lambda entry: Node("div", (entry, args[1])))
    raise UnreadableError("not a sum, product or multiple of matrices")


def _each_entry(matrix: Node, change: Callable[[Node], Node]) -> Node:
    return Node("matrix", tuple(Node("row", tuple(change(entry) for entry in row.args)) for row in matrix.args))


def _sum(matrices: Sequence[Node]) -> Node:
    if len({_shape(matrix) for matrix in matrices}) > 1:
        raise UnreadableError("a sum of matrices of different shapes")
    rows = zip(*(matrix.args for matrix in matrices), strict=True)
    return Node(
        "matrix",
        tuple(
            Node("row", tuple(Node("add", entries) for entries in zip(*(row.args for row in same), strict=True)))
            for same in rows
        ),
    )


def _product(left: Node, right: Node) -> Node:
    if _shape(left)[1] != _shape(right)[0]:
        raise UnreadableError("a product of matrices that do not fit")
    columns = list(zip(*(row.args for row in right.args), strict=True))
    return Node("matrix", tuple(Node("row", tuple(_dot(row.args, column) for column in columns)) for row in left.args))


def _dot(row: Sequence[Node], column: Sequence[Node]) -> Node:
    return Node("add", tuple(Node("mul", pair) for pair in zip(row, column, strict=True)))


def _shape(matrix: Node) -> tuple[int, int]:
    """Return the number of rows and of columns."""
    lengths = {len(row.args) for row in matrix.args}
    if len(lengths) != 1:
        raise UnreadableError("a matrix whose rows differ in length")
    return len(matrix.args), lengths.pop()
