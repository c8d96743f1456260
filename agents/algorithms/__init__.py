"""Algorithms: frozen dataclasses of hyper-parameters that annotate a batch and give its loss; and their table."""

from __future__ import annotations

from typing import Any

from agents.algorithms.base import NEEDS, Algorithm, GroupBaseline, Need
from agents.algorithms.distillation import Distillation
from agents.algorithms.gdpo import GDPO
from agents.algorithms.grpo import GRPO
from agents.algorithms.maxrl import MaxRL
from agents.algorithms.otb import OTB
from agents.algorithms.ppo import PPO
from agents.algorithms.reinforce_pp import ReinforcePP
from agents.algorithms.rloo import RLOO
from agents.algorithms.surrogates.cispo import CISPO
from agents.algorithms.surrogates.dppo import DPPO
from agents.algorithms.surrogates.gmpo import GMPO
from agents.algorithms.surrogates.gspo import GSPO
from agents.algorithms.surrogates.sapo import SAPO
from agents.errors import ConfigError
from reasonenv.tables import resolve

__all__ = [
    "ALGORITHMS",
    "CISPO",
    "DPPO",
    "GDPO",
    "GMPO",
    "GRPO",
    "GSPO",
    "NEEDS",
    "OTB",
    "PPO",
    "RLOO",
    "SAPO",
    "Algorithm",
    "Distillation",
    "GroupBaseline",
    "MaxRL",
    "Need",
    "ReinforcePP",
    "load_algorithm",
]

ALGORITHMS: dict[str, str] = {
    "cispo": "agents.algorithms.surrogates.cispo:CISPO",
    "cispo_two_sided": "agents.algorithms.surrogates.cispo:cispo_two_sided",
    "dapo": "agents.algorithms.surrogates.dapo:dapo",
    "distillation": "agents.algorithms.distillation:Distillation",
    "dppo": "agents.algorithms.surrogates.dppo:DPPO",
    "dr_grpo": "agents.algorithms.surrogates.dr_grpo:dr_grpo",
    "gdpo": "agents.algorithms.gdpo:GDPO",
    "gmpo": "agents.algorithms.surrogates.gmpo:GMPO",
    "grpo": "agents.algorithms.grpo:GRPO",
    "gspo": "agents.algorithms.surrogates.gspo:GSPO",
    "maxrl": "agents.algorithms.maxrl:MaxRL",
    "otb": "agents.algorithms.otb:OTB",
    "ppo": "agents.algorithms.ppo:PPO",
    "reinforce_pp": "agents.algorithms.reinforce_pp:ReinforcePP",
    "rloo": "agents.algorithms.rloo:RLOO",
    "sapo": "agents.algorithms.surrogates.sapo:SAPO",
}
"""Algorithm name → "module:attribute" of a frozen dataclass whose fields all have defaults, or of what returns one."""


def load_algorithm(name: str) -> Algorithm:
    """Return an algorithm with its own defaults.

    Args:
        name: a row of `ALGORITHMS`, or "module:attribute" of a class, a function without arguments, or an instance.

    Raises:
        UnknownNameError, PartImportError: there is no such algorithm.
        ConfigError: what was found is none.
    """
    found: Any = resolve(ALGORITHMS, name, kind="algorithm")
    try:
        algorithm = found() if callable(found) else found
    except TypeError as error:
        raise ConfigError(f"The algorithm {name!r} cannot be made without arguments: {error}.") from error
    if not isinstance(algorithm, Algorithm):
        raise ConfigError(
            f"{name!r} gives a {type(algorithm).__name__}, which is no algorithm: it needs needs, annotate, "
            "gradient_rows and loss (agents.algorithms.Algorithm)."
        )
    return algorithm
