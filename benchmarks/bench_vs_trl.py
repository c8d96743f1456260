"""How long do TRL's GRPOTrainer and this library take for a step, and to a held-out accuracy?

    python benchmarks/bench_vs_trl.py --help
    python benchmarks/bench_vs_trl.py --seeds 0 --comparison.policy mixture --comparison.num-steps 20

For every seed, three trainers start from one checkpoint (the quickstart recipe's cold start): TRL, ours, and ours
leaving out rows without gradient. Each lives in a process of its own, because TRL patches the model's forward and the
allocator remembers shapes. They never run at once: each takes `block` steps and then waits on a pipe while the others
take theirs, so that whatever else the machine does slows all of them. A step is everything from the end of one step to
the end of the next: tasks, sampling, reward, update. Ours computes the prompt of a group once (`share_prompts`) and
keeps the memory of freed tensors, as `agents.train` does; TRL runs as it comes. Both take all rows at once. Ours also
writes every trajectory and every metric to disk; TRL logs nothing. Evaluation runs the same code in every process and
is not counted, nor is loading. Generation alone is compared at the end, on the policy that ours has trained.

Both learn the same, so the accuracy after a number of steps is printed of both, over the seeds. The time to an accuracy
is interpolated between evaluations, because which of them is the first above a line is chance. Its ratio is a geometric
mean over the seeds with a 95% interval by bootstrap over them. The policies "mixture" (of experts) and "vocabulary"
(151,936 tokens) have random weights and learn nothing in a few steps: there, steps are compared.
"""

from __future__ import annotations

import json
import math
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

import numpy as np
import tyro
from machine import describe_machine
from paced_training import TRAINERS, Comparison, make_checkpoint
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
LEVELS = (0.8, 0.9)
"""Accuracies whose time is compared."""
LIMITS = {"step_ratio": 0.5, "step_ratio_skipping": 0.5, "generation_ratio": 2.0}
"""What the library aims at; upper limits but the last, which is a lower one."""


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """The command line."""

    seeds: tuple[int, ...] = tuple(range(8))
    comparison: Comparison = field(default_factory=Comparison)
    num_warmup_steps: int = 5
    """First steps that the medians leave out."""
    checkpoint: Path | None = None
    """A policy to start from, instead of one cold start per seed."""
    out: Path | None = None
    """By default a file of the policy's name in benchmarks/results."""


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
        out = arguments.out or RESULTS / f"vs_trl_{arguments.comparison.policy}.json"
        result = {
            "machine": describe_machine() | {"torch_threads": arguments.comparison.num_threads, "trl": version("trl")},
            "comparison": asdict(arguments.comparison),
            "num_warmup_steps": arguments.num_warmup_steps,
            "limits": LIMITS,
            "summary": {name: median([run[name] for run in runs]) for name in LIMITS},
            "time_ratios": {str(level): time_ratio(runs, level) for level in LEVELS},
            "runs": runs,
        }
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
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
    to_level = {name: {level: seconds_to(report, level) for level in LEVELS} for name, report in trainers.items()}
    rates = {name: statistics.median(values) for name, values in trainers["ours"]["generation"].items()}
    return {
        "median_step_seconds": step,
        "median_step_cpu_seconds": step_cpu,
        "seconds_to": to_level,
        "generated_tokens_per_second": rates,
        "step_ratio": step["ours"] / step["trl"],
        "step_ratio_skipping": step["ours_skipping"] / step["trl"],
        "generation_ratio": rates["decode"] / rates["hf"],
    }


def seconds_to(report: dict[str, Any], level: float) -> float | None:
    """Return the training time at which the accuracy, drawn as a line between evaluations, first reaches a level."""
    before = (0.0, -math.inf)
    for num_steps, accuracy in report["evaluations"]:
        seconds = sum(report["step_seconds"][:num_steps])
        if accuracy >= level:
            share = 1.0 if math.isinf(before[1]) else (level - before[1]) / (accuracy - before[1])
            return before[0] + share * (seconds - before[0])
        before = (seconds, accuracy)
    return None


def time_ratio(runs: list[dict[str, Any]], level: float, num_draws: int = 10_000) -> dict[str, Any]:
    """Return the geometric mean over seeds of ours (leaving rows out) / TRL's, and its bootstrap interval."""
    pairs = [[run["seconds_to"][name][level] for name in ("ours_skipping", "trl")] for run in runs]
    logs = np.array([math.log(ours / theirs) for ours, theirs in pairs if ours is not None and theirs is not None])
    if not len(logs):
        return {"num_seeds": 0, "ratio": None, "interval": None}
    draws = np.random.default_rng(0).choice(logs, (num_draws, len(logs))).mean(1)
    low, high = np.exp(np.quantile(draws, (0.025, 0.975))).tolist()
    return {"num_seeds": len(logs), "ratio": math.exp(logs.mean()), "interval": [low, high]}


def median(values: list[float | None]) -> float | None:
    """Return the median; None as soon as one value is missing."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if len(known) == len(values) else None


def print_runs(runs: list[dict[str, Any]], console: Console) -> None:
    """Print one column per seed, one for the median, one for what is aimed at."""
    table = Table(title="reasonenv beside TRL's GRPOTrainer")
    for heading in ("", *(f"seed {run['seed']}" for run in runs), "median", "limit"):
        table.add_column(heading, justify="left" if heading == "" else "right")
    for name in TRAINERS:
        _add_row(table, f"{name}: seconds a step", [run["median_step_seconds"][name] for run in runs])
    for name in TRAINERS:
        _add_row(table, f"{name}: CPU seconds a step", [run["median_step_cpu_seconds"][name] for run in runs])
    for name in TRAINERS:
        for level in LEVELS:
            _add_row(table, f"{name}: seconds to {level}", [run["seconds_to"][name][level] for run in runs])
    for name in runs[0]["generated_tokens_per_second"]:
        _add_row(table, f"{name}: tokens a second", [run["generated_tokens_per_second"][name] for run in runs])
    for name, limit in LIMITS.items():
        sign = "≥" if name == "generation_ratio" else "≤"
        _add_row(table, name, [run[name] for run in runs], f"{sign} {limit}")
    console.print(table)
    for level in LEVELS:
        console.print(f"ours (leaving rows out) / TRL, seconds to {level}: {time_ratio(runs, level)}")
    _print_curves(runs, console)


def _print_curves(runs: list[dict[str, Any]], console: Console) -> None:
    """Print the accuracy after some numbers of steps: median, least and greatest over the seeds."""
    table = Table(title="Greedy accuracy by step: median (least to greatest over seeds)")
    for heading in ("steps", *TRAINERS):
        table.add_column(heading, justify="right")
    evaluations = runs[0]["trainers"]["trl"]["evaluations"]
    for index in range(0, len(evaluations), max(1, len(evaluations) // 10)):
        of_seeds = [sorted(run["trainers"][name]["evaluations"][index][1] for run in runs) for name in TRAINERS]
        shown = (f"{statistics.median(values):.2f} ({values[0]:.2f} to {values[-1]:.2f})" for values in of_seeds)
        table.add_row(str(evaluations[index][0]), *shown)
    console.print(table)


def _add_row(table: Table, name: str, values: list[float | None], limit: str = "") -> None:
    shown = ("never" if value is None else f"{value:.4g}" for value in (*values, median(values)))
    table.add_row(name, *shown, limit)


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
