"""Checks for any algorithm or rollout engine, yours as well as ours, on a tiny real policy.

Each is a plain function, to be called from any test framework: it returns nothing, or raises AssertionError with what
was expected and what was found. Whether an algorithm learns well, only training can say.

>>> from agents.algorithms import GRPO
>>> check_algorithm(GRPO())
"""

from agents.testing.algorithm import check_algorithm
from agents.testing.engine import check_engine

__all__ = ["check_algorithm", "check_engine"]
