"""What the header of a function says of values that JSON cannot hold."""

from __future__ import annotations

import ast
from typing import Any

from reasonenv.execution.jobs.job import BrokenTestsError

__all__ = ["conversion_of"]

_NODES = ("ListNode", "TreeNode")


def conversion_of(signature: str, num_arguments: int) -> dict[str, Any] | None:
    """Return the arguments of `reasonenv.execution.jail.nodes.converting` for a header; None where nothing is to do.

    Raises:
        BrokenTestsError: the signature is no header of a function of so many arguments.
    """
    if not signature:
        return None
    try:
        (function,) = ast.parse(f"{signature.rstrip()} pass").body
    except (SyntaxError, ValueError) as error:
        raise BrokenTestsError(f"a signature is the header of a function; got {signature!r:.200}") from error
    if not isinstance(function, ast.FunctionDef):
        raise BrokenTestsError(f"a signature is the header of a function; got {signature!r:.200}")
    parameters = [node for node in function.args.args if node.arg != "self"]
    if len(parameters) < num_arguments:
        raise BrokenTestsError(f"a case has {num_arguments} arguments, more than the signature {signature!r:.200}")
    takes = [_kind(node.annotation) for node in parameters[:num_arguments]]
    is_in_place = isinstance(function.returns, ast.Constant) and function.returns.value is None and num_arguments > 0
    gives = _kind(function.returns)
    return {"takes": takes, "gives": gives, "is_in_place": is_in_place} if any([*takes, gives, is_in_place]) else None


def _kind(annotation: ast.expr | None) -> str:
    written = ast.unparse(annotation).replace("'", "") if annotation else ""
    kind = next((name for name in _NODES if name in written), "")
    is_list = kind and written.lower().partition(kind.lower())[0].endswith(("list[", "list[optional["))
    return f"{kind}*" if is_list else kind
