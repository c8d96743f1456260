"""What must be installed beside this package. It is looked for before anything is imported that needs it."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

from reward_models.errors import MissingPackageError

__all__ = ["end_by_ctrl_c", "require_modules"]

_DISTRIBUTION = "reasonenv-reward-models"
_MODULES = ("httpx", "numpy", "peft", "safetensors", "torch", "transformers", "tyro")


def end_by_ctrl_c() -> None:
    """Say one word instead of a traceback where Ctrl-C ends our command line, from the first import on.

    It does nothing in any other process.
    """
    # Python sets "-m" in the place of the module that it looks for; an installed script is called as its distribution.
    called, arguments = Path("".join(sys.argv[:1])).stem, len(sys.argv)
    if called == _DISTRIBUTION or (called == "-m" and sys.orig_argv[-arguments] == "reward_models"):
        sys.excepthook = _say_stopped


def _say_stopped(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        print("stopped", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def require_modules() -> None:
    """Refuse to go on where a requirement of the distribution is missing.

    Raises:
        MissingPackageError: one cannot be found.
        SystemExit: the same where a command line is being started, so that its user reads one sentence.
    """
    missing = next((name for name in _MODULES if find_spec(name) is None), None)
    if missing is None:
        return
    error = MissingPackageError(missing, _DISTRIBUTION)
    # `-m` stands there while Python looks for the module to run; an installed script is called as its distribution.
    if Path(sys.argv[0]).stem in ("-m", _DISTRIBUTION):
        raise SystemExit(f"error: {error}")
    raise error
