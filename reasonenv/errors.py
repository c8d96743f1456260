"""The error tree.

    ReasonEnvError
    ├── UnknownNameError   (ValueError)    a name that no table holds; says which is closest
    ├── PartImportError    (ValueError)    a "module:attribute" that cannot be imported; says why
    ├── MissingExtraError  (ImportError)   an optional dependency is absent; says what to install
    ├── TaskDataError      (ValueError)    a data file that cannot be read as tasks; says file, line and column
    ├── EndpointError      (RuntimeError)  a model's server that cannot be reached, refuses, or fails; says what to do
    ├── RecordingError     (ValueError)    a file of responses that an evaluation cannot go on with; says why
    ├── SandboxUnavailable (RuntimeError)  a layer of the sandbox that this machine refuses; says how to get it
    └── EpisodeError       (gymnasium.error.ResetNeeded)   step before reset, or after the end

Bad arguments are plain `ValueError` or `TypeError`. A grader that fails is not an exception but a
`Score` with `ScoreStatus.GRADER_FAILED`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from gymnasium.error import ResetNeeded

__all__ = [
    "EndpointError",
    "EpisodeError",
    "MissingExtraError",
    "PartImportError",
    "ReasonEnvError",
    "RecordingError",
    "SandboxUnavailable",
    "TaskDataError",
    "UnknownNameError",
]


class ReasonEnvError(Exception):
    """Base of every error that this distribution raises on purpose, ValueError and TypeError of callers apart."""


class UnknownNameError(ReasonEnvError, ValueError):
    """No such name in a table, or no such split of data; `of` says of which."""

    def __init__(self, kind: str, name: str, known: Iterable[str], of: str = "") -> None:
        names = sorted(known)
        close = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        place = f" of {of}" if of else ""
        only = f' Give {kind}="{names[0]}".' if of and len(names) == 1 else ""
        super().__init__(f"Unknown {kind} {name!r}{place}.{hint} Known: {', '.join(names) or 'none'}.{only}")
        self.kind, self.name, self.known, self.of = kind, name, names, of

    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[str, str, list[str], str]]:
        return type(self), (self.kind, self.name, self.known, self.of)


class PartImportError(ReasonEnvError, ValueError):
    """A "module:attribute" of a user's own part that cannot be imported."""

    def __init__(self, kind: str, path: str, reason: str) -> None:
        super().__init__(
            f"The {kind} {path!r} cannot be imported ({reason}). "
            'Expected "module:attribute", with the module in the current folder or installed.'
        )
        self.kind, self.path, self.reason = kind, path, reason

    def __reduce__(self) -> tuple[type[PartImportError], tuple[str, str, str]]:
        return type(self), (self.kind, self.path, self.reason)


class MissingExtraError(ReasonEnvError, ImportError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, requirement: str) -> None:
        super().__init__(f'{package!r} is not installed. Run: pip install "{requirement}"')
        self.package, self.requirement = package, requirement

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        return type(self), (self.package, self.requirement)


class TaskDataError(ReasonEnvError, ValueError):
    """A file or data set that cannot be read as tasks."""


class EndpointError(ReasonEnvError, RuntimeError):
    """A server of a model that cannot be reached, refuses a request, or fails again and again."""


class RecordingError(ReasonEnvError, ValueError):
    """A file of responses that an evaluation cannot go on with."""


class EpisodeError(ReasonEnvError, ResetNeeded):
    """`step` was called when no episode is running."""


class SandboxUnavailable(ReasonEnvError, RuntimeError):  # noqa: N818 - names a state, as gymnasium's ResetNeeded
    """This machine lacks a layer that the sandbox needs."""

    def __init__(self, layer: str, reason: str, fix: str) -> None:
        super().__init__(f"The sandbox needs {layer}, and this machine refuses it: {reason}. {fix}")
        self.layer, self.reason, self.fix = layer, reason, fix

    def __reduce__(self) -> tuple[type[SandboxUnavailable], tuple[str, str, str]]:
        return type(self), (self.layer, self.reason, self.fix)
