"""What is installed: modules that are missing, and files that two distributions claim.

Python's metadata say which distribution put which file where; pip looks at them only to uninstall.
"""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import Distribution, PackagePath, distributions
from importlib.util import find_spec
from pathlib import Path

from reasonenv.errors import MissingExtraError

__all__ = ["DISTRIBUTIONS", "add_current_folder", "collision", "damage", "require_modules"]

DISTRIBUTIONS = {"reasonenv": "reasonenv", "agents": "reasonenv-agents", "reward_models": "reasonenv-reward-models"}
"""Module → the distribution of ours that brings it."""


def require_modules(modules: Iterable[str], requirement: str) -> None:
    """Refuse to go on without modules that are needed later, without importing them.

    Args:
        modules: names at the top level.
        requirement: what pip installs to bring them, as in `MissingExtraError`.

    Raises:
        MissingExtraError: one cannot be found.
        SystemExit: the same where a command line is being started, so that its user reads one sentence.
    """
    missing = next((name for name in modules if find_spec(name) is None), None)
    if missing is None:
        return
    error = MissingExtraError(missing, requirement)
    # `-m` stands there while Python looks for the module to run; an installed script is called as its distribution.
    if Path(sys.argv[0]).stem in ("-m", requirement):
        raise SystemExit(f"error: {error}")
    raise error


def add_current_folder() -> None:
    """Look for modules in the current folder first, as `python -m` does and an installed script does not."""
    if not sys.flags.safe_path:
        sys.path.insert(0, str(Path.cwd()))


def collision(module: str, path: Sequence[str] | None = None) -> str | None:
    """Return a sentence if our distribution of a module is installed, and others installed files of that module too.

    Args:
        module: a key of `DISTRIBUTIONS`.
        path: the folders to search for distributions; `sys.path` if not given.
    """
    ours, installed = DISTRIBUTIONS[module], _installed(path)
    others = sorted(name for name, distribution in installed.items() if name != ours and _owns(distribution, module))
    if ours not in installed or not others:
        return None
    return (
        f"{' and '.join(others)} installed files of a module {module!r} too, and an environment can hold only one of "
        f"that name. Run: pip uninstall {' '.join(others)} {ours}; then pip install the one you want here, and the "
        "other in an environment of its own."
    )


def damage(module: str, path: Sequence[str] | None = None) -> str | None:
    """Return a sentence if files of our distribution of a module are gone, or another's stand in their place.

    Args:
        module: a key of `DISTRIBUTIONS`.
        path: as for `collision`.
    """
    ours = DISTRIBUTIONS[module]
    distribution = _installed(path).get(ours)
    damaged = [str(file) for file in (distribution and distribution.files) or () if _is_damaged(file)]
    if not damaged:
        return None
    return collision(module, path) or (
        f"Files of {ours} are gone or not its own ({len(damaged)}), such as {damaged[0]}. "
        f"Run: pip install --force-reinstall --no-deps {ours}"
    )


def _installed(path: Sequence[str] | None) -> dict[str, Distribution]:
    """Return the distributions by name; of two of a name, Python sees the first."""
    found = list(distributions() if path is None else distributions(path=list(path)))
    return {distribution.name: distribution for distribution in reversed(found)}


def _owns(distribution: Distribution, module: str) -> bool:
    # The text is searched, as making a path of every line takes a hundred times as long.
    record = distribution.read_text("RECORD") or ""
    return record.startswith(f"{module}/") or f"\n{module}/" in record


def _is_damaged(file: PackagePath) -> bool:
    if file.hash is None:  # pip wrote it, or Python compiled it
        return False
    place = Path(str(file.locate()))
    if not place.is_file():
        return True
    digest = hashlib.new(file.hash.mode, place.read_bytes()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value
