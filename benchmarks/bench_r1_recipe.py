"""Which effects of DeepSeek-R1 does the tiny recipe show, stage by stage, and with which certainty?

    python benchmarks/bench_r1_recipe.py --seeds 0 1 2
    python benchmarks/bench_r1_recipe.py --seeds 0 --folder runs/r1 # goes on with, or only judges, what is there

Each seed is the command that a user types, in a process of its own. Effects are differences between two stages on the
same held-out problems, paired by problem: the 95% interval says how sure a difference is, and an effect that does not
hold is recorded like one that does.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import tyro
from machine import describe_machine
from rich.console import Console
from rich.table import Table

from agents.pipeline.stages.measuring import problem_values
from reasonenv.evaluation.intervals import difference_interval, mean_interval
from reasonenv.evaluation.samples import read_samples

RESULTS = Path(__file__).parent / "results" / "r1_recipe.json"
Verdict = Literal["holds", "sign only", "does not hold", "not measured"]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What `later` − `earlier` of a value is expected to be."""

    name: str
    earlier: str
    later: str
    value: str
    measure: str = "reasoning"
    at_least: float = 0.0
    """The difference is to be above it; below its negative where the value is to fall."""
    falls: bool = False
    may_equal: bool = False
    """The difference itself, not its interval, is compared: "not worse than"."""
    is_rate: bool = True
    """Whether values are shares; lengths and scores of reward models are none."""


EFFECTS = (
    Effect(name="Zero rises by RL alone", earlier="base", later="zero", value="right", at_least=0.3),
    Effect(name="length grows in Zero", earlier="base", later="zero", value="tokens", is_rate=False),
    Effect(name="reflections grow in Zero", earlier="base", later="zero", value="reflections", is_rate=False),
    Effect(name="Zero leaves the language of the question", earlier="base", later="zero", value="language", falls=True),
    Effect(name="the cold start restores form", earlier="zero", later="sft1", value="form"),
    Effect(name="the cold start restores language", earlier="zero", later="sft1", value="language"),
    Effect(name="reasoning RL raises accuracy", earlier="sft1", later="rl1", value="right"),
    Effect(
        name="the language reward keeps the language", earlier="rl1_without_language", later="rl1", value="language"
    ),
    Effect(name="SFT-2 is as accurate as RL-1", earlier="rl1", later="sft2", value="right", may_equal=True),
    Effect(
        name="RL-2 answers requests more fully",
        earlier="sft2",
        later="rl2",
        value="truth/is_full/helpfulness",
        measure="requests",
    ),
    Effect(
        name="RL-2 refuses harm more often",
        earlier="sft2",
        later="rl2",
        value="truth/is_refusal/safety",
        measure="requests",
    ),
    Effect(
        name="the helpfulness score rises in RL-2",
        earlier="sft2",
        later="rl2",
        value="reward/helpfulness",
        measure="requests",
        is_rate=False,
    ),
    Effect(
        name="the safety score rises in RL-2",
        earlier="sft2",
        later="rl2",
        value="reward/safety",
        measure="requests",
        is_rate=False,
    ),
    Effect(
        name="RL-2 loses at most .02 accuracy",
        earlier="sft2",
        later="rl2",
        value="right",
        at_least=-0.02,
        may_equal=True,
    ),
    Effect(
        name="distillation beats RL on the student",
        earlier="student_rl",
        later="distillation",
        value="right",
        at_least=0.2,
    ),
    Effect(
        name="on-policy distillation adds to it",
        earlier="distillation",
        later="on_policy_distillation",
        value="right",
    ),
    Effect(
        name="another architecture is distilled into as well",
        earlier="other_base",
        later="other_distillation",
        value="right",
        at_least=0.2,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """The command line."""

    seeds: tuple[int, ...] = (0, 1, 2)
    folder: Path | None = None
    """Keeps what the pipelines leave, SEED in its name; a temporary folder by default."""
    out: Path = RESULTS


def main(arguments: Arguments) -> None:
    """Run every seed, and write the results after each."""
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as temporary:
        parent = arguments.folder or Path(temporary)
        for seed in arguments.seeds:
            runs.append(run_seed(seed, parent))
            result = {"machine": describe_machine(), "effects": list(map(described, EFFECTS)), "runs": runs}
            arguments.out.parent.mkdir(parents=True, exist_ok=True)
            arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print_runs(runs)


def run_seed(seed: int, parent: Path) -> dict[str, Any]:
    """Run the pipeline, and return the stage table, the seconds of each stage, and every effect; or how it failed."""
    folder = parent / f"seed-{seed}"
    command = [sys.executable, "-m", "agents", "pipeline", "r1", "--preset", "tiny", "--seed", str(seed)]
    command += ["--output-dir", str(folder), "--cache-dir", str(parent / "cache")]
    if (code := subprocess.run(command, check=False).returncode) != 0:
        return {"seed": seed, "failed": f"the pipeline ended with exit code {code}"}
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    table = json.loads((folder / "table" / "table.json").read_text(encoding="utf-8"))
    return {
        "seed": seed,
        "seconds": {name: stage["seconds"] for name, stage in manifest["stages"].items()},
        "counts": {
            stage: json.loads((folder / stage / "counts.json").read_text(encoding="utf-8"))
            for stage in ("cold_start", "rejection", "distillation_data")
        },
        "table": table,
        "effects": {effect.name: measured(effect, folder) for effect in EFFECTS},
    }


def measured(effect: Effect, folder: Path) -> dict[str, Any]:
    """Return the difference with its interval, over the problems that both stages were asked, and the verdict."""
    earlier, later = (_values(folder / f"{stage}_measured", effect) for stage in (effect.earlier, effect.later))
    differences = [later[task] - earlier[task] for task in sorted(earlier.keys() & later.keys())]
    if len(differences) < 2:
        return {"verdict": "not measured"}
    mean = math.fsum(differences) / len(differences)
    low, high = difference_interval(differences) if effect.is_rate else mean_interval(differences)
    return {
        "earlier": _mean(earlier),
        "later": _mean(later),
        "difference": mean,
        "low": low,
        "high": high,
        "num_problems": len(differences),
        "verdict": verdict(effect, mean, low, high),
    }


def verdict(effect: Effect, mean: float, low: float, high: float) -> Verdict:
    """Say whether the effect holds: the whole interval is beyond what is asked for, or only the mean is."""
    sign = -1.0 if effect.falls else 1.0
    nearest, found = (low, mean) if sign > 0 else (-high, -mean)
    if effect.may_equal:
        return "holds" if found >= effect.at_least else "does not hold"
    if nearest > effect.at_least:
        return "holds"
    return "sign only" if found > effect.at_least else "does not hold"


def _values(folder: Path, effect: Effect) -> Mapping[str, float]:
    return problem_values(read_samples(folder / f"{effect.measure}.jsonl")).get(effect.value, {})


def _mean(values: Mapping[str, float]) -> float:
    return math.fsum(values.values()) / len(values)


def described(effect: Effect) -> dict[str, Any]:
    """Return an effect as JSON values."""
    direction = "<" if effect.falls else ">=" if effect.may_equal else ">"
    bound = -effect.at_least if effect.falls else effect.at_least
    return {"name": effect.name, "claim": f"{effect.value}: {effect.later} - {effect.earlier} {direction} {bound:g}"}


def print_runs(runs: list[dict[str, Any]]) -> None:
    """Print one row per effect, a column per seed."""
    table = Table(title="Effects: difference [95% interval, paired by problem]")
    table.add_column("effect")
    for run in runs:
        table.add_column(f"seed {run['seed']}")
    for effect in EFFECTS:
        cells = [run.get("failed") or _cell(run["effects"][effect.name]) for run in runs]
        table.add_row(effect.name, *cells)
    Console().print(table)


def _cell(found: dict[str, Any]) -> str:
    if found["verdict"] == "not measured":
        return "not measured"
    return f"{found['difference']:+.3f} [{found['low']:+.3f}, {found['high']:+.3f}] {found['verdict']}"


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
