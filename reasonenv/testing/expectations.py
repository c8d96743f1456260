"""How a check says what it expected: one sentence, whatever the part that it looks at does."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from reasonenv.types import Attempt

T = TypeVar("T")


def expect(is_met: bool, message: str) -> None:
    """Raise AssertionError with the message unless the expectation is met."""
    if not is_met:
        raise AssertionError(f"{message}.")


def expect_instance(part: object) -> None:
    """Expect that a part is no class."""
    expect(not isinstance(part, type), f"{part!r} is a class; give what calling it makes")


def expect_rows(name: str, results: object, size: int) -> None:
    """Expect one result for each attempt."""
    is_list = isinstance(results, list | tuple)
    expect(is_list, f"{name}: expected a list with one result per attempt, got {type(results).__name__}")
    found = called(f"{name}: len", len, results)
    expect(found == size, f"{name}: {size} attempts must give as many, got {found}")


def expect_raises(error: type[Exception], what: str, function: Callable[..., object], *args: object) -> None:
    """Expect that a call raises this kind of error."""
    try:
        function(*args)
    except error:
        return
    except (Exception, SystemExit) as other:
        raise AssertionError(f"{what} must raise {error.__name__}, but it raised {_written(other)}") from other
    raise AssertionError(f"{what} must raise {error.__name__}, but it raised nothing.")


def called(what: str, function: Callable[..., T], *args: object) -> T:
    """Call a part of the user's, which must not raise."""
    try:
        return function(*args)
    except (Exception, SystemExit) as error:
        raise AssertionError(f"{what} must not raise, but it raised {_written(error)}") from error


def pickled(what: str, part: T) -> T:
    """Return a copy by pickle, which must be possible."""
    hint = f"pickling {what} (functions and classes belong to the top level of a module)"
    return called(hint, lambda: pickle.loads(pickle.dumps(part)))


@contextmanager
def leaves_alone(name: str, attempts: Sequence[Attempt]) -> Generator[None]:
    """Expect that what runs within writes into no attempt: others see the same tasks and messages."""
    before = [copy.deepcopy(_changeable(attempt)) for attempt in attempts]
    yield
    for attempt, (metadata, history, messages) in zip(attempts, before, strict=True):
        what = f"{name} must leave attempts as they are, but it changed the"
        task = attempt.task
        expect(dict(task.metadata) == metadata, f"{what} metadata of task {task.task_id!r} to {dict(task.metadata)!r}")
        expect(task.history == history, f"{what} history of task {task.task_id!r} to {task.history!r}")
        expect(attempt.messages == messages, f"{what} messages of task {task.task_id!r} to {attempt.messages!r:.80}")


def _changeable(attempt: Attempt) -> tuple[object, object, object]:
    return dict(attempt.task.metadata), attempt.task.history, attempt.messages


def _written(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error)).strip()
