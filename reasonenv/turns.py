"""What answers the model between its responses: the feedback of public tests, the Python tool, functions of your own.

An answer is a function of the attempt alone. What is kept open for an episode (a Python process) only saves work: it
can be made again from the transcript, so restored and replayed episodes go on alike.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol, cast, runtime_checkable

from reasonenv.execution.sandbox import Sandbox
from reasonenv.execution.shared import shared_sandbox
from reasonenv.execution.types import CaseStatus, CodeVerdict, ExecutionResult, Judge, RunStatus
from reasonenv.parsing import code_block
from reasonenv.tables import resolve
from reasonenv.types import AssertTests, Attempt, CallTests, CodeReference, ScoreStatus, StdinTests

__all__ = ["TURNS", "Interaction", "PublicTests", "PythonTool", "Turn", "load_turn"]

TURNS: dict[str, str] = {
    "public_tests": "reasonenv.turns:PublicTests",
    "python": "reasonenv.turns:PythonTool",
}
"""Name → zero-argument factory of an `Interaction`."""

_MAX_THREADS = 32
_OUTPUT_FENCE = "```output"


class Turn(Protocol):
    """Answers the model between its responses: a critique, the next question.

    A pure function of the attempt so far, because training resumes from saved episodes and not from saved turns.

    >>> def ask_once_more(attempt):
    ...     return "Are you sure?" if len(attempt.messages) < 4 else None
    """

    def __call__(self, attempt: Attempt, /) -> str | None:
        """Return the next user message, or None to end the episode."""
        ...


@runtime_checkable
class Interaction(Protocol):
    """A `Turn` for all rows of a vector environment at once, which may keep something open for each episode."""

    def answer(self, attempts: Sequence[Attempt]) -> list[str | None]:
        """Return the next user message of each attempt, or None where its episode ends."""
        ...

    def end(self, attempt: Attempt) -> None:
        """Free what is kept for this attempt, whose episode is over or given up; nothing kept is no error."""
        ...


@dataclass(frozen=True)
class _EachAlone:
    """A function of one attempt as an `Interaction`."""

    turn: Turn

    def __repr__(self) -> str:
        return repr(self.turn)

    def answer(self, attempts: Sequence[Attempt]) -> list[str | None]:
        return [self.turn(attempt) for attempt in attempts]

    def end(self, attempt: Attempt) -> None:
        del attempt


def load_turn(turn: str | Turn | Interaction | None) -> Interaction | None:
    """Return an interaction, or None for None.

    Args:
        turn: a name of `TURNS`; a function of the attempt; an `Interaction`, which is returned as it is; or
            "module:attribute", which leads to one of the two, or to the class of an interaction.

    Raises:
        UnknownNameError: no such name; the message offers the closest.
        PartImportError: nothing is found at "module:attribute".
        TypeError: something else.
    """
    if turn is None:
        return None
    found: Any = turn
    if isinstance(turn, str):
        found = resolve(TURNS, turn, kind="turn")
        found = found() if turn in TURNS or isinstance(found, type) else found
    if isinstance(found, Interaction) and not isinstance(found, type):
        return found
    if not callable(found) or isinstance(found, type):
        raise TypeError(
            "A turn must be a name of TURNS, a function of the attempt, an Interaction (with answer and end), or the "
            f'"module:attribute" of one, got {found!r:.80} ({type(found).__name__}).'
        )
    return _EachAlone(cast("Turn", found))


@dataclass(frozen=True)
class PublicTests:
    """Tells what the public tests of a programming task say of the last program; ends when all pass.

    Without a program it says so. The hidden tests are never run here. Where a task has no public tests, or the executor
    broke, the episode ends.

    Args:
        sandbox: where programs run; None is the sandbox of this process.
    """

    sandbox: Judge | None = field(default=None, repr=False, compare=False)

    def answer(self, attempts: Sequence[Attempt]) -> list[str | None]:
        """Judge the programs of all attempts in one batch."""
        answers: list[str | None] = [None] * len(attempts)
        asked: dict[int, tuple[str, CallTests | StdinTests | AssertTests]] = {}
        for position, attempt in enumerate(attempts):
            tests, program = _public_tests(attempt), code_block(attempt.response)
            if tests is not None and program is not None:
                asked[position] = (program, tests)
            elif tests is not None:
                answers[position] = "There is no program in your response: put it into one ```python block."
        if not asked:
            return answers
        programs, suites = zip(*asked.values(), strict=True)
        verdicts = (self.sandbox or shared_sandbox()).judge(programs, suites)
        for position, tests, verdict in zip(asked, suites, verdicts, strict=True):
            answers[position] = _feedback(tests, verdict)
        return answers

    def end(self, attempt: Attempt) -> None:
        """Do nothing: nothing is kept."""
        del attempt


def _public_tests(attempt: Attempt) -> CallTests | StdinTests | AssertTests | None:
    reference = attempt.task.reference
    if not isinstance(reference, CodeReference):
        raise TypeError(
            f"Public tests need a CodeReference, but task {attempt.task.task_id!r} has a {type(reference).__name__}. "
            "Give the task a CodeReference or the environment another turn."
        )
    return reference.public_tests


def _feedback(tests: CallTests | StdinTests | AssertTests, verdict: CodeVerdict) -> str | None:
    if verdict.status is ScoreStatus.GRADER_FAILED or verdict.num_passed == verdict.num_tests:
        return None
    lines = [f"Your program passes {verdict.num_passed} of {verdict.num_tests} public tests."]
    for number, case in enumerate(verdict.cases):
        if case.status is not CaseStatus.PASSED:
            detail = f" ({case.detail})" if case.detail else ""
            lines.append(f"{_written(tests, number)}: {case.status.value.replace('_', ' ')}{detail}")
    return "\n".join([*lines, "Give the whole program again in one ```python block."])


def _written(tests: CallTests | StdinTests | AssertTests, number: int) -> str:
    """Write a public test as the task shows it."""
    if isinstance(tests, AssertTests):
        return f"Test {number + 1}"
    if isinstance(tests, StdinTests):
        return f"For the input {tests.cases[number][0]!r}, the output {tests.cases[number][1]!r} is expected"
    arguments, expected = tests.cases[number]
    return f"{tests.function}({', '.join(map(_value, arguments))}) == {_value(expected)} is expected"


def _value(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # an integer of more digits than Python writes
        return "a value too long to be shown"


class _Session(Protocol):
    """The part of an interpreter that is used here."""

    def run(self, cell: str) -> ExecutionResult: ...

    def close(self) -> None: ...


_Key = tuple[str, tuple[str, ...]]
"""(task, cells that a session has run)."""


@dataclass
class PythonTool:
    """Runs the python block that ends a response, and shows its output: tool-integrated reasoning (arXiv 2309.17452).

    A response asks for a run if its last python block, after the thinking, is followed by nothing (or by the beginning
    of an output block); any other response ends the episode. The blocks of an episode run in one interpreter, whose
    variables stay until the episode ends; a block that exceeds a limit restarts it, and the output says so. The output
    comes as a block of the language `output`, as in NuminaMath-TIR.

    Args:
        sandbox: where code runs; None is the sandbox of this process.
        max_output_chars: more is cut off.
        max_sessions: interpreters that are kept open; the one used least recently makes way, and is made again from the
            transcript where it is needed.
    """

    sandbox: Sandbox | None = field(default=None, repr=False, compare=False)
    max_output_chars: int = 2_000
    max_sessions: int = 64
    _sessions: OrderedDict[_Key, list[_Session]] = field(
        default_factory=OrderedDict[_Key, list[_Session]], init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        weakref.finalize(self, _close_all, self._sessions)

    def answer(self, attempts: Sequence[Attempt]) -> list[str | None]:
        """Run the blocks of all attempts at the same time."""
        cells = [_cells(attempt) for attempt in attempts]
        wanted = [position for position, (*_, last) in enumerate(cells) if last is not None]
        if not wanted:
            return [None] * len(attempts)
        histories = [tuple(cell for cell in cells[position] if cell is not None) for position in wanted]
        held = [
            self._taken(attempts[k].task.task_id, history[:-1]) for k, history in zip(wanted, histories, strict=True)
        ]
        with ThreadPoolExecutor(min(len(wanted), _MAX_THREADS)) as threads:
            results = list(threads.map(_run_last, held, histories))
        answers: list[str | None] = [None] * len(attempts)
        for position, history, (session, _), result in zip(wanted, histories, held, results, strict=True):
            self._keep((attempts[position].task.task_id, history), session)
            answers[position] = f"\n{_OUTPUT_FENCE}\n{_shown(result, self.max_output_chars)}\n```\n"
        return answers

    def end(self, attempt: Attempt) -> None:
        """Close the interpreter of the attempt."""
        key = attempt.task.task_id, tuple(cell for cell in _cells(attempt) if cell is not None)
        for known in (key, (key[0], key[1][:-1])):
            if known in self._sessions:
                self._pop(known).close()
                return

    def __reduce__(self) -> tuple[Callable[..., PythonTool], tuple[None, int, int]]:
        """Leave the interpreters behind; a copy starts its own, in the sandbox of its process."""
        return PythonTool, (None, self.max_output_chars, self.max_sessions)

    def _taken(self, task_id: str, done: tuple[str, ...]) -> tuple[_Session, tuple[str, ...]]:
        """Return an interpreter, and which of the cells that were run before it still has to run."""
        if (task_id, done) in self._sessions:
            return self._pop((task_id, done)), ()
        return (self.sandbox or shared_sandbox()).session(), done

    def _pop(self, key: _Key) -> _Session:
        session = self._sessions[key].pop()
        if not self._sessions[key]:
            del self._sessions[key]
        return session

    def _keep(self, key: _Key, session: _Session) -> None:
        self._sessions.setdefault(key, []).append(session)
        self._sessions.move_to_end(key)
        while sum(map(len, self._sessions.values())) > self.max_sessions:
            self._pop(next(iter(self._sessions))).close()


def _close_all(sessions: OrderedDict[_Key, list[_Session]]) -> None:
    while sessions:
        for session in sessions.popitem()[1]:
            session.close()


def _cells(attempt: Attempt) -> list[str | None]:
    """Return the cell that each response asks to run."""
    responses = [message["content"] for message in attempt.messages if message["role"] == "assistant"]
    return [_requested_cell(response) for response in responses]


def _requested_cell(response: str) -> str | None:
    text = response.rstrip().removesuffix(_OUTPUT_FENCE).rstrip()
    return code_block(text) if text.endswith("```") else None


def _run_last(held: tuple[_Session, tuple[str, ...]], history: tuple[str, ...]) -> ExecutionResult:
    session, missing = held
    for cell in missing:
        session.run(cell)
    return session.run(history[-1])


def _shown(result: ExecutionResult, max_chars: int) -> str:
    """Return what the model is shown of a run: output, value, and the last line of an error."""
    parts = [result.stdout.rstrip("\n"), result.value or ""]
    if result.status is not RunStatus.FINISHED:
        parts.append(result.stderr.strip().rpartition("\n")[2] or result.status.value.replace("_", " "))
    if result.has_restarted:
        parts.append("The interpreter was restarted; its variables are gone.")
    text = "\n".join(part for part in parts if part)
    return text if len(text) <= max_chars else f"{text[:max_chars]}…"
