import math
import pickle
import subprocess
import sys
import threading

import pytest

from reasonenv.rewards import CompositeReward, rule
from reasonenv.rewards.neural import NeuralReward, helpfulness, safety
from reasonenv.types import Attempt, ScoreStatus, Task


class Lengths:
    """Scores a response by its length; has no score for an empty one."""

    def score(self, prompts, responses):
        assert prompts == ["Why?"] * len(responses)
        return [float(len(response)) if response else float("nan") for response in responses]


class OneShort:
    def score(self, prompts, responses):
        return [1.0] * (len(responses) - 1)


class OutOfMemory:
    def score(self, prompts, responses):
        raise MemoryError("no room for the model")


def attempts(*responses):
    task = Task(task_id="open/train/00001", prompt="Why?", reference=None)
    return [Attempt(task=task, response=response) for response in responses]


def test_scores_come_from_the_question_and_the_response():
    assert [score.value for score in NeuralReward("lengths", Lengths).score(attempts("a", "abc"))] == [1.0, 3.0]


class PromptLengths:
    def score(self, prompts, responses):
        return [float(len(prompt)) for prompt in prompts]


def test_what_was_said_before_the_question_is_part_of_what_the_model_scores():
    task = Task(task_id="t", prompt="Why?", reference=None, history=({"role": "system", "content": "Be brief."},))
    (score,) = NeuralReward("lengths", PromptLengths).score([Attempt(task=task, response="a")])
    assert score.value == len("Be brief.\n\nWhy?")


class ShortOnly:
    """Scores what has at most 20 characters, and only prompts without a question mark at their start."""

    def score(self, prompts, responses):
        return [
            math.nan if prompt.startswith("?") or len(response) > 20 else float(len(response))
            for prompt, response in zip(prompts, responses, strict=True)
        ]


def test_response_that_alone_is_to_blame_for_having_no_score_gets_the_lowest():
    good, short, too_long = NeuralReward("lengths", ShortOnly).score(attempts("a" * 20, "a", "a" * 21))
    assert (good.value, short.value, too_long.value) == (20.0, 1.0, 1.0)
    assert "scores another response to this prompt" in too_long.details["reason"]


def test_no_score_whatever_the_response_is_a_failure_of_the_grader_and_not_zero():
    task = Task(task_id="open/train/00002", prompt="?", reference=None)
    good, missing = NeuralReward("lengths", ShortOnly).score([*attempts("a"), Attempt(task=task, response="a")])
    assert good.status is ScoreStatus.SCORED
    assert missing.status is ScoreStatus.GRADER_FAILED
    assert "'lengths' gave no score" in missing.details["reason"]


class Infinite:
    def score(self, prompts, responses):
        return [float("inf")] * len(prompts)


def test_infinity_is_no_score():
    assert [score.status for score in NeuralReward("infinite", Infinite).score(attempts("a", "b"))] == [
        ScoreStatus.GRADER_FAILED
    ] * 2


def test_a_copy_knows_the_range_of_its_model():
    reward = NeuralReward("lengths", Lengths, value_range=(0.0, 9.0))
    assert pickle.loads(pickle.dumps(reward)).value_range == (0.0, 9.0)


def test_scorer_is_made_when_first_needed_and_once():
    made = []
    reward = NeuralReward("lengths", lambda: made.append(1) or Lengths())
    assert reward.score([]) == []
    assert made == []
    reward.score(attempts("a"))
    reward.score(attempts("b"))
    assert made == [1]


def test_what_the_scorer_raises_reaches_the_caller():
    with pytest.raises(MemoryError, match="no room"):
        NeuralReward("broken", OutOfMemory).score(attempts("a"))


def test_wrong_number_of_scores_is_an_error():
    with pytest.raises(ValueError, match="2 attempts, got 1 numbers"):
        NeuralReward("short", OneShort).score(attempts("a", "b"))


def test_pickled_copy_makes_its_own_scorer():
    reward = NeuralReward("lengths", Lengths)
    reward.score(attempts("a"))
    copy = pickle.loads(pickle.dumps(reward))
    assert copy == reward
    assert copy.score(attempts("abc"))[0].value == 3.0


@pytest.mark.parametrize("name", ["helpfulness", "safety"])
def test_embedded_model_without_torch_names_the_distribution_to_install(name):
    program = (
        f"import sys; sys.modules['torch'] = None\nfrom reasonenv.rewards import load_reward\nload_reward({name!r})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "MissingExtraError: 'torch' is not installed. Run: pip install \"reasonenv-reward-models\"" in done.stderr


def test_embedded_models_of_different_kinds_are_different_rewards():
    assert helpfulness() == helpfulness()
    assert helpfulness() != safety()
    assert NeuralReward("helpfulness", Lengths) != helpfulness()


def test_rules_score_while_the_model_computes():
    has_rule_scored = threading.Event()

    class Waits:
        def score(self, prompts, responses):
            return [float(has_rule_scored.wait(timeout=60)) for _ in responses]

    @rule("quick")
    def quick(task, response):
        has_rule_scored.set()
        return 1.0

    composite = CompositeReward({"neural": (NeuralReward("neural", Waits), 1.0), "quick": (quick, 1.0)})
    assert composite.score(attempts("a"))[0].components == {"neural": 1.0, "quick": 1.0}


def test_batches_of_several_threads_take_turns():
    class Busy:
        is_busy = False

        def score(self, prompts, responses):
            assert not self.is_busy
            self.is_busy = True
            threading.Event().wait(0.01)
            self.is_busy = False
            return [1.0] * len(responses)

    reward = NeuralReward("busy", Busy)
    waiting = [reward.start_scoring(attempts("a")) for _ in range(8)]
    assert [wait()[0].value for wait in waiting] == [1.0] * 8
