"""Running model-written Python where it can do no harm and tell no lies."""

from reasonenv.execution.sandbox import Sandbox
from reasonenv.execution.session import Session
from reasonenv.execution.tiers import Layer, Probe, probe
from reasonenv.execution.types import (
    CaseResult,
    CaseStatus,
    CodeVerdict,
    ExecutionResult,
    Isolation,
    Judge,
    Limits,
    RunStatus,
    Tier,
)
from reasonenv.types import AssertTests, CallTests, CodeReference, Comparison, StdinTests

__all__ = [
    "AssertTests",
    "CallTests",
    "CaseResult",
    "CaseStatus",
    "CodeReference",
    "CodeVerdict",
    "Comparison",
    "ExecutionResult",
    "Isolation",
    "Judge",
    "Layer",
    "Limits",
    "Probe",
    "RunStatus",
    "Sandbox",
    "Session",
    "StdinTests",
    "Tier",
    "probe",
]
