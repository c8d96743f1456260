"""What a person sees while a run works: a live bar on a terminal, a plain line every half minute elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

__all__ = ["PhaseProgress", "phase_progress"]

_SHOWN = {
    "train/loss": ("loss", "{:.3f}"),
    "rollout/reward": ("reward", "{:.2f}"),
    "rollout/right_share": ("accuracy", "{:.2f}"),
    "rollout/response_tokens": ("length", "{:.1f}"),
    "rollout/entropy": ("entropy", "{:.2f}"),
    "rollout/zero_variance_share": ("zero-variance", "{:.2f}"),
    "time/tokens_per_second": ("tokens/s", "{:,.0f}"),
}
_LINE_SECONDS = 30.0
"""Without a terminal, at least this time lies between two lines of a phase, but for its first and its last."""


class PhaseProgress:
    """Shows the steps of a phase, and the responses of the evaluations in it."""

    def __init__(
        self, name: str, bar: Progress, console: Console, clock: Callable[[], float], first_step: int, num_steps: int
    ) -> None:
        self._name, self._bar, self._console, self._clock = name, bar, console, clock
        self._num_steps = num_steps
        self._steps = bar.add_task(name, total=num_steps, completed=first_step, numbers="", visible=num_steps > 0)
        self._responses = bar.add_task(f"{name}: evaluation", numbers="responses", visible=False)
        self._printed_at: float | None = None

    def step(self, step: int, metrics: Mapping[str, float]) -> None:
        """Show a step that is done, and its metrics."""
        shown = [f"{label} {form.format(metrics[name])}" for name, (label, form) in _SHOWN.items() if name in metrics]
        numbers = "  ".join(shown)
        self._bar.update(self._steps, completed=step + 1, numbers=numbers)
        self._print(f"{self._name} {step + 1}/{self._num_steps}  {numbers}", is_last=step + 1 == self._num_steps)

    def responses(self, num_done: int, num_asked: int) -> None:
        """Show that an evaluation has `num_done` of the `num_asked` responses that it waits for."""
        self._bar.update(self._responses, completed=num_done, total=num_asked, visible=num_done < num_asked)
        self._print(f"{self._name}: evaluation, {num_done}/{num_asked} responses", is_last=False)

    def _print(self, line: str, *, is_last: bool) -> None:
        if self._console.is_terminal:
            return
        now = self._clock()
        if is_last or self._printed_at is None or now - self._printed_at >= _LINE_SECONDS:
            self._console.print(line, highlight=False, soft_wrap=True)
            self._printed_at = now


@contextmanager
def phase_progress(
    name: str,
    *,
    console: Console,
    first_step: int = 0,
    num_steps: int = 0,
    clock: Callable[[], float] = time.monotonic,
) -> Generator[PhaseProgress]:
    """Show one phase while the context lasts.

    Args:
        name: of the phase.
        console: where to.
        first_step: steps that were done before.
        num_steps: of the phase; 0 for an evaluation.
        clock: gives the time in seconds.
    """
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[numbers]}"),
        console=console,
        disable=not console.is_terminal,
    )
    with bar:
        yield PhaseProgress(name, bar, console, clock, first_step, num_steps)
