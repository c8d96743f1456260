"""The folder of a run: made once, never overwritten."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from agents.config import RunConfig, SampleList
from agents.errors import ConfigError
from agents.records.run_config import write_config
from agents.records.run_tasks import write_tasks
from reasonenv.tasksets import TaskSet

__all__ = ["check_output_dir", "open_folder", "write_responses"]


def check_output_dir(output_dir: Path) -> None:
    """Raise ConfigError where no run can be written."""
    there = next(place for place in (output_dir, *output_dir.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise ConfigError(
            f"output_dir={str(output_dir)!r} cannot hold a run: {there} is no folder that can be written to."
        )


def open_folder(config: RunConfig, tasks: Mapping[str, TaskSet | SampleList], *, keep: bool) -> None:
    """Make the run folder, moving another run's aside, and record in it what the run is.

    Raises:
        ConfigError: it cannot be made.
    """
    folder = config.folder
    try:
        if folder.exists() and not keep:
            shutil.move(folder, _free_name(folder))
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"The folder of the run cannot be made: {error}. Give another --output-dir.") from error
    write_config(config)
    write_tasks(folder, tasks)


def _free_name(folder: Path) -> Path:
    names = (folder.with_name(f"{folder.name}.previous-{number}") for number in itertools.count(1))
    return next(name for name in names if not name.exists())


def write_responses(folder: Path, name: str, lines: Iterable[str]) -> None:
    """Write `responses/NAME.jsonl` into the run's folder; it is whole or absent."""
    path = folder / "responses" / f"{name}.jsonl"
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text("".join(lines), encoding="utf-8")
    draft.replace(path)
