"""Rewards whose time limits no busy machine reaches, for tests of their numbers."""

from __future__ import annotations

from dataclasses import replace

from reasonenv.rewards import CompositeReward, Reward, load_reward
from reasonenv.rewards.accuracy import Accuracy
from reasonenv.rewards.compat.judgement import CallLength, PeriodicCosine, VerifiedAccuracy
from reasonenv.rewards.length import CosineLength, Length

_SECONDS = 300.0


def patient(reward: Reward) -> Reward:
    if isinstance(reward, Accuracy | VerifiedAccuracy):
        return replace(reward, timeout_seconds=_SECONDS)
    if isinstance(reward, PeriodicCosine | CallLength):
        return replace(reward, correctness=replace(reward.correctness, timeout_seconds=_SECONDS))
    if isinstance(reward, CosineLength | Length):
        return replace(reward, correctness=patient(reward.correctness))
    return reward


def load_patiently(name: str) -> CompositeReward:
    return CompositeReward(
        {term: (patient(reward), weight) for term, (reward, weight) in load_reward(name).terms.items()}
    )
