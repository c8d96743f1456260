"""What must be installed beside this package. It is looked for before anything is imported that needs it."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from reward_models.errors import MissingPackageError

__all__ = ["require_modules"]

_DISTRIBUTION = "reasonenv-reward-models"
_MODULES = ("httpx", "numpy", "peft", "safetensors", "torch", "transformers", "tyro")


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
