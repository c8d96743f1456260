"""Neural reward models: scorers of helpfulness and safety that train, evaluate and serve on their own.

`load("helpfulness")` and `load("safety")` give small embedded models; `load(folder)` what was saved; the classes take
any Hugging Face checkpoint; `HttpRewardModel` asks a server. All have `score(prompts, responses) -> list[float]`, where
NaN says that there is no score. This package imports neither `reasonenv` nor `agents`.
"""

from reward_models.base import JudgedPart, Judgement, Prompt, RewardModel, ScoreCounts
from reward_models.calibration import Calibration, StepGate
from reward_models.data import PreferencePair, SafetyExample
from reward_models.ensemble import Ensemble
from reward_models.guards import GuardModel
from reward_models.helpfulness import HelpfulnessModel
from reward_models.http import HttpRewardModel
from reward_models.loading import SmallModelWarning, load
from reward_models.safety import SafetyModel

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
    "StepGate",
    "load",
]
