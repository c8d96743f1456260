"""How far an evaluation is: a bar on a terminal, a line for each tenth elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

__all__ = ["progress"]


@contextmanager
def progress(what: str) -> Generator[Callable[[int, int], None]]:
    """Yield a function of how many there are and how many there will be, which shows it on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(what)
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _Lines:
    """Prints a line when another tenth is done."""

    def __init__(self, what: str) -> None:
        self._what, self._tenths = what, -1

    def __call__(self, done: int, total: int) -> None:
        tenths = 10 * done // max(total, 1)
        if tenths != self._tenths:
            self._tenths = tenths
            print(f"{done} of {total} {self._what}", file=sys.stderr, flush=True)
