"""Does reinforcement learning on hidden tests raise the share of held-out programs that pass them all?

    python benchmarks/bench_code_rl.py --seeds 0

A tiny policy first imitates programs of the family `code_arithmetic` for a while, too short to write them reliably;
then GRPO trains on nothing but the verdicts of the sandbox, and, as a control, imitation goes on instead. What is shown
is that verdicts of the sandbox are a signal to learn from. It is not shown that the policy learned to program: whatever
it writes after RL, the imitation had put within its reach.
"""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro
from machine import describe_machine
from rich.console import Console
from rich.table import Table

from agents.algorithms.grpo import GRPO
from agents.config import EnvConfig, EvaluationConfig, PolicyConfig, RLConfig, RolloutConfig, RunConfig, SFTConfig
from agents.learner import OptimizerConfig, UpdateConfig
from agents.train import train
from reasonenv.execution.shared import shared_sandbox

RESULTS = Path(__file__).parent / "results" / "code_rl.json"


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """The command line."""

    seeds: tuple[int, ...] = (0,)
    cold_start_steps: int = 400
    rl_steps: int = 80
    out: Path = RESULTS


def configure(arguments: Arguments, seed: int, folder: Path) -> RunConfig:
    """Return a run of imitation, then GRPO on `code_all_passed`; both sides of the control have the same cold start."""
    optimizer = OptimizerConfig(learning_rate=3e-3, schedule="cosine", num_warmup_steps=50, betas=(0.9, 0.98))
    more = OptimizerConfig(learning_rate=1e-4, num_warmup_steps=10)
    rl = RLConfig(
        start="before",
        num_steps=arguments.rl_steps,
        algorithm=GRPO(clip_high=0.28),
        rollout=RolloutConfig(num_prompts=16, group_size=8, max_new_tokens=120),
        optimizer=OptimizerConfig(learning_rate=5e-4, num_warmup_steps=5),
        update=UpdateConfig(max_tokens_per_microbatch=16_384, share_prompts=True),
    )
    return RunConfig(
        name="code_rl",
        seed=seed,
        output_dir=folder,
        policy=PolicyConfig(num_threads=1),
        env=EnvConfig(id="reasonenv/Code-v0", tasks="code_arithmetic", reward="code_all_passed", template="plain"),
        phases=(
            SFTConfig(name="cold_start_1", num_steps=arguments.cold_start_steps, batch_size=32, optimizer=optimizer),
            "before",
            SFTConfig(name="control_1", num_steps=arguments.rl_steps, batch_size=32, optimizer=more),
            "control",
            rl,
            "after",
        ),
        evaluation=EvaluationConfig(num_tasks=150, max_new_tokens=120, every=max(1, arguments.rl_steps // 4)),
    )


def run(arguments: Arguments, seed: int) -> dict[str, Any]:
    """Train once; return the summary and the curve of held-out pass rates."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        summary = train(configure(arguments, seed, Path(folder)), console=Console(quiet=True))
        seconds = time.perf_counter() - started
        text = (Path(folder) / "code_rl" / "metrics.jsonl").read_text(encoding="utf-8")
    return {
        "seed": seed,
        "seconds": seconds,
        **{phase: summary[phase] for phase in ("before", "control", "after")},
        "curve": [point(row) for row in map(json.loads, text.splitlines()) if row.get("phase") == "rl"],
    }


def point(row: dict[str, Any]) -> dict[str, float]:
    """Return step, mean reward of the samples trained on, and held-out pass rates where they were measured."""
    return {key: row[key] for key in ("step", "rollout/reward", "eval/greedy", "eval/sampled") if key in row}


def main(arguments: Arguments) -> None:
    """Run every seed, and write the results after each."""
    runs: list[dict[str, Any]] = []
    table = Table(title="Held-out programs that pass all hidden tests")
    for heading in ("seed", "", "before", "control", "after", "seconds"):
        table.add_column(heading)
    for seed in arguments.seeds:
        runs.append(run(arguments, seed))
        result = {"machine": describe_machine(), "isolation": shared_sandbox().isolation, "runs": runs}
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        for mode in ("greedy", "sampled"):
            rates = (f"{runs[-1][phase][mode]:.3f}" for phase in ("before", "control", "after"))
            table.add_row(str(seed), mode, *rates, f"{runs[-1]['seconds']:.0f}")
    Console().print(table)


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
