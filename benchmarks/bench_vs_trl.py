"""How long do TRL's GRPOTrainer and this library take for a step, and until the held-out accuracy is reached?

    python benchmarks/bench_vs_trl.py --help

For every seed, three trainers start from one checkpoint (the quickstart recipe's cold start): TRL, ours, and ours
leaving out rows without gradient. Each lives in a process of its own, because TRL patches the model's forward and the
allocator remembers shapes. They never run at once: each takes `block` steps and then waits on a pipe while the others
take theirs, so that whatever else the machine does slows all of them. A step is everything from the end of one step to
the end of the next: tasks, sampling, reward, update. Ours computes the prompt of a group once and puts rows of similar
length into one microbatch (`share_prompts`, `max_tokens_per_microbatch`); TRL runs as it comes. Ours also writes every
trajectory and every metric to disk; TRL logs nothing. Evaluation runs the same code in every process and is not
counted, nor is loading. Generation alone is compared at the end, on the policy that ours has trained.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import tyro
from machine import describe_machine
from paced_training import TRAINERS, Comparison, make_checkpoint
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results" / "vs_trl.json"
TARGET = 0.95
LIMITS = {
    "step_ratio": 0.6,
    "step_ratio_skipping": 0.5,
    "time_to_target_ratio": 0.65,
    "generation_ratio": 2.0,
}
"""What the library promises; all are upper limits but the last, which is a lower one."""


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """The command line."""

    seeds: tuple[int, ...] = (0, 1, 2)
    comparison: Comparison = field(default_factory=Comparison)
    num_warmup_steps: int = 5
    """First steps that the medians leave out."""
    checkpoint: Path | None = None
    """A policy to start from, instead of one cold start per seed."""
    out: Path = RESULTS


def main(arguments: Arguments) -> None:
    """Measure, write the results and print them."""
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    os.environ["OMP_NUM_THREADS"] = str(arguments.comparison.num_threads)
    console = Console()
    runs: list[dict[str, Any]] = []
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as folder:
            console.print(f"seed {seed}: cold start, then {', '.join(TRAINERS)} in turn")
            checkpoint = arguments.checkpoint or _cold_start(arguments.comparison, Path(folder), seed)
            trainers = run_in_turn(arguments.comparison, checkpoint, Path(folder), seed)
        runs.append({"seed": seed, "trainers": trainers, **summarize(trainers, arguments.num_warmup_steps)})
    summary = {name: median([run[name] for run in runs]) for name in LIMITS}
    result = {
        "machine": describe_machine() | {"torch_threads": arguments.comparison.num_threads, "trl": version("trl")},
        "comparison": asdict(arguments.comparison),
        "num_warmup_steps": arguments.num_warmup_steps,
        "target": TARGET,
        "limits": LIMITS,
        "summary": summary,
        "runs": runs,
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print_runs(runs, console)


def _cold_start(comparison: Comparison, folder: Path, seed: int) -> Path:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(make_checkpoint, comparison, folder, seed=seed).result()


def run_in_turn(comparison: Comparison, checkpoint: Path, folder: Path, seed: int) -> dict[str, dict[str, Any]]:
    """Start every trainer, let them take turns until all are done, and return their reports."""
    context = multiprocessing.get_context("spawn")
    pipes: dict[str, Connection] = {}
    processes: list[Any] = []
    for name, (trainer, options) in TRAINERS.items():
        pipes[name], theirs = context.Pipe()
        arguments = (theirs, comparison, checkpoint, folder / name, seed)
        processes.append(context.Process(target=trainer, args=arguments, kwargs=options, daemon=True))
        processes[-1].start()
        theirs.close()
        pipes[name].recv()
    for _ in range(comparison.num_steps // comparison.block):
        for pipe in pipes.values():
            pipe.send("your turn")
            pipe.recv()
    reports: dict[str, dict[str, Any]] = {}
    for name, pipe in pipes.items():
        pipe.send("finish")
        reports[name] = pipe.recv()
    for process in processes:
        process.join()
    return reports


def summarize(trainers: dict[str, dict[str, Any]], num_warmup_steps: int) -> dict[str, Any]:
    """Return median seconds a step, seconds to the target, tokens per second, and the ratios that are limited."""

    def step_medians(key: str) -> dict[str, float]:
        return {name: statistics.median(report[key][num_warmup_steps:]) for name, report in trainers.items()}

    step, step_cpu = step_medians("step_seconds"), step_medians("step_cpu_seconds")
    to_target = {name: seconds_to_target(report) for name, report in trainers.items()}
    rates = {name: statistics.median(values) for name, values in trainers["ours"]["generation"].items()}
    return {
        "median_step_seconds": step,
        "median_step_cpu_seconds": step_cpu,
        "seconds_to_target": to_target,
        "generated_tokens_per_second": rates,
        "step_ratio": step["ours"] / step["trl"],
        "step_ratio_skipping": step["ours_skipping"] / step["trl"],
        "time_to_target_ratio": ratio(to_target["ours_skipping"], to_target["trl"]),
        "generation_ratio": rates["decode"] / rates["hf"],
    }


def seconds_to_target(report: dict[str, Any]) -> float | None:
    """Return the training time until the first evaluation at the target; None if there is none."""
    for num_steps, accuracy in report["evaluations"]:
        if accuracy >= TARGET:
            return sum(report["step_seconds"][:num_steps])
    return None


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """Return ours / theirs; None where either is missing."""
    return None if ours is None or theirs is None else ours / theirs


def median(values: list[float | None]) -> float | None:
    """Return the median; None as soon as one value is missing."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if len(known) == len(values) else None


def print_runs(runs: list[dict[str, Any]], console: Console) -> None:
    """Print one column per seed, one for the median, one for what is promised."""
    table = Table(title="reasonenv beside TRL's GRPOTrainer")
    for heading in ("", *(f"seed {run['seed']}" for run in runs), "median", "limit"):
        table.add_column(heading, justify="left" if heading == "" else "right")
    for name in TRAINERS:
        _add_row(table, f"{name}: seconds a step", [run["median_step_seconds"][name] for run in runs])
    for name in TRAINERS:
        _add_row(table, f"{name}: CPU seconds a step", [run["median_step_cpu_seconds"][name] for run in runs])
    for name in TRAINERS:
        _add_row(table, f"{name}: seconds to {TARGET}", [run["seconds_to_target"][name] for run in runs])
    for name in runs[0]["generated_tokens_per_second"]:
        _add_row(table, f"{name}: tokens a second", [run["generated_tokens_per_second"][name] for run in runs])
    for name, limit in LIMITS.items():
        sign = "≥" if name == "generation_ratio" else "≤"
        _add_row(table, name, [run[name] for run in runs], f"{sign} {limit}")
    console.print(table)


def _add_row(table: Table, name: str, values: list[float | None], limit: str = "") -> None:
    shown = ("never" if value is None else f"{value:.4g}" for value in (*values, median(values)))
    table.add_row(name, *shown, limit)


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
