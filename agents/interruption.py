"""Ctrl-C and SIGTERM: where a run is stopped at once, and where it first has to finish what it does.

The first signal raises `Interrupted` in the middle of whatever runs, be it a forward pass, a wait for graders or the
loading of a model, as Python's own Ctrl-C does. So no engine, reward or learner has to cooperate. It does so only
inside `stoppable`, and there only until `hold`; everywhere else it is remembered until the next such place.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["Interrupted", "Interruption"]

GRACE_SECONDS = 7.0
"""How long a held section may take to finish after the signal."""
_REPEAT_SECONDS = 1.0
"""After the grace: an exception that is raised within a finalizer is lost, so it is raised again."""


class Interrupted(KeyboardInterrupt):
    """The run was asked to stop; the message says what was saved and how to go on."""


class Interruption:
    """Whether a run was asked to stop, and whether it may be stopped where it is."""

    def __init__(self) -> None:
        self.is_requested = False
        self.is_held = False
        """Whether the last stoppable section came to its `hold`."""
        self._is_open = False
        self._previous: dict[int, Any] = {}

    @contextmanager
    def listening(self) -> Generator[None]:
        """Take the first Ctrl-C or SIGTERM; the second acts at once. Only the main thread can listen."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        for number in self._previous:
            signal.signal(number, self._request)
        previous_alarm = signal.getsignal(signal.SIGALRM)
        try:
            yield
        finally:
            self._stop_listening()
            if self.is_requested:
                signal.setitimer(signal.ITIMER_REAL, 0.0)
                signal.signal(signal.SIGALRM, previous_alarm)

    @contextmanager
    def stoppable(self) -> Generator[None]:
        """Raise `Interrupted` in this section: at once, if the signal has come before."""
        try:
            self.is_held, self._is_open = False, True
            if self.is_requested:
                raise Interrupted
            yield
        finally:
            self._is_open = False

    def hold(self) -> None:
        """Finish the section in spite of a signal, unless that takes longer than `GRACE_SECONDS`."""
        self.is_held = True

    def _request(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stop_listening()
        self.is_requested = True
        signal.signal(signal.SIGALRM, self._insist)
        signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS, _REPEAT_SECONDS)
        if self._is_open and not self.is_held:
            raise Interrupted

    def _insist(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._is_open:
            raise Interrupted

    def _stop_listening(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
