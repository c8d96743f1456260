"""From a drawn program to a problem with tests.

Lives here: `Step` and `Draft`, what a family of programming problems draws, and `program_family`, which makes problems
of drafts. Does not: any family (one file per topic beside this one), or judging programs (`reasonenv.rewards.code`).

The one decision: the hidden tests must tell the reference from each of its near misses (a step left out, an operator
mistaken); a draft for which no such tests are found is drawn again. The tests follow from the statement alone, so that
equal statements are equal problems, with equal examples, in one split.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.procedural import Family
from reasonenv.types import CallTests, CodeReference, StdinTests

__all__ = ["Draft", "Draw", "Step", "numbered", "pipeline", "program_family", "program_text"]

NUM_HIDDEN, NUM_PUBLIC = 10, 2
_NUM_INPUTS = 60
_MAX_EXAMPLE_CHARS = 120
_READ_AND_PRINT = "\nimport sys\n\nprint(solve(sys.stdin.read()))\n"
_MISTAKES = (ArithmeticError, LookupError, NameError, TypeError, ValueError, RecursionError)


@dataclass(frozen=True, slots=True)
class Step:
    """One operation, in words and in Python, and a plausible mistake: `Step("Sort it.", "x = sorted(x)", "pass")`."""

    text: str
    code: str
    mistake: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A programming problem without its tests."""

    statement: str
    """All that the program must do, its signature included."""
    function: str | None
    """The name of the function; None for a program that reads standard input, whose source defines `solve(text)`."""
    source: str
    """The reference."""
    near_misses: tuple[str, ...]
    """Wrong programs of the same form; the hidden tests fail each of them."""
    plan: str
    """How to get to the program, in words."""
    draw_input: Callable[[np.random.Generator], tuple[Any, ...]]
    """Arguments; for a program that reads standard input, its text alone."""


Draw = Callable[[np.random.Generator, int], Draft]
"""Draws a problem of a difficulty."""


def program_family(name: str, domain: str, draw: Draw, levels: tuple[int, ...] = (1, 2, 3)) -> Family:
    """Return the family of the programming problems that `draw` draws."""
    return Family(name=name, generate=partial(_generate, draw), levels=levels, domain=domain)


def numbered(lines: Sequence[str]) -> str:
    """Write one line per step: "1. Reverse it."."""
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))


def pipeline(header: str, steps: Sequence[Step], result: Step) -> tuple[str, tuple[str, ...]]:
    """Return the program that takes the steps in turn, and its near misses: one step left out, two, or one mistaken."""
    every = [*steps, result]

    def written(lines: Sequence[str]) -> str:
        return program_text(header, lines)

    codes = [step.code for step in every]
    misses = [written(codes[:k] + codes[k + 1 :]) for k in range(len(steps))]
    misses += [written(codes[:k] + codes[k + 2 :]) for k in range(len(steps) - 1)]
    misses += [written([*codes[:k], step.mistake, *codes[k + 1 :]]) for k, step in enumerate(every) if step.mistake]
    return written(codes), tuple(misses)


def program_text(header: str, lines: Sequence[str]) -> str:
    """Write a function from its header and the statements of its body; a statement may have several lines."""
    body = "\n".join(f"    {line}" for statement in lines for line in statement.split("\n"))
    return f"{header}\n{body}\n"


def _generate(draw: Draw, rng: np.random.Generator, difficulty: int) -> Problem:
    draft = draw(rng, difficulty)
    return Problem(prompt=draft.statement, answer=None, finish=partial(_tested, draft))


def _tested(draft: Draft) -> Problem | None:
    """Return the draft with examples and hidden tests; None where they cannot tell right from nearly right."""
    digest = hashlib.blake2b(draft.statement.encode(), digest_size=8).digest()
    inputs = list(_different_inputs(draft, np.random.default_rng(int.from_bytes(digest, "big"))))
    reference = _loaded(draft.source, draft.function)
    outputs = [reference(*arguments) for arguments in inputs]
    needed = _telling(draft, inputs, outputs)
    if needed is None:
        return None
    public = _examples(inputs, outputs, needed)
    others = [index for index in range(len(inputs)) if index not in needed and index not in public]
    hidden = (needed + others)[:NUM_HIDDEN]
    commonest = Counter(repr(outputs[index]) for index in hidden).most_common(1)[0][1]
    if len(public) < NUM_PUBLIC or len(hidden) < NUM_HIDDEN or commonest > NUM_HIDDEN // 2:
        return None
    return _problem(draft, [(inputs[k], outputs[k]) for k in public], [(inputs[k], outputs[k]) for k in hidden])


def _different_inputs(draft: Draft, rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    seen = set[str]()
    for _ in range(_NUM_INPUTS):
        arguments = draft.draw_input(rng)
        if repr(arguments) not in seen:
            seen.add(repr(arguments))
            yield arguments


def _loaded(source: str, function: str | None) -> Callable[..., Any]:
    """Return the function that a program of a family, which is our own, defines."""
    namespace: dict[str, Any] = {}
    exec(compile(source, "<program>", "exec"), namespace)
    return namespace[function or "solve"]


def _telling(draft: Draft, inputs: Sequence[tuple[Any, ...]], outputs: Sequence[Any]) -> list[int] | None:
    """Return few inputs, by index, on which every near miss goes wrong; None if one of them never does."""
    chosen = list[int]()
    for source in draft.near_misses:
        function = _loaded(source, draft.function)
        exposing = (k for k in (*chosen, *range(len(inputs))) if _goes_wrong(function, inputs[k], outputs[k]))
        first = next(exposing, None)
        if first is None:
            return None
        if first not in chosen:
            chosen.append(first)
    return chosen if len(chosen) <= NUM_HIDDEN else None


def _goes_wrong(function: Callable[..., Any], arguments: tuple[Any, ...], expected: object) -> bool:
    try:
        return repr(function(*arguments)) != repr(expected)
    except _MISTAKES:
        return True


def _examples(inputs: Sequence[tuple[Any, ...]], outputs: Sequence[Any], taken: Sequence[int]) -> list[int]:
    """Return the indices of short inputs, none of which is taken, with different outputs."""
    found: dict[str, int] = {}
    for index, (arguments, output) in enumerate(zip(inputs, outputs, strict=True)):
        has_content = all(argument not in ("", [], ()) for argument in arguments)
        if index not in taken and has_content and len(f"{arguments!r}{output!r}") <= _MAX_EXAMPLE_CHARS:
            found.setdefault(repr(output), index)
    return list(found.values())[:NUM_PUBLIC]


def _problem(
    draft: Draft, public: Sequence[tuple[tuple[Any, ...], Any]], hidden: Sequence[tuple[tuple[Any, ...], Any]]
) -> Problem:
    if draft.function is None:
        program = draft.source + _READ_AND_PRINT
        examples = "\n\n".join(f"Input:\n{text}Output:\n{output}" for (text,), output in public)
    else:
        program = draft.source
        examples = "\n".join(f"{draft.function}{_written(arguments)} == {output!r}" for arguments, output in public)
    return Problem(
        prompt=f"{draft.statement}\n\nExamples:\n{examples}",
        answer=None,
        reference=CodeReference(
            tests=_tests(draft.function, hidden),
            public_tests=_tests(draft.function, public),
            reference_program=program,
        ),
        solution=draft.plan,
    )


def _written(arguments: tuple[Any, ...]) -> str:
    return f"({', '.join(map(repr, arguments))})"


def _tests(function: str | None, cases: Sequence[tuple[tuple[Any, ...], Any]]) -> CallTests | StdinTests:
    if function is None:
        return StdinTests(tuple((text, f"{output}\n") for (text,), output in cases))
    return CallTests(function, tuple(cases))
