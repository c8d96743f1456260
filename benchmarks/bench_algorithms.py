"""How many steps and seconds does each algorithm take from one start to a held-out accuracy of 0.95?

    python benchmarks/bench_algorithms.py --help

For every seed one cold start of the quickstart recipe is the start of all. Each run is the recipe's reinforcement
learning with the algorithm's own defaults: same tasks, batch, optimizer and learning rate, which nothing was tuned for,
so a row says what to expect of the defaults and not which algorithm is best. Accuracy is greedy, on held-out tasks,
every few steps, and a run ends where it reaches the target; the time of evaluations does not count. Seconds compare
runs of one machine; `--workers` of them share it.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import tyro
from machine import describe_machine
from paced_training import Comparison, make_checkpoint
from rich.console import Console
from rich.table import Table

from agents.algorithms import ALGORITHMS, load_algorithm
from agents.config import EvaluationConfig, LoRAConfig, RunConfig
from agents.recipes.quickstart import quickstart

RESULTS = Path(__file__).parent / "results" / "algorithms.json"
TARGET = 0.95
TEACHER = "grpo"
"""The row whose policies teach, in the rows that need a teacher."""


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """The command line."""

    seeds: tuple[int, ...] = (0, 1, 2)
    rows: tuple[str, ...] = ()
    """Rows to run, all by default; the others stay in the results as they are."""
    num_steps: int = 80
    """A run that has not reached the target by then never does."""
    evaluate_every: int = 1
    num_tasks: int = 300
    """Held-out tasks of an evaluation."""
    workers: int = 2
    out: Path = RESULTS


def variants() -> dict[str, Callable[[RunConfig], RunConfig]]:
    """Return every row: each algorithm with its defaults, and ways to train that are no algorithm."""
    rows: dict[str, Callable[[RunConfig], RunConfig]] = {name: _with_algorithm(name) for name in sorted(ALGORITHMS)}
    rows["grpo, bfloat16"] = _with_policy(dtype="bfloat16")
    rows["grpo, LoRA (rank 16, 10 × lr)"] = _with_adapters
    return rows


def _with_algorithm(name: str) -> Callable[[RunConfig], RunConfig]:
    def change(config: RunConfig) -> RunConfig:
        return config.with_phase(replace(config.rl_phases[0], algorithm=load_algorithm(name)))

    return change


def _with_policy(**settings: Any) -> Callable[[RunConfig], RunConfig]:
    def change(config: RunConfig) -> RunConfig:
        return replace(config, policy=replace(config.policy, **settings))

    return change


def _with_adapters(config: RunConfig) -> RunConfig:
    (rl,) = config.rl_phases
    optimizer = replace(rl.optimizer, learning_rate=10 * rl.optimizer.learning_rate)
    return _with_policy(lora=LoRAConfig(rank=16))(config).with_phase(replace(rl, optimizer=optimizer))


def main(arguments: Arguments) -> None:
    """Measure, write the results after each run, and print them."""
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    os.environ["OMP_NUM_THREADS"] = "1"
    console, rows = Console(), arguments.rows or tuple(variants())
    runs: list[dict[str, Any]] = _known_runs(arguments, rows)
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(arguments.workers, mp_context=multiprocessing.get_context("spawn")) as pool,
    ):
        starts = {seed: pool.submit(make_checkpoint, Comparison(), Path(folder), seed=seed) for seed in arguments.seeds}
        for wave in (True, False):
            jobs = [
                pool.submit(run, row, seed, starts[seed].result(), Path(folder), arguments)
                for seed in arguments.seeds
                for row in rows
                if _is_first(row) is wave
            ]
            for job in as_completed(jobs):
                runs.append(job.result())
                console.print(f"{runs[-1]['row']}, seed {runs[-1]['seed']}: {runs[-1]['steps_to_target']} steps")
                _write(arguments, runs)
    print_runs(runs, console)


def _is_first(row: str) -> bool:
    """Return whether a row needs no policy of another."""
    return row not in ALGORITHMS or "teacher_logprobs" not in load_algorithm(row).needs


def run(row: str, seed: int, checkpoint: Path, folder: Path, arguments: Arguments) -> dict[str, Any]:
    """Train one row from one start, until it reaches the target."""
    import torch

    from agents.building import build_rl_phase, evaluate_policy, load_policy

    torch.set_num_threads(1)
    config = _config(row, seed, checkpoint, folder, arguments)
    policy = load_policy(config.policy, config.env, path=str(checkpoint), seed=seed)
    phase = build_rl_phase(config, config.rl_phases[0], policy, lambda *_: None)
    seconds, evaluations = 0.0, [(0, evaluate_policy(config, policy).greedy.rate)]
    for step in range(arguments.num_steps):
        started = time.perf_counter()
        phase.step(step)
        seconds += time.perf_counter() - started
        if (step + 1) % arguments.evaluate_every == 0:
            evaluations.append((step + 1, evaluate_policy(config, policy).greedy.rate))
            if evaluations[-1][1] >= TARGET:
                break
    if row == TEACHER:
        policy.model.save_pretrained(folder / f"teacher-{seed}")
        policy.codec.tokenizer.save_pretrained(folder / f"teacher-{seed}")
    is_there = evaluations[-1][1] >= TARGET
    return {
        "row": row,
        "seed": seed,
        "steps_to_target": evaluations[-1][0] if is_there else None,
        "seconds_to_target": seconds if is_there else None,
        "seconds_per_step": seconds / evaluations[-1][0],
        "evaluations": evaluations,
    }


def _config(row: str, seed: int, checkpoint: Path, folder: Path, arguments: Arguments) -> RunConfig:
    recipe = quickstart("grpo")
    config = replace(
        recipe,
        seed=seed,
        policy=replace(recipe.policy, path=str(checkpoint), num_threads=1),
        phases=(replace(recipe.rl_phases[0], start="previous", num_steps=arguments.num_steps),),
        evaluation=EvaluationConfig(num_tasks=arguments.num_tasks, max_new_tokens=recipe.evaluation.max_new_tokens),
    )
    config = variants()[row](config)
    if _is_first(row):
        return config
    return config.with_phase(replace(config.rl_phases[0], teacher=str(folder / f"teacher-{seed}")))


def _known_runs(arguments: Arguments, rows: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return what the results hold of other rows and seeds."""
    if not arguments.rows or not arguments.out.exists():
        return []
    stored: list[dict[str, Any]] = json.loads(arguments.out.read_text(encoding="utf-8"))["runs"]
    return [run for run in stored if run["row"] not in rows or run["seed"] not in arguments.seeds]


def _write(arguments: Arguments, runs: list[dict[str, Any]]) -> None:
    settings = {name: value for name, value in asdict(arguments).items() if name not in ("out", "rows")}
    result = {"machine": describe_machine(), "target": TARGET, "settings": settings, "runs": runs}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def print_runs(runs: list[dict[str, Any]], console: Console) -> None:
    """Print a row an algorithm: steps and seconds to the target of each seed, and what a step takes."""
    table = Table(title=f"From one start to a greedy accuracy of {TARGET}")
    for heading in ("", "steps to it", "median", "seconds to it, median", "seconds a step", "last accuracy"):
        table.add_column(heading, justify="left" if heading == "" else "right")
    for row in dict.fromkeys(run["row"] for run in sorted(runs, key=lambda run: run["row"])):
        own = sorted((run for run in runs if run["row"] == row), key=lambda run: run["seed"])
        steps = [run["steps_to_target"] for run in own]
        table.add_row(
            row,
            ", ".join("never" if value is None else str(value) for value in steps),
            _median(steps),
            _median([run["seconds_to_target"] for run in own]),
            f"{statistics.median(run['seconds_per_step'] for run in own):.2f}",
            ", ".join(f"{run['evaluations'][-1][1]:.2f}" for run in own),
        )
    console.print(table)


def _median(values: list[Any]) -> str:
    return "never" if None in values else f"{statistics.median(values):.3g}"


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
