"""The command line: `python -m agents train RECIPE`, `sft`, `eval RECIPE`; every field of a configuration is a flag."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from typing import Annotated

import tyro
from rich.console import Console

import agents
from agents.build import evaluate_policy, load_policy
from agents.config import RunConfig
from agents.recipes import RECIPES
from agents.train import Interrupted, train
from reasonenv.errors import ReasonEnvError, UnknownNameError
from reasonenv.installation import add_current_folder, damage
from reasonenv.tables import resolve

_PROGRAM = "python -m agents"
_HELP = ("-h", "--help")

Recipe = tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="RECIPE", help=f"One of {', '.join(RECIPES)}.")]]


@dataclass(frozen=True)
class Train:
    """Run a recipe: train RECIPE [--resume] [flags]; --help behind the recipe lists its flags."""

    recipe: Recipe

    def run(self, flags: Sequence[str]) -> None:
        """Train, or with --resume go on from the newest checkpoint."""
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
        """Print the accuracy as JSON."""
        config = configure("eval", self.recipe, flags)
        policy = load_policy(config.policy, config.env, seed=config.seed)
        Console().print_json(json.dumps(evaluate_policy(config, policy).as_dict()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status.

    The first words choose a command and a recipe; the flags behind them are those of that recipe.

    Raises:
        SystemExit: the words do not parse (2), or ask for help (0).
    """
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if (fault := damage("agents")) is not None:
        print(f"error: {fault}", file=sys.stderr)
        return 2
    try:
        if words[0] == "--version":
            print(agents.__version__)
            return 0
        _run(words)
    except (ReasonEnvError, PackageNotFoundError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except Interrupted as interruption:
        print(interruption, file=sys.stderr)
        return 130
    return 0


def script() -> int:
    """Run the command line as an installed script; parts of your own may lie in the current folder, as for `main`."""
    add_current_folder()
    return main()


def _run(words: Sequence[str]) -> None:
    commands = {"train": Train, "sft": train_sft, "eval": Evaluate}
    if not words[0].startswith("-") and words[0] not in commands:
        raise UnknownNameError("command", words[0], commands)
    num_words = 1 if words[0] == "sft" else 2
    description = f"Recipes: {', '.join(RECIPES)}."
    command = tyro.extras.subcommand_cli_from_dict(
        commands, prog=_PROGRAM, description=description, args=words[:num_words]
    )
    command.run(words[num_words:])


def configure(command: str, recipe: str, arguments: Sequence[str]) -> RunConfig:
    """Return a recipe's configuration with flags applied: first the recipe's own arguments, then any field.

    Raises:
        UnknownNameError: no such recipe.
        SystemExit: the flags do not parse (2), or ask for help (0).
    """
    function: Callable[..., RunConfig] = resolve(RECIPES, recipe, kind="recipe")
    program = f"{_PROGRAM} {command} {recipe}"
    own = [argument for argument in arguments if argument not in _HELP]
    if len(own) < len(arguments):
        _print_help(function, own, program)
        raise SystemExit(0)
    defaults, rest = tyro.cli(function, prog=program, args=own, return_unknown_args=True)
    return tyro.cli(tyro.conf.AvoidSubcommands[RunConfig], prog=program, default=defaults, args=rest)


def _print_help(function: Callable[..., RunConfig], arguments: Sequence[str], program: str) -> None:
    """Print the recipe's own flags, and those of the fields if the recipe's required flags are given."""
    with contextlib.suppress(SystemExit):
        tyro.cli(function, prog=program, args=["--help"])
    print("Every field of the run's configuration is a flag too; --help behind the required flags above lists them.\n")
    with contextlib.suppress(SystemExit):
        with contextlib.redirect_stderr(io.StringIO()):
            defaults, _ = tyro.cli(function, prog=program, args=arguments, return_unknown_args=True)
        tyro.cli(tyro.conf.AvoidSubcommands[RunConfig], prog=program, default=defaults, args=["--help"])


if __name__ == "__main__":
    sys.exit(main())
