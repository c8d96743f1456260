"""What do token log-probabilities and the policy loss cost, in time, memory and error, beside other libraries?

    python benchmarks/bench_kernel.py --help

Every way computes Σ g·logprob of the sampled tokens, forward and backward, from the same hidden states and weight.
Times are taken in turn, one step of every way in every round; ratios are medians over the rounds. Memory is what a step
needs beyond its inputs and the gradients that it leaves, each way in a process of its own. Errors are
‖x − exact‖/‖exact‖ against float64, with dL/dlogprob given, for targets that are unlikely, likely and almost certain.
Other libraries come from the extra `kernel-peers`; those that are not there or fail are listed with the reason.
Parts that the file already holds from the same machine and versions stay unless they are measured again. As soon as it
holds all, a page of plots is written into `benchmarks/out/` and a figure into `docs/figures/`.
"""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
import tyro
from kernel.goals import goals
from kernel.implementations import BASES, IMPLEMENTATIONS, Problem, Shape, versions, why_not
from kernel.measurements import errors, median_ratio, seconds_in_turn, transient_bytes, with_likelihood
from kernel.page import write_figure, write_page
from machine import describe_machine

FOLDER = Path(__file__).parent
PARTS = ("time", "memory", "error", "scaling")
SHAPES = {
    "cpu": (
        Shape(2048, 512, 32_000, "float32", 512),
        Shape(2048, 512, 32_000, "bfloat16", 512),
        Shape(4096, 256, 128, "float32", 512),
    ),
    "cuda": (
        Shape(16_384, 4096, 151_936, "bfloat16", 2048),
        Shape(16_384, 2048, 151_936, "bfloat16", 2048),
        Shape(8192, 896, 151_936, "bfloat16", 2048),
    ),
}
ERROR_SHAPES = {"cpu": Shape(256, 512, 32_000, "", 64), "cuda": Shape(2048, 1024, 32_000, "", 512)}
LIKELIHOODS = {"about 0": None, "0.974": 0.974, "0.9999": 0.9999}
SCALED = ("two pass", "local", "naive")
SCALING_SHAPES = {
    "cpu": (
        Shape(1024, 256, 32_000, "float32", 256),
        (256, 512, 1024, 2048, 4096),
        (8000, 16_000, 32_000, 64_000, 128_000),
    ),
    "cuda": (
        Shape(8192, 2048, 131_072, "bfloat16", 1024),
        (2048, 4096, 8192, 16_384, 32_768),
        (16_384, 32_768, 65_536, 131_072, 262_144),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """The command line."""

    device: Literal["cpu", "cuda"] = "cpu"
    rounds: int = 7
    """Of every way and shape; at least 5 for figures that are quoted."""
    only: tuple[Literal["time", "memory", "error", "scaling"], ...] = ("time", "memory", "error", "scaling")
    """Parts to measure."""
    out: Path | None = None
    """`benchmarks/results/kernel.json` by default, `kernel_gpu.json` for an accelerator."""


def main(arguments: Arguments) -> None:
    """Measure, write the results and a page of plots, and print which goals are met."""
    device = arguments.device
    if device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("--device cuda needs an NVIDIA GPU and a PyTorch built for CUDA; torch sees none here.")
    reasons = {name: why_not(name, device) for name in IMPLEMENTATIONS}
    names = [name for name, reason in reasons.items() if reason is None]
    measure = {
        "time": partial(measure_times, names, device, arguments.rounds),
        "memory": partial(measure_memory, names, device),
        "error": partial(measure_errors, names, device),
        "scaling": partial(measure_scaling, device, min(arguments.rounds, 5)),
    }
    default = "kernel.json" if device == "cpu" else "kernel_gpu.json"
    out = arguments.out or FOLDER / "results" / default
    results = {
        "machine": describe_machine() | versions(),
        "ways": {name: IMPLEMENTATIONS[name].note for name in names},
        "not_measured": {name: reason for name, reason in reasons.items() if reason is not None},
    }
    parts = {part: value for part, value in _read(out, results["machine"]).items() if part not in arguments.only}
    for part in arguments.only:
        load_average = os.getloadavg()[0]
        parts[part] = {"rounds": arguments.rounds, "load_average": load_average, "results": measure[part]()}
        _write(results | {"goals": goals(parts, device)} | parts, out)
    print(json.dumps(goals(parts, device), indent=1))


def _read(out: Path, machine: dict[str, Any]) -> dict[str, Any]:
    """Return the parts that have been measured on the same machine with the same versions."""
    results = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
    return {part: results[part] for part in PARTS if part in results and results["machine"] == machine}


def _write(results: dict[str, Any], out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(rounded(results), indent=1) + "\n", encoding="utf-8")
    if set(PARTS) <= set(results):
        write_page(results, FOLDER / "out" / f"{out.stem}.html")
        write_figure(results["scaling"]["results"], FOLDER.parent / "docs" / "figures" / f"{out.stem}_scaling.svg")


def rounded(value: Any) -> Any:
    """Round to four significant digits: the others are noise."""
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part) for part in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def measure_times(names: Sequence[str], device: str, num_rounds: int) -> list[dict[str, Any]]:
    """Measure seconds of both passes per round, medians, ratios and TFLOP/s of every shape."""
    tables: list[dict[str, Any]] = []
    for shape in SHAPES[device]:
        print("time:", shape, flush=True)
        seconds, failures = seconds_in_turn(shape, names, device, num_rounds)
        ways = {name: _summary(name, shape, rounds) for name, rounds in seconds.items()}
        for name, way in ways.items():
            way["ratio_to_naive"] = median_ratio(seconds, name, BASES[name])
            for other in ("Liger GRPO", "TRL, chunked", "TRL, full logits", "Cut Cross-Entropy", "verl"):
                way[f"times_faster_than_{other}"] = median_ratio(seconds, other, name)
        tables.append({"shape": asdict(shape), "ways": ways, "not_measured": failures})
    return tables


def _summary(name: str, shape: Shape, rounds: list[tuple[float, float]]) -> dict[str, Any]:
    forward, both = (statistics.median(column) for column in zip(*rounds, strict=True))
    summary: dict[str, Any] = {"seconds": both, "seconds_per_round": [pair[1] for pair in rounds]}
    if not IMPLEMENTATIONS[name].forms_gradients_at_once:
        num_operations = 2 * shape.num_tokens * shape.hidden_size * shape.vocabulary_size
        summary |= {"forward_seconds": forward, "forward_tflops": num_operations / forward / 1e12}
    return summary


def measure_memory(names: Sequence[str], device: str) -> list[dict[str, Any]]:
    """Measure MiB that a step needs beyond inputs and gradients, and ratios, of every shape."""
    print("memory", flush=True)
    needed = {name: transient_bytes(name, SHAPES[device], device) for name in names}
    tables: list[dict[str, Any]] = []
    for index, shape in enumerate(SHAPES[device]):
        known = {name: column[index] for name, column in needed.items()}
        num_bytes = {name: value for name, value in known.items() if isinstance(value, int)}
        ways = {
            name: {
                "mebibytes": value / 2**20,
                "ratio_to_naive": _ratio(value, num_bytes.get(BASES[name])),
                "ratio_to_liger": _ratio(value, num_bytes.get("Liger GRPO")),
            }
            for name, value in num_bytes.items()
        }
        failures = {name: value for name, value in known.items() if isinstance(value, str)}
        tables.append({"shape": asdict(shape), "ways": ways, "not_measured": failures})
    return tables


def _ratio(numerator: float, denominator: float | None) -> float | None:
    return numerator / denominator if denominator is not None and denominator > 0 else None


def measure_errors(names: Sequence[str], device: str) -> list[dict[str, Any]]:
    """Measure errors for every precision and likelihood of the targets."""
    tables: list[dict[str, Any]] = []
    for dtype in ("float32", "bfloat16"):
        shape = replace(ERROR_SHAPES[device], dtype=dtype)
        print("error:", shape, flush=True)
        for likelihood, probability in LIKELIHOODS.items():
            problem = with_likelihood(Problem.random(shape, device), probability)
            table = {"shape": asdict(shape), "target_probability": likelihood, "ways": errors(names, problem)}
            tables.append(table)
    return tables


def measure_scaling(device: str, num_rounds: int) -> dict[str, Any]:
    """Measure the least seconds of the rounds and transient MiB along tokens and along the vocabulary."""
    base, numbers, vocabularies = SCALING_SHAPES[device]
    axes = {
        "num_tokens": [replace(base, num_tokens=number) for number in numbers],
        "vocabulary_size": [replace(base, vocabulary_size=size) for size in vocabularies],
    }
    return {
        "shape": asdict(base),
        **{axis: _scaling(axis, shapes, device, num_rounds) for axis, shapes in axes.items()},
    }


def _scaling(axis: str, shapes: list[Shape], device: str, num_rounds: int) -> dict[str, Any]:
    print("scaling:", axis, flush=True)
    timed = [seconds_in_turn(shape, SCALED, device, num_rounds)[0] for shape in shapes]
    needed = {name: transient_bytes(name, shapes, device) for name in SCALED}
    return {
        "values": [getattr(shape, axis) for shape in shapes],
        "seconds": {
            name: [min(pair[1] for pair in row[name]) if name in row else None for row in timed] for name in SCALED
        },
        "mebibytes": {
            name: [value / 2**20 if isinstance(value, int) else None for value in column]
            for name, column in needed.items()
        },
    }


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
