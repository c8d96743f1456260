"""Ctrl-C at a command line. It imports nothing, as it comes before everything else that takes time to import."""

from __future__ import annotations

import sys
from types import TracebackType

__all__ = ["end_by_ctrl_c"]

_MODULES, _SCRIPTS = ("reasonenv", "agents"), ("reasonenv", "reasonenv-agents")


def end_by_ctrl_c() -> None:
    """Say one word instead of a traceback where Ctrl-C ends a command line of ours, from the first import on.

    It does nothing in any other process.
    """
    # While Python looks for the module to run, "-m" stands in the place of its path.
    called = sys.argv[0] if sys.argv else ""
    is_module = called == "-m" and sys.orig_argv[-len(sys.argv)] in _MODULES
    if is_module or called.rpartition("/")[2] in _SCRIPTS:
        sys.excepthook = _say_stopped


def _say_stopped(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        print("stopped", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)
