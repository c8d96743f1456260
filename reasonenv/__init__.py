"""Gymnasium environments with verifiable rewards for reasoning language models.

`import reasonenv` registers the ids of `reasonenv.registration.ENVIRONMENTS` with Gymnasium. What it exports is enough
to make environments from your own tasks and rewards. PyTorch is never needed here.
"""

from __future__ import annotations

from reasonenv.interruption import end_by_ctrl_c

end_by_ctrl_c()

from reasonenv.env import TextEnv
from reasonenv.prompts import PromptTemplate, load_template
from reasonenv.registration import register_environments
from reasonenv.rewards import CompositeReward, Reward, load_reward, rule
from reasonenv.spaces import UnicodeText
from reasonenv.tasksets import TaskSet, load_tasks
from reasonenv.turns import Interaction, Turn
from reasonenv.types import (
    Attempt,
    CodeReference,
    MathReference,
    Message,
    QAReference,
    RewardBreakdown,
    Score,
    ScoreStatus,
    Task,
)
from reasonenv.vector import TextVectorEnv

__version__ = "0.1.0"

__all__ = [
    "Attempt",
    "CodeReference",
    "CompositeReward",
    "Interaction",
    "MathReference",
    "Message",
    "PromptTemplate",
    "QAReference",
    "Reward",
    "RewardBreakdown",
    "Score",
    "ScoreStatus",
    "Task",
    "TaskSet",
    "TextEnv",
    "TextVectorEnv",
    "Turn",
    "UnicodeText",
    "load_reward",
    "load_tasks",
    "load_template",
    "rule",
]

register_environments()
