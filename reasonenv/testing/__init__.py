"""Checks for any task set, reward, turn or environment, single or vector, yours as well as ours.

Each is a plain function, to be called from any test framework: it returns nothing, or raises AssertionError with what
was expected and what was found. Whether a reward measures what it should, only its own tests can say.

>>> from reasonenv.rewards.format import Format
>>> from reasonenv.tasksets import load_tasks
>>> check_reward(Format(), [load_tasks("gcd_lcm")[0]])
"""

from reasonenv.testing.environments import check_env, check_vector_env
from reasonenv.testing.parts import check_interaction, check_reward, check_task_set

__all__ = ["check_env", "check_interaction", "check_reward", "check_task_set", "check_vector_env"]
