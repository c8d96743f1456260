"""The corrections that have names. Bounds are the published ones, or the defaults of the programs that named them."""

from __future__ import annotations

from typing import Any

from agents.errors import ConfigError
from agents.guards.ratio import RatioGuard
from reasonenv.tables import resolve

__all__ = ["GUARDS", "load_guard"]

TIS = RatioGuard(level="token", action="truncate", high=2.0)
"""Truncated importance sampling, min(ρ, C) per token (Ionides 2008; for a separate sampler Yao et al. 2025, C = 2)."""
MIS = RatioGuard(level="token", action="mask", high=2.0)
"""Masked importance sampling, ρ·1[ρ ≤ C] per token (Liu et al. 2025), with the bound of TIS."""
ICEPOP = RatioGuard(level="token", action="mask", low=0.5, high=5.0)
"""IcePop, ρ·1[α ≤ ρ ≤ β] per token (Ring-1T, arXiv 2510.18855)."""
KPOP = RatioGuard(statistic="binary_kl", level="token", action="mask", high=2.0)
"""KPop, ρ where neither divergence of "this token or any other" is above 2 (AReaL)."""
OPSM = RatioGuard(statistic="k1", level="sequence_mean", action="drop", high=0.1, negative_only=True)
"""Off-policy sequence masking: responses with A < 0 and a mean of log(μ/π) above δ are left out (Eq. 9, arXiv
2512.02556). The paper looks at the policy of every optimizer step; here π is that before the first one."""
SEQUENCE_MASK = RatioGuard(level="sequence", action="mask", high=3.0)
"""Sequence-level masked importance sampling, ∏ρ·1[∏ρ ≤ C] (Liu et al. 2025; C = 3 is TRL's default)."""
SEQUENCE_TIS = RatioGuard(level="sequence", action="truncate", high=3.0)
"""Sequence-level truncated importance sampling, min(∏ρ, C)."""
GEOMETRIC_MASK = RatioGuard(level="sequence_mean", action="mask", low=0.99, high=1.01)
"""ρ per token, in responses whose geometric mean of ρ is near 1 (NeMo-RL's seq-mask-tis)."""

GUARDS: dict[str, str] = {
    "geometric_mask": "agents.guards.presets:GEOMETRIC_MASK",
    "icepop": "agents.guards.presets:ICEPOP",
    "kpop": "agents.guards.presets:KPOP",
    "mis": "agents.guards.presets:MIS",
    "opsm": "agents.guards.presets:OPSM",
    "sequence_mask": "agents.guards.presets:SEQUENCE_MASK",
    "sequence_tis": "agents.guards.presets:SEQUENCE_TIS",
    "tis": "agents.guards.presets:TIS",
}
"""name → "module:attribute" of a `RatioGuard`."""


def load_guard(guard: str | RatioGuard) -> RatioGuard:
    """Return a guard by its name in `GUARDS` or its "module:attribute"; one that is there already stays as it is.

    Raises:
        UnknownNameError, PartImportError: there is no such guard.
        ConfigError: what was found is none.
    """
    found: Any = resolve(GUARDS, guard, kind="guard") if isinstance(guard, str) else guard
    if not isinstance(found, RatioGuard):
        raise ConfigError(f"{guard!r} is a {type(found).__name__}; a guard is a RatioGuard (agents.guards).")
    return found
