"""What a stage is, and what it is given. A pipeline is a tuple of stages; their inputs say in which order they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from rich.console import Console

from agents.errors import ConfigError, check_at_least
from agents.pipeline.artefacts import Artefact, Checkpoint, Report, SampleFile
from agents.seeds import derive_seed

__all__ = ["Context", "FunctionStage", "Inputs", "Outputs", "Pipeline", "Stage", "producers"]

Outputs = Mapping[str, Artefact]
_Kind = TypeVar("_Kind", Checkpoint, SampleFile, Report)
_TAKEN = ("cache", "lock", "logs")
"""What else lies beside the stages' folders."""


@dataclass(frozen=True)
class Inputs:
    """The artefacts that a stage asked for, under the names that it gave them; each reading says which kind it is."""

    artefacts: Mapping[str, Artefact]

    def checkpoint(self, name: str) -> Checkpoint:
        """Return a checkpoint; ConfigError for an input of another name or kind."""
        return self._get(name, Checkpoint)

    def samples(self, name: str) -> SampleFile:
        """Return a file of samples; ConfigError for an input of another name or kind."""
        return self._get(name, SampleFile)

    def report(self, name: str) -> Report:
        """Return a report; ConfigError for an input of another name or kind."""
        return self._get(name, Report)

    def _get(self, name: str, kind: type[_Kind]) -> _Kind:
        if name not in self.artefacts:
            raise ConfigError(f"The stage has no input {name!r}; its inputs are {sorted(self.artefacts)}.")
        found = self.artefacts[name]
        if not isinstance(found, kind):
            raise ConfigError(f"The input {name!r} must be a {kind.__name__}, got {found}.")
        return found


@dataclass(frozen=True)
class Context:
    """What every stage is told beside its inputs."""

    folder: Path
    """Where to write; what lies there from an earlier, interrupted run of the same stage may be used again."""
    seed: int
    cache_dir: Path
    """For what is costly and the same for many pipelines, such as a pre-trained base."""
    console: Console

    def progress(self, what: str) -> Callable[[int, int], None]:
        """Return a function of (done, all) that prints a line at every quarter."""

        def show(done: int, total: int) -> None:
            if done * 4 // total > (done - 1) * 4 // total:
                self.console.print(f"{what}: {done} of {total}", highlight=False)

        return show

    def seed_for(self, *purpose: str | int) -> int:
        """Return a seed that only this purpose has."""
        return derive_seed(self.seed, "pipeline", *purpose)


@runtime_checkable
class Stage(Protocol):
    """One step of a pipeline: a frozen dataclass whose fields are all that its outcome depends on beside its inputs."""

    @property
    def name(self) -> str:
        """Return what it is called; its folder has this name."""
        ...

    @property
    def inputs(self) -> Mapping[str, str]:
        """Return the stage's own name of each input → "stage/output", such as `{"start": "base/checkpoint"}`."""
        ...

    def run(self, inputs: Inputs, context: Context) -> Outputs:
        """Write the artefacts into `context.folder` and return them by name.

        With the same fields, inputs and seed it writes the same bytes, however often it was interrupted before.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class FunctionStage:
    """A stage that is one function of yours.

    Args:
        name: of the stage.
        function: takes (inputs, context) and returns the artefacts that it wrote; of a module, so that it can be found
            in another process.
        inputs: as `Stage.inputs`.

    Raises:
        ConfigError: a lambda, or a function within another one.
    """

    name: str
    function: Callable[[Inputs, Context], Outputs]
    inputs: Mapping[str, str]

    def __post_init__(self) -> None:
        if "<" in self.function.__qualname__:
            raise ConfigError(
                f"The function of stage {self.name!r} must stand in a module, got {self.function.__qualname__}: stages "
                "run in processes of their own, which have to find it."
            )

    def run(self, inputs: Inputs, context: Context) -> Outputs:
        """Call the function."""
        return self.function(inputs, context)


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Stages under one name.

    Raises:
        ConfigError: what is no stage, two stages of one name, a name that is no folder's, an input that no stage makes.
    """

    name: str
    stages: tuple[Stage, ...]
    num_processes: int = 1
    """How many stages may run at once, each in a process of its own; with 1, all run in this one."""
    num_threads: int | None = None
    """Threads of torch in each stage; None leaves torch's own choice, on which the last bits of sums depend."""

    def __post_init__(self) -> None:
        check_at_least(1, "pipeline", num_processes=self.num_processes, num_threads=self.num_threads)
        for stage in self.stages:
            if not isinstance(stage, Stage):  # pyright: ignore[reportUnnecessaryIsInstance] may come by its name
                raise ConfigError(f"A stage has a name, inputs and run(inputs, context); got {stage!r:.80}.")
        names = [stage.name for stage in self.stages]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(f"Pipeline {self.name!r} has two stages {name!r}: every stage needs its own name.")
            if not name.isidentifier() or name in _TAKEN:
                raise ConfigError(
                    f"The name of a stage is an identifier such as 'rl1', not {' or '.join(_TAKEN)}; got {name!r}."
                )
        for stage in self.stages:
            _check_inputs(stage, names)

    def stage(self, name: str) -> Stage:
        """Return a stage by its name."""
        return next(stage for stage in self.stages if stage.name == name)


def _check_inputs(stage: Stage, names: list[str]) -> None:
    for own, source in stage.inputs.items():
        producer, _, output = source.partition("/")
        if producer not in names or not output:
            raise ConfigError(
                f"Input {own!r} of stage {stage.name!r} must be STAGE/OUTPUT of the stages {names}, got {source!r}."
            )


def producers(stage: Any) -> list[str]:
    """Return the names of the stages whose artefacts a stage reads."""
    return sorted({source.partition("/")[0] for source in stage.inputs.values()})
