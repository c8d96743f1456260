"""The sandbox that a process shares among all who are given none; it ends with the process."""

from __future__ import annotations

from functools import cache

from reasonenv.execution.sandbox import Sandbox

__all__ = ["shared_sandbox"]


@cache
def shared_sandbox() -> Sandbox:
    """Return this process's sandbox, made when first needed, of the strongest isolation that the machine gives.

    Raises:
        SandboxUnavailable: the machine lacks a layer; says which and how to get it.
    """
    return Sandbox()
