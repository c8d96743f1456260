"""The command line: `list` and `show` tell which parts there are, `eval` asks policies, `bench-rewards` measures reward
functions, `doctor` looks at the machine and the installation.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from reasonenv import __version__
from reasonenv.errors import MissingExtraError, ReasonEnvError, UnknownNameError
from reasonenv.installation import DISTRIBUTIONS, add_current_folder, collision, damage

_TIERS = {
    "A": "with a file system, a network and processes of their own",
    "B": (
        "on the machine's file system, without network; they can read the Python installation alone, and find out "
        "names and times of other files, by which one can leave a note for the next (docs/security.md)"
    ),
}


@dataclass(frozen=True)
class BenchRewards:
    """Measure reward functions: precision, recall, exploits rewarded, hangs, speed, agreement. Works offline."""

    reward: tuple[str, ...] | None = None
    """Names of rewards (without one, the domain's own); trl:MODULE:ATTR, trl-text:…, verl:…, plain:… or reward:… for
    functions and rewards of yours; math-verify. NAME@SCORE counts a response as accepted from that score (0.5)."""
    domain: Literal["mathematics", "questions", "code", "language"] = "mathematics"
    """What is put to them: answers to problems or to questions, printed outputs, or chains of thought."""
    against: Literal["math-verify"] | None = None
    """A grader to compare with."""
    data: tuple[Path, ...] = ()
    """JSON lines with gold (text, or for questions the fields of a QAReference), response and label (0 or 1), or
    expected (0, 1 or null) for exploits; they replace the package's own cases of that kind."""
    output_dir: Path = field(default=Path("runs/reward_benchmark"))
    """Where results.json and report.html go."""
    timeout_seconds: float = 2.5
    """Wall-clock limit per response."""
    num_processes: int = 2
    """Of one grader while responses are scored one by one; 1 gives latencies that nothing disturbs."""
    seed: int = 0
    """Of the package's own cases and of the shuffling."""

    def run(self) -> int:
        """Print a table, write the report, and return the exit status."""
        from reasonenv.evaluation.reward_benchmark.benchmark import benchmark_rewards, choose_cases
        from reasonenv.evaluation.reward_benchmark.cases import REWARD_OF
        from reasonenv.evaluation.reward_benchmark.report import check_report_extra, print_table, write_report

        check_report_extra()
        if self.output_dir.exists() and not self.output_dir.is_dir():
            raise ValueError(f"--output-dir must be a folder, or where one can be made; {self.output_dir} is a file.")
        from rich.console import Console

        rewards = (REWARD_OF[self.domain],) if self.reward is None else self.reward
        cases, attempts = choose_cases(self.data, domain=self.domain)
        console = Console()
        result = benchmark_rewards(
            (*rewards, self.against) if self.against else rewards,
            domain=self.domain,
            cases=cases,
            attempts=attempts,
            timeout_seconds=self.timeout_seconds,
            num_processes=self.num_processes,
            seed=self.seed,
            report=lambda line: console.print(line, highlight=False, markup=False),
        )
        print_table(result, console)
        for path in write_report(result, self.output_dir):
            console.print(f"wrote {path}", highlight=False, markup=False, soft_wrap=True)
        return 0


@dataclass(frozen=True)
class Evaluation:
    """Evaluate a checkpoint or a model on a server; eval rescore and eval compare work on what was saved."""

    arguments: tuple[str, ...] = ()
    """Those behind `eval`; `eval --help` lists them."""

    def run(self) -> int:
        """Run what the arguments say, and return the exit status."""
        from reasonenv.evaluation.command.commands import parse

        return parse(self.arguments).run()


@dataclass(frozen=True)
class List:
    """Name the parts there are: environments, tasks, rewards, templates, turns, data-sets."""

    kind: str | None = None
    """Only this kind."""

    def run(self) -> int:
        """Print the names, each with what is most needed to choose."""
        from reasonenv.catalogue import list_parts

        return _print_text(list_parts(self.kind, width=_width()))


@dataclass(frozen=True)
class Show:
    """Show all about a part, by its name, as "module:attribute", or as a file of tasks."""

    name: str
    kind: str | None = None
    """What a part of your own is, where it does not say so itself; or which of several of one name."""

    def run(self) -> int:
        """Print all about it."""
        from reasonenv.catalogue import show_part

        return _print_text(show_part(self.name, kind=self.kind, width=_width()))


@dataclass(frozen=True)
class Doctor:
    """Try the layers of the sandbox for code, look for broken installations, and say what to do about what is wrong."""

    def run(self) -> int:
        """Return 0 where programs can be run in a sandbox and our files are in their places, else 1."""
        return max(self._sandbox_status(), self._installation_status())

    def _installation_status(self) -> int:
        faults = [fault for module in DISTRIBUTIONS if (fault := collision(module) or damage(module))]
        for fault in faults:
            print(fault)
        return 1 if faults else 0

    def _sandbox_status(self) -> int:
        from reasonenv.execution import probe

        found = probe()
        for layer in found.layers:
            print(f"{layer.name:<12}{'works' if layer.failure is None else f'missing: {layer.failure}'}")
            if layer.failure is not None:
                print(f"{'':<12}{layer.fix}")
        if found.tier is None:
            print("No tier: Sandbox() raises SandboxUnavailable. Only Sandbox(unsafe=True) goes on, without isolation.")
            return 1
        print(f"Tier {found.tier}: programs run {_TIERS[found.tier]}.")
        return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    try:
        return _command(list(sys.argv[1:] if arguments is None else arguments) or ["--help"]).run()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
        return 0
    except SystemExit as stop:  # of tyro, after --help or a wrong argument
        return int(stop.code or 0)
    except (ReasonEnvError, TypeError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def script() -> int:
    """Run the command line as an installed script; parts of your own may lie in the current folder, as for `main`."""
    add_current_folder()
    return main()


def _command(arguments: Sequence[str]) -> BenchRewards | Doctor | Evaluation | List | Show:
    if arguments == ["doctor"]:  # works in a bare install, which has no tyro
        return Doctor()
    if arguments[0] in ("list", "show"):  # as well
        return _catalogue_command(*arguments)
    if arguments[0] == "eval":  # has words and flags of its own
        return Evaluation(tuple(arguments[1:]))
    commands = {"bench-rewards": BenchRewards, "doctor": Doctor, "eval": Evaluation, "list": List, "show": Show}
    if arguments[0] == "--version":
        print(__version__)
        raise SystemExit(0)
    if not arguments[0].startswith("-") and arguments[0] not in commands:
        raise UnknownNameError("command", arguments[0], commands)
    try:
        import tyro
    except ModuleNotFoundError as error:
        if arguments[0] == "bench-rewards":
            raise MissingExtraError("tyro", "reasonenv[report]") from error
        lines = [f"  {name:<15}{command.__doc__}" for name, command in commands.items()]
        print("\n".join(["usage: python -m reasonenv COMMAND", "", *lines]), file=sys.stderr)
        raise SystemExit(0 if {"-h", "--help"} & {*arguments} else 2) from error
    return tyro.extras.subcommand_cli_from_dict(commands, prog="python -m reasonenv", args=arguments)


def _catalogue_command(name: str, *arguments: str) -> List | Show:
    from reasonenv.catalogue import KINDS

    parser = argparse.ArgumentParser(
        f"python -m reasonenv {name}", description=(List if name == "list" else Show).__doc__
    )
    parser.add_argument("kind", nargs="?", metavar="KIND", help=f"one of {', '.join(KINDS)}")
    if name == "list":
        return List(parser.parse_args(arguments).kind)
    parser.add_argument("name", metavar="NAME", help="of a part, as `list` gives it, or as module:attribute")
    found = parser.parse_args(arguments)
    return Show(found.name, found.kind)


def _width() -> int:
    """Return the width of the terminal; 100 where there is none."""
    return shutil.get_terminal_size((100, 24)).columns


def _print_text(text: str) -> int:
    """Print text to the end, with what the terminal's encoding lacks written out."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
