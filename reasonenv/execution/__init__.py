"""Running model-written Python where it can do no harm and tell no lies.

Lives here: the sandbox, its layers, and the types of its verdicts. Does not: rewards (`reasonenv.rewards.code`).
"""

from reasonenv.execution.sandbox import Sandbox
from reasonenv.execution.session import Session
from reasonenv.execution.tiers import Layer, Probe, probe
from reasonenv.execution.types import (
    CaseResult,
    CaseStatus,
    CodeVerdict,
    ExecutionResult,
    Isolation,
    Limits,
    RunStatus,
    Tier,
)

__all__ = [
    "CaseResult",
    "CaseStatus",
    "CodeVerdict",
    "ExecutionResult",
    "Isolation",
    "Layer",
    "Limits",
    "Probe",
    "RunStatus",
    "Sandbox",
    "Session",
    "Tier",
    "probe",
]
