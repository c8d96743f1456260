"""Errors of reward models.

RewardModelError
├── LoadError     (ValueError)        a name or folder that holds no reward model of ours, or a model that cannot score
├── DataError     (ValueError)        a file that cannot be read as preference pairs or safety examples
├── ServerError   (RuntimeError)      a scoring server that answered with something else than scores; says what
└── JudgeError    (RuntimeError)      a judge that could not be asked, or whose answer holds no verdict

A response that could not be scored is not an exception but a score of NaN (see `reward_models.base`).
"""

from __future__ import annotations

__all__ = ["DataError", "JudgeError", "LoadError", "RewardModelError", "ServerError"]


class RewardModelError(Exception):
    """Base of every error that this package raises on purpose, ValueError and TypeError of callers apart."""


class LoadError(RewardModelError, ValueError):
    """No reward model there, or a model that cannot score."""


class DataError(RewardModelError, ValueError):
    """A file that cannot be read as preference pairs or safety examples."""


class ServerError(RewardModelError, RuntimeError):
    """A scoring server that could not be reached in time, or that answered with something else than scores."""


class JudgeError(RewardModelError, RuntimeError):
    """A judge that could not be asked, or whose answer holds no verdict."""
