"""Measure reward functions offline: precision, recall, exploits rewarded, hangs, speed and agreement.

result = benchmark_rewards(["accuracy", "math-verify", "trl:my_rewards:accuracy"])
write_report(result, "runs/reward_benchmark")
"""

from reasonenv.evaluation.reward_benchmark.benchmark import benchmark_rewards, choose_cases
from reasonenv.evaluation.reward_benchmark.cases import labelled_responses, load_cases
from reasonenv.evaluation.reward_benchmark.cases.exploits import exploits
from reasonenv.evaluation.reward_benchmark.graders import GraderSpec, parse_grader
from reasonenv.evaluation.reward_benchmark.processes import GraderLoadError
from reasonenv.evaluation.reward_benchmark.report import print_table, write_report
from reasonenv.evaluation.reward_benchmark.results import BenchmarkResult, GraderResult
from reasonenv.evaluation.reward_benchmark.types import Exploit, LabelledResponse, Outcome, OutcomeStatus

__all__ = [
    "BenchmarkResult",
    "Exploit",
    "GraderLoadError",
    "GraderResult",
    "GraderSpec",
    "LabelledResponse",
    "Outcome",
    "OutcomeStatus",
    "benchmark_rewards",
    "choose_cases",
    "exploits",
    "labelled_responses",
    "load_cases",
    "parse_grader",
    "print_table",
    "write_report",
]
