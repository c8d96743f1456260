"""How long a way to compute log-probabilities takes, what it holds while it works, and how far it is off.

N tokens, D hidden size, V vocabulary.
"""

from __future__ import annotations

import gc
import math
import os
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import torch
from kernel.implementations import IMPLEMENTATIONS, Problem, Shape, reason_of
from torch import Tensor

__all__ = [
    "environment",
    "errors",
    "median_ratio",
    "reset_peak",
    "seconds_in_turn",
    "status_bytes",
    "transient_bytes",
    "with_likelihood",
]

Seconds = dict[str, list[tuple[float, float]]]
"""Seconds of the forward pass and of both passes, a pair per round."""

SMALL = 1 << 21
"""Number of logits up to which a step takes milliseconds."""
WARM_UP_SHAPES = Shape(64, 256, 1024, "float32", 32), Shape(512, 128, 8400, "float32", 128)
"""Few logits, and too many to keep: code that is loaded for either must be there before memory is measured."""
RETURN_FREED_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 16), "MALLOC_TRIM_THRESHOLD_": str(1 << 16)}
"""For glibc: without it, freed memory can serve the next tensor unseen, and holes count as if in use."""


def seconds_in_turn(shape: Shape, names: Sequence[str], device: str, num_rounds: int) -> tuple[Seconds, dict[str, str]]:
    """Time one way after the other in every round, so that other load slows all alike; return times and failures.

    Steps of milliseconds get more rounds.
    """
    num_rounds *= 20 if shape.num_tokens * shape.vocabulary_size < SMALL else 1
    problem = Problem.random(shape, device)
    seconds: Seconds = {name: [] for name in names}
    failures: dict[str, str] = {}
    for _ in range(num_rounds + 1):
        for name in [name for name in names if name not in failures]:
            try:
                seconds[name].append(_seconds_of_step(name, problem))
            except Exception as error:  # noqa: BLE001 - what a library fails with is what a reader wants to know
                failures[name] = reason_of(error)
    if device == "cuda":
        torch.cuda.empty_cache()  # the processes that measure memory need it
    return {name: rounds[1:] for name, rounds in seconds.items() if name not in failures}, failures


def _seconds_of_step(name: str, problem: Problem) -> tuple[float, float]:
    implementation = IMPLEMENTATIONS[name]
    problem.hidden_ND.grad = problem.weight_VD.grad = None
    seen = problem.as_seen_by(implementation)
    if not problem.hidden_ND.is_cuda:
        start = time.perf_counter()
        output = implementation.compute(seen)
        middle = time.perf_counter()
        output.loss.backward()
        return middle - start, time.perf_counter() - start
    start, middle, end = (torch.cuda.Event(enable_timing=True) for _ in range(3))
    start.record()
    output = implementation.compute(seen)
    middle.record()
    output.loss.backward()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(middle) / 1000, start.elapsed_time(end) / 1000


def median_ratio(seconds: Seconds, numerator: str, denominator: str) -> float | None:
    """Return the median over the rounds of the ratio of both passes' times; None where either is missing."""
    if numerator not in seconds or denominator not in seconds:
        return None
    rounds = zip(seconds[numerator], seconds[denominator], strict=True)
    return statistics.median(mine[1] / theirs[1] for mine, theirs in rounds)


def transient_bytes(name: str, shapes: Sequence[Shape], device: str) -> list[int | str]:
    """Measure what a step needs beyond its inputs and gradients, per shape, in a process of its own."""
    with environment(RETURN_FREED_MEMORY), ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(_transient_bytes_here, name, shapes, device).result()
        except BrokenProcessPool:
            return ["its process was ended, probably for want of memory"] * len(shapes)


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for processes that are started inside the context."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _transient_bytes_here(name: str, shapes: Sequence[Shape], device: str) -> list[int | str]:
    for shape in WARM_UP_SHAPES:
        _peak_bytes(name, replace(shape, dtype=shapes[0].dtype), device)
    transient: list[int | str] = []
    for shape in shapes:
        try:
            results = shape.result_bytes
            if IMPLEMENTATIONS[name].is_frozen:
                results = replace(shape, vocabulary_size=0).result_bytes
            transient.append(max(0, _peak_bytes(name, shape, device) - results))
        except Exception as error:  # noqa: BLE001 - as above
            transient.append(reason_of(error))
    return transient


def _peak_bytes(name: str, shape: Shape, device: str) -> int:
    """Return the peak of a step beyond what was there before it."""
    gc.collect()
    problem = Problem.random(shape, device).as_seen_by(IMPLEMENTATIONS[name])
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        IMPLEMENTATIONS[name].compute(problem).loss.backward()
        return torch.cuda.max_memory_allocated() - before
    reset_peak()
    before = status_bytes("VmRSS")
    IMPLEMENTATIONS[name].compute(problem).loss.backward()
    return status_bytes("VmHWM") - before


def reset_peak() -> None:
    """Reset the process's peak of resident memory (`VmHWM`); needs Linux."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def status_bytes(field: str) -> int:
    """Return a size in this process's status, such as `VmRSS`, its resident memory now."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def with_likelihood(problem: Problem, probability: float | None) -> Problem:
    """Return the problem with every target as likely as given (in exact arithmetic); None leaves targets to chance.

    A multiple of the target's row is added to the hidden state in place of its own component along that row, so that
    the target's logit z solves z = logit(p) + log V + σ²/2, where σ² = 1 + z²/D is the variance of the other logits.
    """
    if probability is None:
        return problem
    num_rows, size = problem.weight_VD.shape
    weight_ND = problem.weight_VD.detach()[problem.targets_N].double()
    norm_N1 = weight_ND.square().sum(-1, keepdim=True)
    logit = 0.0
    for _ in range(100):
        logit = math.log(probability / (1 - probability)) + math.log(num_rows) + (1 + logit**2 / size) / 2
    hidden_ND = problem.hidden_ND.detach().double()
    component_N1 = (hidden_ND * weight_ND).sum(-1, keepdim=True)
    hidden_ND = hidden_ND + (logit - component_N1) / norm_N1 * weight_ND
    return replace(problem, hidden_ND=hidden_ND.to(problem.hidden_ND.dtype).requires_grad_())


def errors(names: Sequence[str], problem: Problem) -> dict[str, dict[str, float | None] | str]:
    """Return ‖x − exact‖/‖exact‖ of log-probabilities and gradients; None where a way gives none.

    A way that does not know this precision has a reason instead.
    """
    exact: dict[bool, Mapping[str, Tensor]] = {}
    found: dict[str, dict[str, float | None] | str] = {}
    for name in names:
        seen = problem.as_seen_by(IMPLEMENTATIONS[name])
        has_fixed_gradient = IMPLEMENTATIONS[name].has_fixed_gradient
        if has_fixed_gradient not in exact:
            exact[has_fixed_gradient] = _exactly(seen)
        try:
            values = _values(name, seen)
        except Exception as error:  # noqa: BLE001 - as above
            found[name] = reason_of(error)
        else:
            found[name] = {key: _relative(value, exact[has_fixed_gradient][key]) for key, value in values.items()}
    return found


def _values(name: str, seen: Problem) -> dict[str, Tensor | None]:
    seen.hidden_ND.grad = seen.weight_VD.grad = None
    output = IMPLEMENTATIONS[name].compute(seen)
    output.loss.backward()
    return {
        "logprob": output.logprobs_N,
        "hidden_gradient": seen.hidden_ND.grad,
        "weight_gradient": seen.weight_VD.grad,
    }


def _relative(value: Tensor | None, exact: Tensor) -> float | None:
    return None if value is None else ((value.double() - exact).norm() / exact.norm()).item()


def _exactly(problem: Problem) -> Mapping[str, Tensor]:
    hidden_ND, weight_VD = problem.hidden_ND.detach().double(), problem.weight_VD.detach().double()
    logprobs_NV = (hidden_ND @ weight_VD.T).log_softmax(-1)
    logprobs_N = logprobs_NV.gather(-1, problem.targets_N[:, None]).squeeze(-1)
    gradient_N = problem.gradient_N.double()
    gradient_NV = logprobs_NV.exp_().mul_(-gradient_N[:, None])
    gradient_NV.scatter_add_(-1, problem.targets_N[:, None], gradient_N[:, None])
    return {
        "logprob": logprobs_N,
        "hidden_gradient": gradient_NV @ weight_VD,
        "weight_gradient": gradient_NV.T @ hidden_ND,
    }
