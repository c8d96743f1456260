"""Neural reward models: helpfulness and safety, trained, evaluated and served without `reasonenv` or `agents`.

`load("helpfulness")` and `load("safety")` give small embedded models, `load(folder)` what was saved. The classes take
any Hugging Face checkpoint, and `HttpRewardModel` asks a server. Every model has
`score(prompts, responses) -> list[float]`, where NaN means that there is no score.
"""

from __future__ import annotations

from reward_models.installation import end_by_ctrl_c, require_modules

end_by_ctrl_c()
require_modules()

from reward_models.base import JudgedPart, Judgement, Prompt, RewardModel, ScoreCounts
from reward_models.calibration import Calibration
from reward_models.http import HttpRewardModel
from reward_models.loading import SmallModelWarning, load
from reward_models.models.ensemble import Ensemble
from reward_models.models.guards import GuardModel
from reward_models.models.trained import HelpfulnessModel, SafetyModel
from reward_models.training.data import PreferencePair, SafetyExample

__version__ = "0.1.0"

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
