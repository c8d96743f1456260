"""The benchmark from end to end. Graders run one at a time, because two at once would time each other."""

from __future__ import annotations

import os
import platform
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from reasonenv.evaluation.reward_benchmark.cases import REWARD_OF, Domain, domain_cases, load_cases
from reasonenv.evaluation.reward_benchmark.graders import GraderSpec, parse_grader
from reasonenv.evaluation.reward_benchmark.processes import GraderRun, RunSettings, run_grader
from reasonenv.evaluation.reward_benchmark.results import BenchmarkResult, summarize
from reasonenv.evaluation.reward_benchmark.types import Exploit, Gold, LabelledResponse


def benchmark_rewards(
    graders: Sequence[str | GraderSpec] | None = None,
    *,
    domain: Domain = "mathematics",
    cases: Sequence[LabelledResponse[Gold]] | None = None,
    attempts: Sequence[Exploit] | None = None,
    timeout_seconds: float = 2.5,
    batch_size: int = 64,
    num_processes: int = 2,
    seed: int = 0,
    report: Callable[[str], None] | None = None,
) -> BenchmarkResult:
    """Measure scoring functions on labelled responses and exploits.

    Args:
        graders: names for `parse_grader`, or specifications; None for the domain's own reward.
        domain: whose cases stand in where none are given: mathematics, questions, code or language.
        cases: labelled responses; None for the package's own of the domain.
        attempts: exploits; None likewise.
        timeout_seconds: wall-clock limit per response.
        batch_size: responses per call of the second pass.
        num_processes: of one grader in the first pass; 1 gives latencies that nothing disturbs.
        seed: of the cases and the shuffling.
        report: gets a line for each step.

    Raises:
        GraderLoadError: a grader cannot be loaded.
        UnknownNameError: no such domain.
        ValueError: no graders, one twice, nothing to grade, an id twice, or a limit that is not positive.
    """
    own = domain_cases(domain, seed=seed)
    chosen = (REWARD_OF[domain],) if graders is None else graders
    specs = [parse_grader(grader) if isinstance(grader, str) else grader for grader in chosen]
    names = [spec.name for spec in specs]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"Expected at least one grader and each one once, got {names}.")
    settings = RunSettings(timeout_seconds, batch_size, num_processes, seed)
    cases = own.cases if cases is None else cases
    attempts = own.attempts if attempts is None else attempts
    items = [*cases, *attempts]
    if not items:
        raise ValueError("Expected at least one labelled response or exploit, got none.")
    _check_ids([case.case_id for case in cases] + [exploit.exploit_id for exploit in attempts])
    runs: list[GraderRun] = []
    start = time.perf_counter()
    for spec in specs:
        if report is not None:
            report(f"{spec.name}: {len(cases)} labelled responses, {len(attempts)} exploits")
        runs.append(run_grader(spec, [item.gold for item in items], [item.response for item in items], settings))
    provenance = {
        **_provenance(),
        "domain": domain,
        "seconds": round(time.perf_counter() - start, 1),
        **asdict(settings),
    }
    return summarize(specs, runs, cases, attempts, provenance=provenance)


def _check_ids(ids: Sequence[str]) -> None:
    twice = [item_id for item_id, number in Counter(ids).items() if number > 1]
    if twice:
        raise ValueError(
            f"Every labelled response and exploit needs an id of its own, got {twice[0]!r} more than once."
        )


def _provenance() -> dict[str, str]:
    return {
        "reasonenv": version("reasonenv"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "time": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }


def choose_cases(
    paths: Sequence[str | Path], *, domain: Domain = "mathematics"
) -> tuple[list[LabelledResponse[Gold]] | None, list[Exploit] | None]:
    """Read files of cases of a domain; None for a kind of case that no file holds, so that the package's own are taken.

    Raises:
        TaskDataError: no such file, or a row that is no case.
    """
    cases: list[LabelledResponse[Gold]] = []
    attempts: list[Exploit] = []
    for path in paths:
        more_cases, more_attempts = load_cases(path, domain=domain)
        cases += more_cases
        attempts += more_attempts
    return cases or None, attempts or None
