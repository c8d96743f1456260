"""A row of a file of samples: what to imitate, and where it comes from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from reasonenv.types import Message

__all__ = ["Origin", "TrainingSample", "text_hash"]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a response comes from."""

    source: str
    """The name of the source within its stage, such as "few_shot"."""
    task_id: str
    sample: int
    """Which of the responses to the task it was."""
    checkpoint: str | None = None
    """The content hash of the policy that sampled it; None for one that was given."""
    sampling: Mapping[str, Any] | None = None
    """Temperature, top-p, token limit and seed; None for one that was given."""
    prompt_form: str | None = None
    """How the policy was asked, such as "FewShot"."""
    parent: str | None = None
    """The hash of the text that was sampled, where that was refined; None where it is the response itself."""


@dataclass(frozen=True, kw_only=True)
class TrainingSample:
    """One response to imitate, as `SFTConfig.samples` reads it, with its origin.

    >>> origin = Origin(source="few_shot", task_id="sum/0", sample=0)
    >>> sample = TrainingSample(prompt="2+3=", response="5", origin=origin, components={"accuracy": 1.0})
    >>> sample.row()["source"]
    'few_shot'
    """

    response: str
    prompt: str | None = None
    messages: tuple[Message, ...] = ()
    weight: float = 1.0
    origin: Origin
    components: Mapping[str, float | None]
    """What each term of the reward said."""
    filters: tuple[str, ...] = ()
    """The filters that it passed."""
    rejected: str | None = None
    """Why it is not learned from; None for one that is."""

    def row(self) -> dict[str, Any]:
        """Return the JSON object; only what is not None or empty of prompt, messages and rejected."""
        asked = {"prompt": self.prompt} if self.prompt is not None else {"messages": list(self.messages)}
        rejected = {} if self.rejected is None else {"rejected": self.rejected}
        return {
            **asked,
            "response": self.response,
            "weight": self.weight,
            **asdict(self.origin),
            "components": dict(self.components),
            "filters": list(self.filters),
            **rejected,
        }


def text_hash(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
