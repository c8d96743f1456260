"""How a process in a jail ended, as its slot saw it."""

from __future__ import annotations

import signal
from typing import Literal, NamedTuple

RAISED_CODE, MEMORY_CODE = 120, 121
"""Exit codes by which a script's process says what ended it; a program may use them too, and looks as if it raised."""
STILL_RUNNING = 256
"""In place of an exit code, which is never that large: the process of a session that waits for its next cell."""


class Ending(NamedTuple):
    """How a child ended: `Ending(exit_code=0, cpu_seconds=0.01, limit=None)`; a signal is a negative exit code."""

    exit_code: int
    cpu_seconds: float
    limit: Literal["time", "holdings"] | None

    @property
    def was_killed(self) -> bool:
        """Whether somebody killed it, and not the jail for a limit: the program itself, or the machine."""
        return self.exit_code == -signal.SIGKILL and self.limit is None
