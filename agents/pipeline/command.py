"""`python -m agents pipeline`: a pipeline by its name, its preset, and which of its stages to run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, cast

import tyro
from rich.console import Console

from agents.errors import ConfigError
from agents.pipeline.r1 import PRESETS
from agents.pipeline.runner import Selection, run_pipeline
from agents.pipeline.stage import Pipeline, Stage
from agents.pipeline.stages.tabulating import stage_table
from reasonenv.tables import resolve

__all__ = ["PIPELINES", "run_command"]

PIPELINES = {"r1": PRESETS}
"""Name → presets."""
_HELP = ("-h", "--help")
_TABLE_WIDTH = 190
"""Of the stage table, whose cells would be cut in a narrow terminal; `table.md` has it, too."""


@dataclass(frozen=True, kw_only=True)
class _Flags:
    """What every pipeline takes."""

    seed: int = 0
    """Of everything random in it."""
    output_dir: Path | None = None
    """Where its stages lie; runs/PIPELINE-PRESET by default."""
    cache_dir: Path | None = None
    """For what several pipelines share, such as a pre-trained base; `cache` in the output's folder by default."""
    only: tuple[str, ...] = ()
    """Run these stages alone, again if they are done."""
    first: Annotated[str | None, tyro.conf.arg(name="from")] = None
    """Run this stage again, and all that builds on it."""
    skip: tuple[str, ...] = ()
    """Leave these stages out."""
    add: tuple[str, ...] = ()
    """Stages of your own, as module:attribute; they may take what any other stage makes."""
    num_processes: int | None = None
    """How many stages may run at once; the preset's own number by default."""
    list: bool = False
    """Print the stages with their inputs, and run nothing."""


def run_command(words: Sequence[str], program: str) -> None:
    """Run `pipeline NAME [--preset PRESET] [flags]`.

    Args:
        words: behind "pipeline". NAME is one of `PIPELINES`, or "module:attribute" of a function of yours that returns
            a `Pipeline`; the arguments of the preset, or of that function, are flags.
        program: for messages.

    Raises:
        UnknownNameError, PartImportError: no such pipeline, preset or stage.
        SystemExit: the flags do not parse (2), or ask for help (0).
    """
    names = f"One of {', '.join(PIPELINES)}, or module:attribute of a function that returns a pipeline."
    if not words or words[0] in _HELP:
        print(f"usage: {program} pipeline NAME [--preset PRESET] [flags]\n\nNAME: {names}")
        print("\n".join(f"Presets of {name}: {', '.join(presets)}." for name, presets in PIPELINES.items()))
        raise SystemExit(0 if words else 2)
    name, *rest = words
    function, preset, rest = _function(name, rest)
    program = f"{program} pipeline {name}" + (f" --preset {preset}" if preset else "")
    is_help = any(word in _HELP for word in rest)
    if is_help:
        _print_help(function, program)
        raise SystemExit(0)
    made, rest = tyro.cli(function, prog=program, args=rest, return_unknown_args=True)
    if not isinstance(made, Pipeline):
        raise ConfigError(f"{name!r} gives a {type(made).__name__}; a function of a pipeline returns a Pipeline.")
    flags = tyro.cli(_Flags, prog=program, args=rest)
    _run(_adapted(made, flags), flags, preset)


def _function(name: str, words: Sequence[str]) -> tuple[Callable[..., Any], str | None, list[str]]:
    """Return the function that makes the pipeline, the preset, and the other words."""
    if name not in PIPELINES:
        return resolve(dict.fromkeys(PIPELINES, ""), name, kind="pipeline"), None, list(words)
    chosen, rest = tyro.cli(_Preset, args=list(words), return_unknown_args=True, add_help=False)
    return resolve(PIPELINES[name], chosen.preset, kind="preset"), chosen.preset, rest


@dataclass(frozen=True)
class _Preset:
    preset: str = "tiny"


def _print_help(function: Callable[..., Any], program: str) -> None:
    for part in (function, _Flags):
        try:
            tyro.cli(part, prog=program, args=["--help"])
        except SystemExit:
            continue


def _adapted(pipeline: Pipeline, flags: _Flags) -> Pipeline:
    own = [cast("Stage", resolve({}, path, kind="stage")) for path in flags.add]
    num_processes = pipeline.num_processes if flags.num_processes is None else flags.num_processes
    return replace(pipeline, stages=(*pipeline.stages, *own), num_processes=num_processes)


def _run(pipeline: Pipeline, flags: _Flags, preset: str | None) -> None:
    console = Console()
    if flags.list:
        for stage in pipeline.stages:
            console.print(f"{stage.name}: {', '.join(stage.inputs.values()) or 'no inputs'}", highlight=False)
        return
    output_dir = flags.output_dir or Path("runs") / (pipeline.name if preset is None else f"{pipeline.name}-{preset}")
    run_pipeline(
        pipeline,
        output_dir=output_dir,
        seed=flags.seed,
        selection=Selection(only=flags.only, first=flags.first, skip=flags.skip),
        cache_dir=flags.cache_dir,
        console=console,
    )
    table = output_dir / "table" / "table.json"
    if table.is_file():
        wide = Console(width=max(console.width, _TABLE_WIDTH))
        wide.print(stage_table(json.loads(table.read_text(encoding="utf-8"))))
    print(f"Stages, manifest and logs are in {output_dir}.", file=sys.stderr)
