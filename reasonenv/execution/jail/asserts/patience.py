"""How long tests take by themselves: what the program takes to answer is not counted."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from types import FrameType

_AGAIN_SECONDS = 0.2


class TooLong(BaseException):
    """Thrown into tests that take too long. No `except Exception` of a test may take that for an answer."""


class Patience:
    """Throws `TooLong` once into what runs outside its `with` blocks for more CPU or wall time than is given.

    Only code of `file` and what that calls is interrupted. Where it goes on, `on_overrun` is called with its frame.
    """

    def __init__(self, cpu_seconds: float, wall_seconds: float, file: str) -> None:
        self.on_overrun: Callable[[FrameType], None] = lambda _: None
        self._file = file
        self._is_thrown = False
        self._ends = [time.process_time() + cpu_seconds, time.monotonic() + wall_seconds]
        self._is_waiting = False
        self._since = (0.0, 0.0)
        signal.signal(signal.SIGPROF, self._look)
        signal.signal(signal.SIGALRM, self._look)
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        signal.setitimer(signal.ITIMER_REAL, wall_seconds)

    def __enter__(self) -> None:
        """Do not count what is done from now on."""
        self._is_waiting = True
        self._since = (time.process_time(), time.monotonic())

    def __exit__(self, *_: object) -> None:
        cpu, wall = self._since
        self._ends[0] += time.process_time() - cpu
        self._ends[1] += time.monotonic() - wall
        self._is_waiting = False

    def _look(self, number: int, frame: FrameType | None) -> None:
        timer = signal.ITIMER_PROF if number == signal.SIGPROF else signal.ITIMER_REAL
        left = self._ends[0] - time.process_time() if number == signal.SIGPROF else self._ends[1] - time.monotonic()
        signal.setitimer(timer, max(left, _AGAIN_SECONDS))
        if self._is_waiting or left > 0 or frame is None or not self._is_within(frame):
            return
        if self._is_thrown:
            self.on_overrun(frame)
            return
        self._is_thrown = True
        raise TooLong

    def _is_within(self, frame: FrameType | None) -> bool:
        while frame is not None and frame.f_code.co_filename != self._file:
            frame = frame.f_back
        return frame is not None
