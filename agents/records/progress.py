"""What a person sees while a run trains: a live bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

__all__ = ["PhaseProgress"]

_SHOWN = {
    "train/loss": ("loss", "{:.3f}"),
    "rollout/reward": ("reward", "{:.2f}"),
    "rollout/accuracy": ("accuracy", "{:.2f}"),
    "rollout/response_tokens": ("length", "{:.1f}"),
    "rollout/entropy": ("entropy", "{:.2f}"),
    "rollout/zero_variance_share": ("zero-variance", "{:.2f}"),
    "time/tokens_per_second": ("tokens/s", "{:,.0f}"),
}
_LINES_PER_PHASE = 10


class PhaseProgress:
    """Shows the steps of one phase; a context manager."""

    def __init__(self, name: str, *, first_step: int, num_steps: int, console: Console) -> None:
        self._name, self._num_steps, self._console = name, num_steps, console
        self._bar = Progress(
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
        self._task = self._bar.add_task(name, total=num_steps, completed=first_step, numbers="")

    def __enter__(self) -> PhaseProgress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def update(self, step: int, metrics: Mapping[str, float]) -> None:
        """Show that step `step` is done."""
        shown = [f"{label} {form.format(metrics[name])}" for name, (label, form) in _SHOWN.items() if name in metrics]
        self._bar.update(self._task, completed=step + 1, numbers="  ".join(shown))
        every = max(1, self._num_steps // _LINES_PER_PHASE)
        if not self._console.is_terminal and ((step + 1) % every == 0 or step + 1 == self._num_steps):
            self._console.print(f"{self._name} {step + 1}/{self._num_steps}  {'  '.join(shown)}", highlight=False)
