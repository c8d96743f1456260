"""Responses to imitate: the samples of a supervised phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from reasonenv.types import Message

__all__ = ["SFTSample", "SampleList", "SampleSource"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SFTSample:
    """One response to imitate, to a text or to messages.

    >>> SFTSample(prompt="2 + 2 = ", response="4").weight
    1.0
    """

    response: str
    prompt: str | None = None
    """Encoded as it is, whatever the chat template says."""
    messages: tuple[Message, ...] = ()
    """Encoded through the tokenizer's chat template."""
    weight: float = 1.0
    """Factor of its tokens in the loss."""


@dataclass(frozen=True)
class SampleList:
    """Samples in memory, with the hash of what they were read from."""

    samples: tuple[SFTSample, ...]
    sha256: str
    """Of the file, or of the rows as JSON lines."""

    def __len__(self) -> int:
        return len(self.samples)


SampleSource: TypeAlias = str | Path | Sequence[SFTSample | Mapping[str, Any]] | SampleList
