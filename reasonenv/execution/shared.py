"""The sandbox that a process shares among all who are given none; it ends with the process."""

from __future__ import annotations

from functools import cache

from reasonenv.execution.sandbox import Sandbox

__all__ = ["shared_sandbox"]


@cache
def shared_sandbox() -> Sandbox:
    """Return this process's sandbox, made when first needed; raises as `Sandbox` does."""
    return Sandbox()
