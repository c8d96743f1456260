"""Families of programming problems: from a program that was drawn to a problem with tests.

The hidden tests must tell the reference from each of its near misses (an operation left out, an operator mistaken). A
problem for which no such tests are found is drawn again. The tests follow from the statement alone, so that equal
statements are equal problems, with equal examples, in one split.
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
from reasonenv.tasksets.randomness import Rng
from reasonenv.types import CallTests, CodeReference, StdinTests

__all__ = [
    "DrawOperation",
    "Operation",
    "ProgramProblem",
    "fixed",
    "numbered",
    "pipeline",
    "pipeline_problem",
    "program_family",
    "program_text",
]

NUM_HIDDEN, NUM_PUBLIC = 10, 2
_NUM_INPUTS = 60
_MAX_EXAMPLE_CHARS = 120
_READ_AND_PRINT = "\nimport sys\n\nprint(solve(sys.stdin.read()))\n"
_MISTAKES = (ArithmeticError, LookupError, NameError, TypeError, ValueError, RecursionError)

DrawInput = Callable[[Rng], tuple[Any, ...]]
DrawOperation = Callable[[Rng], "Operation"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation in words and in Python, and a plausible mistake: `Operation("Sort it.", "x.sort()", "pass")`."""

    text: str
    code: str
    mistake: str | None = None
    returns: str = "int"
    """The type of the value, if the operation returns one."""

    def filled(self, **words: str | int) -> Operation:
        """Return the operation with `words` in the place of its placeholders, as `str.format` does."""
        text, code, mistake = (part and part.format(**words) for part in (self.text, self.code, self.mistake))
        return Operation(text or "", code or "", mistake, self.returns)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramProblem:
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
    draw_input: DrawInput
    """Draws arguments; for a program that reads standard input, its text alone."""


def program_family(
    name: str,
    domain: str,
    generate: Callable[[Rng, int], ProgramProblem],
    levels: tuple[int, ...] = (1, 2, 3),
) -> Family:
    """Return the family of the programming problems that `generate` makes of a generator and a difficulty."""
    return Family(name=name, generate=partial(_untested, generate), levels=levels, domain=domain)


def fixed(text: str, code: str, mistake: str | None = None) -> DrawOperation:
    """Return a function that gives one and the same operation, among others that draw theirs."""

    def operation(_: Rng) -> Operation:
        return Operation(text, code, mistake)

    return operation


def pipeline_problem(
    signature: str,
    task: str,
    operations: Sequence[Operation],
    result: Operation,
    draw_input: DrawInput,
    *,
    imports: str = "",
    setup: Sequence[Operation] = (),
) -> ProgramProblem:
    """Return the problem to do `operations` one after the other and then return `result`.

    Args:
        signature: of a function of one argument, as in `"double(x: int)"`.
        task: what follows the signature in the statement, up to the list of operations.
        operations: what the statement lists.
        result: what the function returns; the last of the list.
        draw_input: draws arguments.
        imports: what the source has before the function.
        setup: what the function does first, and the statement does not list.
    """
    function, _, argument = signature.partition(":")[0].partition("(")
    source, near_misses = pipeline(f"{imports}def {function}({argument}):", [*setup, *operations], result)
    listed = (*operations, result)
    return ProgramProblem(
        statement=f"Write a Python function `{signature} -> {result.returns}`{task}\n"
        f"{numbered([operation.text for operation in listed])}",
        function=function,
        source=source,
        near_misses=near_misses,
        plan="\n".join(f"{operation.text} {operation.code}" for operation in listed),
        draw_input=draw_input,
    )


def numbered(lines: Sequence[str]) -> str:
    """Write one line per step: "1. Reverse it."."""
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))


def pipeline(header: str, operations: Sequence[Operation], result: Operation) -> tuple[str, tuple[str, ...]]:
    """Return the program of these operations, and its near misses: one or two left out, or one mistaken."""
    every = [*operations, result]

    def written(lines: Sequence[str]) -> str:
        return program_text(header, lines)

    codes = [operation.code for operation in every]
    misses = [written(codes[:k] + codes[k + 1 :]) for k in range(len(operations))]
    misses += [written(codes[:k] + codes[k + 2 :]) for k in range(len(operations) - 1)]
    misses += [
        written([*codes[:k], operation.mistake, *codes[k + 1 :]])
        for k, operation in enumerate(every)
        if operation.mistake
    ]
    return written(codes), tuple(misses)


def program_text(header: str, lines: Sequence[str]) -> str:
    """Write a function from its header and the statements of its body; a statement may have several lines."""
    body = "\n".join(f"    {line}" for statement in lines for line in statement.split("\n"))
    return f"{header}\n{body}\n"


def _untested(generate: Callable[[Rng, int], ProgramProblem], rng: Rng, difficulty: int) -> Problem:
    problem = generate(rng, difficulty)
    return Problem(prompt=problem.statement, reference=None, finish=partial(_tested, problem))


def _tested(problem: ProgramProblem) -> Problem | None:
    """Return the problem with examples and hidden tests; None where they cannot tell right from nearly right."""
    digest = hashlib.blake2b(problem.statement.encode(), digest_size=8).digest()
    inputs = list(_different_inputs(problem, np.random.default_rng(int.from_bytes(digest, "big"))))
    reference = _loaded(problem.source, problem.function)
    outputs = [reference(*arguments) for arguments in inputs]
    needed = _telling(problem, inputs, outputs)
    if needed is None:
        return None
    public = _examples(inputs, outputs, needed)
    others = [index for index in range(len(inputs)) if index not in needed and index not in public]
    hidden = (needed + others)[:NUM_HIDDEN]
    commonest = Counter(repr(outputs[index]) for index in hidden).most_common(1)[0][1]
    if len(public) < NUM_PUBLIC or len(hidden) < NUM_HIDDEN or commonest > NUM_HIDDEN // 2:
        return None
    return _problem(problem, [(inputs[k], outputs[k]) for k in public], [(inputs[k], outputs[k]) for k in hidden])


def _different_inputs(problem: ProgramProblem, rng: Rng) -> Iterator[tuple[Any, ...]]:
    seen = set[str]()
    for _ in range(_NUM_INPUTS):
        arguments = problem.draw_input(rng)
        if repr(arguments) not in seen:
            seen.add(repr(arguments))
            yield arguments


def _loaded(source: str, function: str | None) -> Callable[..., Any]:
    """Return the function that a program of a family, which is our own, defines."""
    namespace: dict[str, Any] = {}
    exec(compile(source, "<program>", "exec"), namespace)
    return namespace[function or "solve"]


def _telling(problem: ProgramProblem, inputs: Sequence[tuple[Any, ...]], outputs: Sequence[Any]) -> list[int] | None:
    """Return few inputs, by index, on which every near miss goes wrong; None if one of them never does."""
    chosen = list[int]()
    for source in problem.near_misses:
        function = _loaded(source, problem.function)
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
    problem: ProgramProblem,
    public: Sequence[tuple[tuple[Any, ...], Any]],
    hidden: Sequence[tuple[tuple[Any, ...], Any]],
) -> Problem:
    if problem.function is None:
        program = problem.source + _READ_AND_PRINT
        examples = "\n\n".join(f"Input:\n{text}Output:\n{output}" for (text,), output in public)
    else:
        program = problem.source
        examples = "\n".join(f"{problem.function}{_written(arguments)} == {output!r}" for arguments, output in public)
    return Problem(
        prompt=f"{problem.statement}\n\nExamples:\n{examples}",
        reference=CodeReference(
            tests=_tests(problem.function, hidden),
            public_tests=_tests(problem.function, public),
            reference_program=program,
        ),
        solution=problem.plan,
    )


def _written(arguments: tuple[Any, ...]) -> str:
    return f"({', '.join(map(repr, arguments))})"


def _tests(function: str | None, cases: Sequence[tuple[tuple[Any, ...], Any]]) -> CallTests | StdinTests:
    if function is None:
        return StdinTests(tuple((text, f"{output}\n") for (text,), output in cases))
    return CallTests(function, tuple(cases))
