"""What the graders of public programming data sets run before a program, which may count on it."""

from __future__ import annotations

import ast

NODES = """
class ListNode:
    def __init__(self, val=0, next=None):
        self.val = val
        self.next = next
class TreeNode:
    def __init__(self, val=0, left=None, right=None):
        self.val = val
        self.left = left
        self.right = right
"""
"""The classes that LeetCode gives to programs."""

_MODULES = (
    *("string", "re", "datetime", "collections", "heapq", "bisect", "copy", "math", "random", "statistics"),
    *("itertools", "functools", "operator", "io", "sys", "json"),
)
LIVECODEBENCH = (
    "".join(f"from {name} import *\n" for name in (*_MODULES, "builtins", "typing"))
    + "".join(f"import {name}\n" for name in _MODULES)
    + "sys.setrecursionlimit(50000)\n"
    + NODES
)
"""What lcb_runner/evaluation/testing_util.py (LiveCodeBench, commit 8610ffb) imports, and LeetCode's classes."""

APPS = f"""
import sys
import time
import itertools
from itertools import accumulate, product, permutations, combinations
import collections
from collections import Counter, OrderedDict, deque, defaultdict, ChainMap
from functools import lru_cache
import math
from math import sqrt, sin, cos, tan, ceil, fabs, floor, gcd, exp, log, log2
import fractions
from typing import List, Tuple
import numpy as np
import random
import heapq
from heapq import *
stdin = sys.stdin
stdout = sys.stdout
{NODES}"""
"""Likewise of eval/testing_util.py (APPS, commit 5dcfdf2) and metrics/testing_util.py (TACO, commit 2ba6235)."""


def signature_of(starter: str, name: str) -> str:
    """Return the header of a function in starter code if its values are not those of JSON: nodes, or changed in place.

    Starter code ends where the program is to begin, so a body is added. What is no Python then has no header.
    """
    try:
        tree = ast.parse(f"{starter.rstrip()} pass")
    except (SyntaxError, ValueError):
        return ""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            returns = ast.unparse(node.returns) if node.returns else ""
            header = f"def {name}({ast.unparse(node.args)}){returns and f' -> {returns}'}:"
            return header if returns == "None" or "ListNode" in header or "TreeNode" in header else ""
    return ""
