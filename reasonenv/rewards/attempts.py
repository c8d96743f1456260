"""What a reward needs of an attempt beyond its text. What is missing is an error: a guess would be another reward."""

from __future__ import annotations

from typing import Literal, TypeVar

from reasonenv.types import Attempt

__all__ = ["LengthUnit", "group_of", "length_of", "reference_of", "tokens_of"]

LengthUnit = Literal["characters", "tokens"]
ReferenceT = TypeVar("ReferenceT")


def reference_of(attempt: Attempt, kind: type[ReferenceT], *, reward: str) -> ReferenceT:
    """Return the reference of the task, which must be of the given type.

    Args:
        attempt: at the task.
        kind: `MathReference`, `CodeReference` or `QAReference`.
        reward: name of the reward that asks, for the error message.

    Raises:
        TypeError: the task has another reference.
    """
    reference = attempt.task.reference
    if not isinstance(reference, kind):
        raise TypeError(
            f"The reward {reward!r} needs a {kind.__name__}, but task {attempt.task.task_id!r} has a "
            f"{type(reference).__name__}. Give the task a {kind.__name__} or choose another reward."
        )
    return reference


def length_of(attempt: Attempt, unit: LengthUnit, *, reward: str) -> int:
    """Return the length of the response in characters or tokens.

    Raises:
        ValueError: tokens are to be counted and the attempt has none.
    """
    return len(attempt.response) if unit == "characters" else len(tokens_of(attempt, reward=reward))


def tokens_of(attempt: Attempt, *, reward: str) -> tuple[int, ...]:
    """Return the tokens of the response.

    Raises:
        ValueError: the attempt has none.
    """
    if attempt.token_ids is None:
        raise ValueError(
            f"The reward {reward!r} needs the tokens of the response, but the attempt at task "
            f"{attempt.task.task_id!r} has token_ids=None. Pass them to step(..., token_ids=...) of the environment or "
            f"to Attempt(token_ids=...), as agents.rollout.collect does, or choose another unit."
        )
    return attempt.token_ids


def group_of(attempt: Attempt, *, reward: str) -> tuple[int, str]:
    """Return the group and the task, which the attempts that are compared with this one share.

    Raises:
        ValueError: the attempt has no group.
    """
    if attempt.group_id is None:
        raise ValueError(
            f"The reward {reward!r} compares the attempts of a group, but the attempt at task "
            f"{attempt.task.task_id!r} has group_id=None. TextVectorEnv and TextEnv fill it; elsewhere give the "
            "attempts at one prompt the same Attempt(group_id=...)."
        )
    return attempt.group_id, attempt.task.task_id
