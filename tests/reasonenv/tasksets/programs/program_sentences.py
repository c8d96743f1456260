"""Reading statements sentence by sentence: a table of patterns, and what to do where one matches."""

from __future__ import annotations

import functools
import re


def reader(*rows):
    """Return a function (sentence) -> operation from rows of (pattern, function of state and groups)."""
    compiled = [(re.compile(pattern), function) for pattern, function in rows]

    def read(sentence):
        for pattern, function in compiled:
            match = pattern.fullmatch(sentence)
            if match:
                return lambda state, match=match, function=function: function(state, *match.groups())
        raise AssertionError(f"nobody reads {sentence!r}")

    return read


def chain(read):
    """The solver of statements with numbered sentences, each of which changes the state."""

    def solver(statement):
        operations = [read(sentence) for sentence in re.findall(r"^\d+\. (.*)$", statement, re.M)]
        return lambda argument: functools.reduce(lambda state, operation: operation(state), operations, argument)

    return solver
