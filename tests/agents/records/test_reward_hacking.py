import math
import re

import numpy as np
import pytest

from agents.records.reward_hacking import hacking_suspicion

NAMES = {"neural": ["rollout/helpfulness"], "rules": ["rollout/accuracy"]}


def run(helpfulness: float, accuracy: float, *, num_steps: int = 40, noise: float = 0.1, seed: int = 0):
    """The metrics of a run in which each reward moves by so much from its first step to its last."""
    random = np.random.default_rng(seed)
    return [
        {
            "rollout/helpfulness": helpfulness * step / num_steps + noise * random.normal(),
            "rollout/accuracy": accuracy * step / num_steps + noise * random.normal(),
        }
        for step in range(num_steps)
    ]


def test_neural_reward_up_and_rule_down_is_suspicious():
    suspicion = hacking_suspicion(run(1.0, -1.0), **NAMES)
    assert suspicion is not None
    assert re.search(r"rollout/helpfulness went \+0.[45]\d* while rollout/accuracy went -0.[45]", suspicion)


@pytest.mark.parametrize(("helpfulness", "accuracy"), [(1, 1), (-1, -1), (-1, 1), (1, 0), (0, -1), (0, 0)])
def test_other_trends_are_not(helpfulness, accuracy):
    assert all(hacking_suspicion(run(helpfulness, accuracy, seed=seed), **NAMES) is None for seed in range(20))


def test_trends_within_the_noise_are_not():
    assert hacking_suspicion(run(0.05, -0.05), **NAMES) is None


def test_nothing_is_said_before_two_windows_are_full():
    assert hacking_suspicion(run(1.0, -1.0)[:39], **NAMES) is None


def test_steps_without_the_reward_do_not_count():
    history = run(1.0, -1.0)
    for step in history[::2]:
        del step["rollout/helpfulness"]
        step["rollout/accuracy"] = math.nan
    assert hacking_suspicion(history, **NAMES) is not None
    assert hacking_suspicion([{} for _ in range(40)], **NAMES) is None
