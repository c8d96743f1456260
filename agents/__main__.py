"""The command line: `python -m agents train RECIPE`, `sft`, `eval RECIPE`, `merge`, `pipeline NAME`; fields are flags.

`train --resume FOLDER` goes on with a run as its `config.json` says.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import torch
import tyro
from rich.console import Console

import agents
from agents.building import check_parts, evaluate_policy, load_policy, with_tasks
from agents.errors import CheckpointError, ConfigError
from agents.flags import HELP, PROGRAM, configure, with_fields
from agents.interruption import Interrupted
from agents.json_values import json_line
from agents.pipeline.command import run_command
from agents.policies.lora import save_merged
from agents.recipes import RECIPES
from agents.records.run_config import read_config
from agents.rollout.metrics import rollout_rows
from agents.train import train
from agents.types import Trajectory
from reasonenv.errors import ReasonEnvError, UnknownNameError
from reasonenv.installation import add_current_folder, damage

Recipe = tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="RECIPE", help=f"One of {', '.join(RECIPES)}.")]]


@dataclass(frozen=True)
class Train:
    """Run a recipe: train RECIPE [flags], or go on with a run: train --resume FOLDER [flags].

    --help behind the recipe lists its flags.
    """

    recipe: Recipe

    def run(self, flags: Sequence[str]) -> None:
        """Train, or with --resume go on from the newest checkpoint."""
        position = flags.index("--resume") if "--resume" in flags else len(flags)
        if flags[position + 1 :] and not flags[position + 1].startswith("-"):
            raise CheckpointError(
                f"train RECIPE --resume takes no folder. Give the folder alone: train --resume {flags[position + 1]}."
            )
        config = configure("train", self.recipe, [flag for flag in flags if flag != "--resume"])
        train(config, resume="--resume" in flags)


def train_sft() -> Train:
    """Fine-tune on worked solutions: the same as train sft."""
    return Train("sft")


@dataclass(frozen=True)
class Evaluate:
    """Evaluate a policy (--policy.path FOLDER) on a recipe's held-out tasks: eval RECIPE [flags]."""

    recipe: Recipe

    def run(self, flags: Sequence[str]) -> None:
        """Print the accuracy as JSON; with --responses FILE, write every response to FILE."""
        output, rest = tyro.cli(_Output, args=[flag for flag in flags if flag not in HELP], return_unknown_args=True)
        config = configure("eval", self.recipe, [*rest, *(flag for flag in flags if flag in HELP)])
        if output.responses is not None:
            _check_new_file(output.responses)
        alone = with_tasks(replace(config, phases=("evaluated",)))
        print(check_parts(alone), file=sys.stderr)
        policy = load_policy(config.policy, config.env, seed=config.seed, is_trained=False)
        rows: list[str] = []

        def keep(sampling: str, trajectories: list[Trajectory]) -> None:
            kept = ({"sampling": sampling, **row} for row in rollout_rows(0, trajectories))
            rows.extend(map(json_line, kept))

        result = evaluate_policy(replace(config, evaluation=alone.evaluation), policy, record=keep)
        if output.responses is not None:
            output.responses.write_text("".join(rows), encoding="utf-8")
        if result.num_tasks_also_trained_on:
            print(
                f"NOT HELD OUT: {result.num_tasks_also_trained_on} of {result.n} evaluated tasks are also trained on.",
                file=sys.stderr,
            )
        Console().print_json(json.dumps(result.as_dict()))


@dataclass(frozen=True)
class Merge:
    """Write a folder of adapters as an ordinary model: merge runs/NAME/checkpoint FOLDER [--dtype bfloat16]."""

    adapters: tyro.conf.Positional[Path]
    folder: tyro.conf.Positional[Path]

    def run(self, flags: Sequence[str]) -> None:
        """Load the model that the adapters are for, merge them, and write it."""
        written = tyro.cli(_Written, prog=f"{PROGRAM} merge {self.adapters} {self.folder}", args=flags)
        save_merged(self.adapters, self.folder, dtype=getattr(torch, written.dtype))


@dataclass(frozen=True)
class RunPipeline:
    """Run a recipe of several stages, or go on with it: pipeline r1 --preset tiny [flags]."""

    def run(self, flags: Sequence[str]) -> None:
        """Read the flags and run it."""
        run_command(flags, PROGRAM)


def _check_new_file(path: Path) -> None:
    if path.exists() or not path.absolute().parent.is_dir():
        fault = "exists already" if path.exists() else f"has no folder {path.parent}"
        raise ConfigError(f"--responses {path} {fault}: name a new file in a folder that is there.")


@dataclass(frozen=True)
class _Output:
    responses: Path | None = None


@dataclass(frozen=True)
class _Written:
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    """Of the written weights. In half the width, small changes of a weight are lost."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status.

    The first words choose a command and a recipe; the flags behind them are those of that recipe.

    Raises:
        SystemExit: the words do not parse (2), or ask for help (0).
    """
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if words[0] == "train" and words[1:2] and words[1].startswith("--resume="):
        words[1:2] = words[1].split("=", 1)
    if (fault := damage("agents")) is not None:
        print(f"error: {fault}", file=sys.stderr)
        return 2
    try:
        if words[0] == "--version":
            print(agents.__version__)
            return 0
        _run(words)
    except (ReasonEnvError, ValueError, OSError) as error:
        print(" ".join([f"error: {error}", *getattr(error, "__notes__", ())]), file=sys.stderr)
        return 2
    except Interrupted as interruption:
        print(interruption, file=sys.stderr)
        return 130
    except KeyboardInterrupt:
        print("Stopped at once. A run goes on from what was saved before: train --resume FOLDER.", file=sys.stderr)
        return 130
    return 0


def script() -> int:
    """Run the command line as an installed script; parts of your own may lie in the current folder, as for `main`."""
    add_current_folder()
    return main()


def _run(words: Sequence[str]) -> None:
    commands = {"train": Train, "sft": train_sft, "eval": Evaluate, "merge": Merge, "pipeline": RunPipeline}
    if not words[0].startswith("-") and words[0] not in commands:
        raise UnknownNameError("command", words[0], commands)
    if words[0] == "pipeline":
        run_command(words[1:], PROGRAM)
        return
    if words[:2] == ["train", "--resume"]:
        resume(words[2:])
        return
    num_words = {"sft": 1, "merge": 3}.get(words[0], 2)
    description = f"Recipes: {', '.join(RECIPES)}."
    command = tyro.extras.subcommand_cli_from_dict(
        commands, prog=PROGRAM, description=description, args=words[:num_words]
    )
    command.run(words[num_words:])


def resume(words: Sequence[str]) -> None:
    """Go on with the run in the folder that comes first; the flags behind it change fields that may change.

    Raises:
        CheckpointError: there is no folder of a run, or a field was changed that must stay.
        SystemExit: the flags do not parse (2), or ask for help (0).
    """
    if not words or words[0].startswith("-"):
        raise CheckpointError("train --resume needs the folder of a run behind it: train --resume runs/quickstart.")
    written = read_config(Path(words[0]))
    config = with_fields(written, words[1:], f"{PROGRAM} train --resume {words[0]}")
    if config.folder != written.folder:
        raise CheckpointError(f"--resume {words[0]} goes on in that folder: leave out --name and --output-dir.")
    train(config, resume=True)


if __name__ == "__main__":
    sys.exit(main())
