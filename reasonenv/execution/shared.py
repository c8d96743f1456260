"""The sandbox that a process has once, for whoever is given none.

Lives here: making it when first needed. Does not: what a sandbox is (`sandbox`). It ends with the process; in a fork it
starts processes of its own.
"""

from __future__ import annotations

from functools import cache

from reasonenv.execution.sandbox import Sandbox

__all__ = ["shared_sandbox"]


@cache
def shared_sandbox() -> Sandbox:
    """Return this process's sandbox, of the strongest isolation that the machine gives.

    Raises:
        SandboxUnavailable: the machine lacks a layer; says which and how to get it.
    """
    return Sandbox()
