"""The guard between the sampler and the learner: how far apart they are, and importance weights where they differ."""

from agents.guards.apply import guarded
from agents.guards.difference import SamplerCheck
from agents.guards.presets import GUARDS, load_guard
from agents.guards.ratio import RatioGuard

__all__ = ["GUARDS", "RatioGuard", "SamplerCheck", "guarded", "load_guard"]
