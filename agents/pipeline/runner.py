"""Run the stages of a pipeline in the order of their inputs; what is done already, and unchanged, is kept.

Killed at any moment, the same call goes on: a stage is whole or absent, and one that was begun goes on in its draft.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from agents.errors import ConfigError
from agents.interruption import Interrupted
from agents.pipeline.artefacts import Artefact
from agents.pipeline.manifest import Record, read_record, record_of, stage_key, write_manifest, write_record
from agents.pipeline.processes import StageProcess
from agents.pipeline.stage import Context, Inputs, Pipeline, Stage, producers
from reasonenv.errors import UnknownNameError

__all__ = ["Selection", "run_pipeline", "run_stage"]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which stages to run; without any choice, all that are not done yet or whose settings or inputs have changed."""

    only: tuple[str, ...] = ()
    """Run these alone, again if they are done."""
    first: str | None = None
    """Run this stage again, and all that builds on it."""
    skip: tuple[str, ...] = ()
    """Leave these out; what builds on them uses what they made before, or is left out too."""


@dataclass(frozen=True, kw_only=True)
class _Places:
    output_dir: Path
    cache_dir: Path
    seed: int


def run_pipeline(
    pipeline: Pipeline,
    *,
    output_dir: Path,
    seed: int = 0,
    selection: Selection | None = None,
    cache_dir: Path | None = None,
    console: Console | None = None,
) -> dict[str, Any]:
    """Run a pipeline, or go on with it, and return its manifest.

    Args:
        pipeline: the stages.
        output_dir: every stage gets a folder in it; `manifest.json` lies beside them.
        seed: of everything random in it.
        selection: which stages to run; None is all.
        cache_dir: for what several pipelines share; None is `output_dir/cache`.
        console: where progress goes.

    Raises:
        ConfigError: another run is writing there, inputs go round in a circle, or a stage was asked for whose inputs
            are not there.
        UnknownNameError: a stage was chosen that the pipeline does not have.
        Interrupted: Ctrl-C arrived, and everything is saved from which the same call goes on.
    """
    places = _Places(output_dir=output_dir, cache_dir=cache_dir or output_dir / "cache", seed=seed)
    run = _Run(pipeline, places, selection or Selection(), console or Console())
    with _alone(output_dir):
        try:
            run.play()
        except KeyboardInterrupt:
            raise Interrupted(f"Stopped; what was done is in {output_dir}, and the same call goes on there.") from None
        finally:
            run.close()
            manifest = run.write_manifest()
    return manifest


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Hold the folder; the lock goes with the process, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigError(f"Another run is writing to {folder}: wait for it, or give another folder.") from error
        yield


class _Run:
    """What the loop over the stages carries along."""

    def __init__(self, pipeline: Pipeline, places: _Places, selection: Selection, console: Console) -> None:
        self.pipeline, self.places, self.selection, self.console = pipeline, places, selection, console
        self.order = [stage.name for stage in pipeline.stages]
        self.again = self._chosen_again()
        self.available: dict[str, Record] = {}
        """The stages whose outputs can be used."""
        self.running: dict[str, StageProcess] = {}

    def play(self) -> None:
        """Run every chosen stage once its inputs are there."""
        sorter = TopologicalSorter({stage.name: producers(stage) for stage in self.pipeline.stages})
        try:
            sorter.prepare()
        except CycleError as error:
            raise ConfigError(f"The inputs of pipeline {self.pipeline.name!r} go round: {error.args[1]}.") from error
        waiting: list[str] = []
        while sorter.is_active():
            waiting = sorted([*waiting, *sorter.get_ready()], key=self.order.index)
            free = self.pipeline.num_processes - len(self.running)
            done = [name for name in waiting[:free] if self._begin(self.pipeline.stage(name))] if free > 0 else []
            waiting = [name for name in waiting if name not in done and name not in self.running]
            for name in done or self._finished():
                sorter.done(name)

    def close(self) -> None:
        """End the processes that still run; each goes on from its draft in the next run."""
        StageProcess.stop(list(self.running.values()))

    def write_manifest(self) -> dict[str, Any]:
        """Write what there is now."""
        places = self.places
        return write_manifest(places.output_dir, pipeline=self.pipeline.name, seed=places.seed, names=self.order)

    def _chosen_again(self) -> set[str]:
        """Return the stages that run even if they are done."""
        chosen = self.selection
        for name in (*chosen.only, *chosen.skip, *([] if chosen.first is None else [chosen.first])):
            if name not in self.order:
                raise UnknownNameError("stage", name, self.order)
            if name in chosen.skip and name in (*chosen.only, chosen.first):
                raise ConfigError(f"Stage {name!r} is both chosen and skipped: say one of them.")
        again = set(chosen.only)
        if chosen.first is not None:
            again.add(chosen.first)
            for _ in self.order:
                again |= {stage.name for stage in self.pipeline.stages if again & set(producers(stage))}
        return again - set(chosen.skip)

    def _is_wanted(self, name: str) -> bool:
        only = self.selection.only
        return (not only or name in only) and name not in self.selection.skip

    def _begin(self, stage: Stage) -> bool:
        """Start a stage, or see that there is nothing to do; return whether it is over."""
        folder = self.places.output_dir / stage.name
        record = read_record(folder)
        missing = [name for name in producers(stage) if name not in self.available]
        if not self._is_wanted(stage.name) or missing:
            self._leave_out(stage, record, missing)
            return True
        inputs = self._inputs(stage)
        key = stage_key(stage, seed=self.places.seed, inputs=inputs)
        if record is not None and stage.name not in self.again and record.key == key and record.is_intact(folder):
            self.available[stage.name] = record
            self.console.print(f"{stage.name}: kept, {record.seconds:.0f} s before", highlight=False)
            return True
        self.console.print(f"{stage.name}: begun", highlight=False)
        places = self.places
        settings: dict[str, Any] = {
            "seed": places.seed,
            "cache_dir": places.cache_dir,
            "num_threads": self.pipeline.num_threads,
        }
        if self.pipeline.num_processes == 1:
            run_stage(stage, inputs, places.output_dir, **settings, console=self.console)
            self._take(stage.name)
            return True
        self.running[stage.name] = StageProcess.started(run_stage, (stage, inputs, places.output_dir), settings)
        return False

    def _leave_out(self, stage: Stage, record: Record | None, missing: Sequence[str]) -> None:
        """Use what a stage made before, if it did; it does not run."""
        if missing and stage.name in self.selection.only:
            raise ConfigError(f"Stage {stage.name!r} needs what {', '.join(missing)} makes, which is not there.")
        if record is not None and not missing and record.is_intact(self.places.output_dir / stage.name):
            self.available[stage.name] = record
            if record.key != stage_key(stage, seed=self.places.seed, inputs=self._inputs(stage)):
                self.console.print(f"{stage.name}: used as it is, of other settings or inputs", highlight=False)
            return
        why = f", for {', '.join(missing)} is not there" if missing else ""
        self.console.print(f"{stage.name}: left out{why}", highlight=False)

    def _inputs(self, stage: Stage) -> dict[str, Artefact]:
        found: dict[str, Artefact] = {}
        for own, source in stage.inputs.items():
            producer, _, output = source.partition("/")
            outputs = self.available[producer].artefacts(self.places.output_dir / producer)
            if output not in outputs:
                raise ConfigError(
                    f"Stage {stage.name!r} wants {source!r}, but {producer!r} makes {', '.join(outputs)} only."
                )
            found[own] = outputs[output]
        return found

    def _finished(self) -> list[str]:
        """Wait for a process to end, and return the names of the stages that are over."""
        if not self.running:
            return []
        StageProcess.wait_for_any(list(self.running.values()))
        over = [name for name, process in self.running.items() if not process.is_alive]
        for name in over:
            self.running.pop(name).require_success(name)
            self._take(name)
        return over

    def _take(self, name: str) -> None:
        record = read_record(self.places.output_dir / name)
        assert record is not None
        self.available[name] = record
        self.write_manifest()
        self.console.print(f"{name}: done in {record.seconds:.0f} s", highlight=False)


def run_stage(
    stage: Stage,
    inputs: Mapping[str, Artefact],
    output_dir: Path,
    *,
    seed: int,
    cache_dir: Path,
    num_threads: int | None,
    console: Console,
) -> None:
    """Run one stage in `output_dir/NAME.draft`, which then gets the stage's name.

    A draft that was begun with the same settings and inputs is gone on with; any other is deleted.
    """
    started = time.perf_counter()
    key = stage_key(stage, seed=seed, inputs=inputs)
    final, draft = output_dir / stage.name, output_dir / f"{stage.name}.draft"
    mark = draft / "key"
    if not mark.is_file() or mark.read_text(encoding="utf-8") != key:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        mark.write_text(key, encoding="utf-8")
    cache_dir.mkdir(parents=True, exist_ok=True)
    if num_threads is not None:
        torch.set_num_threads(num_threads)
    context = Context(folder=draft, seed=seed, cache_dir=cache_dir, console=console)
    outputs = stage.run(Inputs(inputs), context)
    seconds = time.perf_counter() - started
    write_record(draft, record_of(stage, key, inputs=inputs, outputs=outputs, folder=draft, seconds=seconds))
    _publish(draft, final)


def _publish(draft: Path, final: Path) -> None:
    """Put the draft on disk and give it the stage's name; what had it before is deleted."""
    for path in (*draft.rglob("*"), draft):
        if not path.is_symlink():
            _sync(path)
    old = final.with_name(f"{final.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    draft.rename(final)
    _sync(final.parent)
    shutil.rmtree(old, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
