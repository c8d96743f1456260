"""From outcomes to numbers: how often a grader errs, on what, how fast it is, and with whom it agrees.

A response counts as accepted only if its score reaches the threshold. A hang, an exception and an abstention accept
nothing, so on a right answer they count as misses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reasonenv.evaluation.intervals import wilson_interval
from reasonenv.evaluation.reward_benchmark.graders import GraderSpec
from reasonenv.evaluation.reward_benchmark.processes import GraderRun
from reasonenv.evaluation.reward_benchmark.types import Exploit, Gold, LabelledResponse, Outcome, OutcomeStatus

_MAX_STORED_CHARS = 400


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95% Wilson interval: `Rate.of(95, 100)`. All NaN when there were no trials."""

    value: float
    low: float
    high: float
    num: int
    total: int

    @classmethod
    def of(cls, num: int, total: int) -> Rate:
        """Return the share `num / total`."""
        if total == 0:
            return cls(math.nan, math.nan, math.nan, 0, 0)
        low, high = wilson_interval(num, total)
        return cls(num / total, low, high, num, total)


@dataclass(frozen=True, slots=True)
class Confusion:
    """Right and wrong responses, accepted or not.

    Precision is the share of the right among the accepted, recall that of the accepted among the right.
    """

    precision: Rate
    recall: Rate
    false_positives: Rate
    """Of the wrong responses, those accepted."""
    false_negatives: Rate
    """Of the right responses, those not accepted."""

    @classmethod
    def of(cls, labels: Sequence[bool], accepted: Sequence[bool]) -> Confusion:
        """Count decisions against labels."""
        pairs = list(zip(labels, accepted, strict=True))
        hits, num_right = sum(right and taken for right, taken in pairs), sum(labels)
        num_accepted, num_wrong = sum(accepted), len(pairs) - num_right
        return cls(
            precision=Rate.of(hits, num_accepted),
            recall=Rate.of(hits, num_right),
            false_positives=Rate.of(num_accepted - hits, num_wrong),
            false_negatives=Rate.of(num_right - hits, num_right),
        )


@dataclass(frozen=True, slots=True)
class Incident:
    """A response at which the grader hung, raised or died."""

    item_id: str
    status: OutcomeStatus
    reason: str


@dataclass(frozen=True, slots=True)
class Drift:
    """A response that was scored differently in another order and batch."""

    item_id: str
    alone: float | None
    in_batch: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GraderResult:
    """What is known of one grader. The lists hold ids of cases and exploits."""

    name: str
    label: str
    """The name's last part if it tells the graders apart, else the name: what plots and tables show."""
    threshold: float
    overall: Confusion
    by_type: Mapping[str, Confusion]
    false_positives: Sequence[str]
    false_negatives: Sequence[str]
    exploits_rewarded: Sequence[str]
    """Expected 0, accepted."""
    exploits_total: int
    honest_refused: Sequence[str]
    """Expected 1, not accepted."""
    honest_total: int
    policy_accepted: Sequence[str]
    """Left to policy, accepted."""
    hangs: Sequence[Incident]
    exceptions: Sequence[Incident]
    deaths: Sequence[Incident]
    num_abstained: int
    drift: Sequence[Drift]
    num_lost_in_batches: int
    """Responses in a batch that hung or died, although each alone had not; whether they drift is unknown."""
    import_seconds: float
    latency_p50_seconds: float
    latency_p99_seconds: float
    latency_max_seconds: float
    responses_per_second: float
    """In batches, over the responses that did not stop the grader."""
    latency_percentiles_seconds: Sequence[float]
    """The 0th, 1st, …, 100th, over every response that got an outcome within the limit; empty if none did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkResult:
    """The whole benchmark: what was asked, by what means, and what each grader did."""

    graders: Sequence[GraderResult]
    agreement: Sequence[Sequence[float]]
    """Share of all responses on which two graders decide alike, in the order of `graders`."""
    cases: Mapping[str, LabelledResponse[Gold]]
    exploits: Mapping[str, Exploit]
    provenance: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values: NaN and infinities become None, and of long texts only the ends are kept."""
        return _plain(asdict(self))


def judge(
    spec: GraderSpec,
    run: GraderRun,
    cases: Sequence[LabelledResponse[Gold]],
    attempts: Sequence[Exploit],
    *,
    label: str,
) -> GraderResult:
    """Count what a grader did; `run` holds the outcomes of the cases and then of the exploits."""
    ids = [case.case_id for case in cases] + [exploit.exploit_id for exploit in attempts]
    accepted = dict(zip(ids, _accepted(spec, run), strict=True))
    labels = [case.is_correct for case in cases]
    timed = sorted(outcome.seconds for outcome in run.outcomes if outcome.status in _ANSWERED)
    return GraderResult(
        name=spec.name,
        label=label,
        threshold=spec.threshold,
        overall=Confusion.of(labels, [accepted[case.case_id] for case in cases]),
        by_type=_by_type(cases, accepted),
        false_positives=[case.case_id for case in cases if accepted[case.case_id] and not case.is_correct],
        false_negatives=[case.case_id for case in cases if case.is_correct and not accepted[case.case_id]],
        exploits_rewarded=[x.exploit_id for x in attempts if x.expected == 0 and accepted[x.exploit_id]],
        exploits_total=sum(exploit.expected == 0 for exploit in attempts),
        honest_refused=[x.exploit_id for x in attempts if x.expected == 1 and not accepted[x.exploit_id]],
        honest_total=sum(exploit.expected == 1 for exploit in attempts),
        policy_accepted=[x.exploit_id for x in attempts if x.expected is None and accepted[x.exploit_id]],
        hangs=_incidents(ids, run.outcomes, OutcomeStatus.HUNG),
        exceptions=_incidents(ids, run.outcomes, OutcomeStatus.RAISED),
        deaths=_incidents(ids, run.outcomes, OutcomeStatus.DIED),
        num_abstained=sum(outcome.status is OutcomeStatus.ABSTAINED for outcome in run.outcomes),
        drift=_drift(ids, run),
        num_lost_in_batches=sum(outcome is not None and outcome.status in _STOPPED for outcome in run.shuffled),
        import_seconds=run.import_seconds,
        latency_p50_seconds=_quantile(timed, 0.5),
        latency_p99_seconds=_quantile(timed, 0.99),
        latency_max_seconds=max((outcome.seconds for outcome in run.outcomes), default=math.nan),
        responses_per_second=_throughput(run),
        latency_percentiles_seconds=[_quantile(timed, percent / 100) for percent in range(101)] if timed else [],
    )


def summarize(
    specs: Sequence[GraderSpec],
    runs: Sequence[GraderRun],
    cases: Sequence[LabelledResponse[Gold]],
    attempts: Sequence[Exploit],
    *,
    provenance: Mapping[str, Any],
) -> BenchmarkResult:
    """Count what every grader did, and compare them with each other."""
    decisions = [_accepted(spec, run) for spec, run in zip(specs, runs, strict=True)]
    labels = _labels([spec.name for spec in specs])
    return BenchmarkResult(
        graders=[
            judge(spec, run, cases, attempts, label=label) for spec, run, label in zip(specs, runs, labels, strict=True)
        ],
        agreement=[[_agreement(first, second) for second in decisions] for first in decisions],
        cases={case.case_id: case for case in cases},
        exploits={exploit.exploit_id: exploit for exploit in attempts},
        provenance=provenance,
    )


_ANSWERED = (OutcomeStatus.SCORED, OutcomeStatus.ABSTAINED, OutcomeStatus.RAISED)
_STOPPED = (OutcomeStatus.HUNG, OutcomeStatus.DIED)


def _labels(names: Sequence[str]) -> Sequence[str]:
    last_parts = [name.rpartition(":")[2] for name in names]
    return last_parts if len(set(last_parts)) == len(names) else names


def _accepted(spec: GraderSpec, run: GraderRun) -> list[bool]:
    """Return, for each response, whether its score reaches the grader's threshold."""
    return [outcome.score is not None and outcome.score >= spec.threshold for outcome in run.outcomes]


def _by_type(cases: Sequence[LabelledResponse[Gold]], accepted: Mapping[str, bool]) -> dict[str, Confusion]:
    groups: dict[str, list[LabelledResponse[Gold]]] = {}
    for case in cases:
        groups.setdefault(case.answer_type, []).append(case)
    return {
        answer_type: Confusion.of([case.is_correct for case in group], [accepted[case.case_id] for case in group])
        for answer_type, group in groups.items()
    }


def _incidents(ids: Sequence[str], outcomes: Sequence[Outcome], status: OutcomeStatus) -> list[Incident]:
    return [
        Incident(item_id, status, outcome.reason)
        for item_id, outcome in zip(ids, outcomes, strict=True)
        if outcome.status is status
    ]


def _drift(ids: Sequence[str], run: GraderRun) -> list[Drift]:
    return [
        Drift(item_id, alone.score, in_batch.score)
        for item_id, alone, in_batch in zip(ids, run.outcomes, run.shuffled, strict=True)
        if in_batch is not None and in_batch.status not in _STOPPED and alone.score != in_batch.score
    ]


def _quantile(ascending: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed."""
    return ascending[max(0, math.ceil(share * len(ascending)) - 1)] if ascending else math.nan


def _throughput(run: GraderRun) -> float:
    answered = [outcome for outcome in run.shuffled if outcome is not None and outcome.status in _ANSWERED]
    seconds = sum(outcome.seconds for outcome in answered)
    return len(answered) / seconds if seconds else math.nan


def _agreement(first: Sequence[bool], second: Sequence[bool]) -> float:
    return sum(a == b for a, b in zip(first, second, strict=True)) / len(first) if first else math.nan


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, str):
        return shortened(value, _MAX_STORED_CHARS)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def shortened(text: str, max_chars: int) -> str:
    """Return the text, or about `max_chars` characters from both its ends and how many were left out between them."""
    if len(text) <= max_chars:
        return text
    half = max_chars // 2
    return f"{text[:half]} […{len(text) - 2 * half:,} characters…] {text[-half:]}"
