"""Rollout engines with settings: what stands in `RolloutConfig.engine` in place of a name."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from agents.rollout.decode import DecodeEngine
from agents.rollout.hf import HFGenerateEngine

__all__ = ["DecodeEngineConfig", "HFEngineConfig"]


@dataclass(frozen=True, kw_only=True)
class DecodeEngineConfig:
    """The engine "decode", with limits of its memory."""

    max_rows: int = 256
    """Rows that are decoded at once."""
    max_cache_bytes: int = 8 << 30
    """Memory of the keys and values; where it holds fewer rows, fewer are decoded at once."""

    def __call__(self, model: Any, *, pad_token_id: int) -> DecodeEngine:
        """Return the engine of this model."""
        return DecodeEngine(model, pad_token_id, **asdict(self))


@dataclass(frozen=True, kw_only=True)
class HFEngineConfig:
    """The engine "hf", with a limit of its memory."""

    max_rows: int = 256
    """Rows that are sampled at once."""

    def __call__(self, model: Any, *, pad_token_id: int) -> HFGenerateEngine:
        """Return the engine of this model."""
        return HFGenerateEngine(model, pad_token_id, **asdict(self))
