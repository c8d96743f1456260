"""What a person sees while a run trains: a live bar on a terminal, about ten plain lines a phase elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

__all__ = ["phase_progress"]

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


@contextmanager
def phase_progress(
    name: str, *, first_step: int, num_steps: int, console: Console
) -> Generator[Callable[[int, Mapping[str, float]], None]]:
    """Show the steps of one phase; gives a function to call with each step that is done, and its metrics."""
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
    task = bar.add_task(name, total=num_steps, completed=first_step, numbers="")
    every = max(1, num_steps // _LINES_PER_PHASE)

    def show(step: int, metrics: Mapping[str, float]) -> None:
        shown = [f"{label} {form.format(metrics[name])}" for name, (label, form) in _SHOWN.items() if name in metrics]
        bar.update(task, completed=step + 1, numbers="  ".join(shown))
        if not console.is_terminal and ((step + 1) % every == 0 or step + 1 == num_steps):
            console.print(f"{name} {step + 1}/{num_steps}  {'  '.join(shown)}", highlight=False)

    with bar:
        yield show
