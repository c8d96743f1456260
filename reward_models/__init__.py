"""Neural reward models: helpfulness and safety, trained, evaluated and served without `reasonenv` or `agents`.

`load("helpfulness")` and `load("safety")` give small embedded models, `load(folder)` what was saved. The classes take
any Hugging Face checkpoint, and `HttpRewardModel` asks a server. Every model has
`score(prompts, responses) -> list[float]`, where NaN means that there is no score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reward_models.installation import DISTRIBUTION, require_modules

require_modules()

from reward_models.base import JudgedPart, Judgement, Prompt, RewardModel, ScoreCounts
from reward_models.calibration import Calibration
from reward_models.http import HttpRewardModel
from reward_models.loading import SmallModelWarning, load
from reward_models.models.ensemble import Ensemble
from reward_models.models.guards import GuardModel
from reward_models.models.trained import HelpfulnessModel, SafetyModel
from reward_models.training.data import PreferencePair, SafetyExample

__all__ = [
    "Calibration",
    "Ensemble",
    "GuardModel",
    "HelpfulnessModel",
    "HttpRewardModel",
    "JudgedPart",
    "Judgement",
    "PreferencePair",
    "Prompt",
    "RewardModel",
    "SafetyExample",
    "SafetyModel",
    "ScoreCounts",
    "SmallModelWarning",
    "load",
]

if TYPE_CHECKING:
    __version__: str
else:

    def __getattr__(name: str) -> str:
        """Read `__version__` when it is asked for: a checkout that is not installed has none."""
        if name != "__version__":
            raise AttributeError(f"module 'reward_models' has no attribute {name!r}")
        from importlib.metadata import version

        return version(DISTRIBUTION)
