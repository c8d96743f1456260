"""Errors of reward models.

RewardModelError
├── LoadError     (ValueError)
├── DataError     (ValueError)
├── ServerError   (RuntimeError)
├── JudgeError    (RuntimeError)
└── MissingPackageError (ImportError)

A response that could not be scored is no exception but a score of NaN (see `reward_models.base`).
"""

from __future__ import annotations

__all__ = ["DataError", "JudgeError", "LoadError", "MissingPackageError", "RewardModelError", "ServerError"]


class RewardModelError(Exception):
    """Base of every error that this package raises on purpose, except ValueError and TypeError for wrong arguments."""


class LoadError(RewardModelError, ValueError):
    """A name or folder without a reward model of ours, or a model that cannot score."""


class DataError(RewardModelError, ValueError):
    """A file that cannot be read as preference pairs or safety examples."""


class ServerError(RewardModelError, RuntimeError):
    """A server that could not be reached in time, or that did not answer with scores."""


class JudgeError(RewardModelError, RuntimeError):
    """A judge that could not be asked, or whose answer holds no verdict."""


class MissingPackageError(RewardModelError, ImportError):
    """A requirement of this distribution is not installed."""

    def __init__(self, package: str, requirement: str) -> None:
        super().__init__(f'{package!r} is not installed. Run: pip install "{requirement}"')
        self.package, self.requirement = package, requirement

    def __reduce__(self) -> tuple[type[MissingPackageError], tuple[str, str]]:
        return type(self), (self.package, self.requirement)
