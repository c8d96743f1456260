r"""Names that a sum or product binds, such as k in `\sum_{k=1}^n a_k`: what they are called changes nothing."""

from __future__ import annotations

import re
from functools import lru_cache

from reasonenv.grading.math.evaluation import variables
from reasonenv.grading.math.nodes import Node

BOUND = "•"
"""Begins the name of what is bound; a number of the level follows."""


def bound(body: Node, name: str) -> tuple[Node, Node]:
    """Return the new name of what is bound in a body, and the body with it; a_{n-k} is renamed, too."""
    levels = [int(level) for used in variables(body) for level in re.findall(rf"{BOUND}(\d+)", used)]
    new = f"{BOUND}{max(levels, default=-1) + 1}"
    return Node("var", (), new), _renamed(body, name, new)


@lru_cache(maxsize=256)
def _in_index(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])")


def _renamed(node: Node, old: str, new: str) -> Node:
    if node.kind in ("var", "const") and node.name == old:
        return node._replace(name=new)
    if node.kind == "var" and "_" in node.name:
        head, _, index = node.name.partition("_")
        return node._replace(name=f"{head}_{_in_index(old).sub(new, index)}")
    return node._replace(args=tuple(_renamed(part, old, new) for part in node.args)) if node.args else node
