"""A stage in a process of its own, which ends with the process that started it, however that one ends."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from rich.console import Console

from agents.errors import TrainingError

__all__ = ["StageProcess"]

_GRACE_SECONDS = 30.0


@dataclass(frozen=True)
class StageProcess:
    """A running stage and the file of what it prints."""

    process: BaseProcess
    log: Path

    @classmethod
    def started(
        cls, run: Callable[..., None], arguments: tuple[Any, Any, Path], settings: Mapping[str, Any]
    ) -> StageProcess:
        """Start `run(stage, inputs, output_dir, **settings, console=…)`; what it prints goes to `NAME.log`."""
        stage, _, output_dir = arguments
        log = output_dir / "logs" / f"{stage.name}.log"
        log.parent.mkdir(exist_ok=True)
        log.touch()
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["agents.train"])  # imported once, for every stage
        process = context.Process(target=_work, args=(run, arguments, settings, log))
        process.start()
        return cls(process, log)

    @staticmethod
    def wait_for_any(processes: Sequence[StageProcess]) -> None:
        """Return as soon as one of them has ended."""
        wait([each.process.sentinel for each in processes])

    @property
    def is_alive(self) -> bool:
        """Whether the stage still runs."""
        return self.process.is_alive()

    def require_success(self, name: str) -> None:
        """Raise TrainingError, with the end of the log, unless the stage is done."""
        self.process.join()
        if self.process.exitcode != 0:
            lines = self.log.read_text(encoding="utf-8").splitlines()
            raise TrainingError(
                f"Stage {name!r} ended with status {self.process.exitcode}; {self.log} has all of it. Its last line: "
                f"{lines[-1] if lines else 'nothing was printed.'}"
            )

    @staticmethod
    def stop(processes: Sequence[StageProcess]) -> None:
        """Ask them to stop, as Ctrl-C would, and end those that do not; a training run saves where it is."""
        for each in processes:
            each.process.terminate()
        deadline = time.monotonic() + _GRACE_SECONDS
        for each in processes:
            each.process.join(timeout=max(0.0, deadline - time.monotonic()))
            each.process.kill()
            each.process.join()


def _work(run: Callable[..., None], arguments: tuple[Any, Any, Path], settings: Mapping[str, Any], log: Path) -> None:
    os.setpgid(0, 0)  # Ctrl-C reaches the parent alone, which asks to stop: a second signal would give up saving
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with log.open("a", encoding="utf-8") as lines:
        for stream in (1, 2):  # what libraries print goes there, too
            os.dup2(lines.fileno(), stream)
        try:
            run(*arguments, **settings, console=Console(file=lines, width=120))
        except BaseException:
            traceback.print_exc(file=lines)
            raise


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
