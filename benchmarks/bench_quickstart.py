"""Does the quickstart reach what the README promises, for every seed and algorithm?

    python benchmarks/bench_quickstart.py --seeds 0 1 2 --algorithms grpo ppo
    python benchmarks/bench_quickstart.py --seeds 0 --rl.num-steps 2

Each run is the command that a user types, in a process of its own, one after the other; what is recorded is its
`summary.json`. Flags that are not known here are passed on.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro
from machine import describe_machine
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results" / "quickstart.json"
PHASES = ("before", "control", "after")


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """The command line."""

    seeds: tuple[int, ...] = (0, 1, 2)
    algorithms: tuple[str, ...] = ("grpo", "ppo")
    out: Path = RESULTS


def main(arguments: Arguments, flags: list[str]) -> None:
    """Run every combination, and write the results after each."""
    runs: list[dict[str, Any]] = []
    for algorithm in arguments.algorithms:
        for seed in arguments.seeds:
            runs.append(run_quickstart(algorithm, seed, flags))
            result = {"machine": describe_machine(), "flags": flags, "runs": runs}
            arguments.out.parent.mkdir(parents=True, exist_ok=True)
            arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print_runs(runs)


def run_quickstart(algorithm: str, seed: int, flags: list[str]) -> dict[str, Any]:
    """Train in a temporary folder and return the summary."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "agents", "train", "quickstart", "--algorithm", algorithm]
        subprocess.run([*command, "--seed", str(seed), "--output-dir", folder, *flags], check=True)
        return json.loads((Path(folder) / "quickstart" / "summary.json").read_text(encoding="utf-8"))


def is_kept(summary: dict[str, Any]) -> bool:
    """Return whether a run keeps the promise.

    At most 300 seconds; greedy at least 0.95 and 0.5 above the control; with GRPO, sampled at least 0.85.
    """
    after, control = summary["after"], summary["control"]
    is_sampled_high = summary["algorithm"] != "GRPO" or after["sampled"] >= 0.85
    is_greedy_high = after["greedy"] >= 0.95 and after["greedy"] >= control["greedy"] + 0.5
    return is_greedy_high and is_sampled_high and summary["seconds"]["total"] <= 300


def print_runs(runs: list[dict[str, Any]]) -> None:
    """Print one row per run; accuracies and lengths as before → control → after."""
    table = Table(title="Quickstart on held-out tasks: before → control → after")
    for heading in ("algorithm", "seed", "greedy", "sampled", "tokens", "seconds", "promise"):
        table.add_column(heading)
    for summary in runs:
        columns = (("greedy", ".3f"), ("sampled", ".3f"), ("response_tokens", ".1f"))
        table.add_row(
            summary["algorithm"],
            str(summary["seed"]),
            *(" → ".join(format(summary[phase][key], form) for phase in PHASES) for key, form in columns),
            f"{summary['seconds']['total']:.0f}",
            "kept" if is_kept(summary) else "missed",
        )
    Console().print(table)


if __name__ == "__main__":
    main(*tyro.cli(Arguments, description=__doc__, return_unknown_args=True))
