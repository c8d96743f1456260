"""The reward of answers to questions, its preset and its environment."""

from __future__ import annotations

import math
import pickle

import gymnasium as gym
import pytest

from reasonenv import Attempt, MathReference, QAReference, ScoreStatus, Task, load_reward
from reasonenv.rewards.qa import QAAccuracy
from reasonenv.testing import check_reward


def attempt(response, reference):
    return Attempt(task=Task(task_id="q", prompt="?", reference=reference), response=response)


PARIS = QAReference(kind="short", answers=("Paris",))


def test_details_say_what_was_read_and_how_it_was_judged():
    (score,) = QAAccuracy().score([attempt("<answer>Paris, Texas</answer>", PARIS)])
    assert score.value == 0
    assert score.details == {"answer": "Paris, Texas", "status": "wrong", "kind": "short", "f1": pytest.approx(2 / 3)}


def test_an_answer_that_cannot_be_read_scores_0_and_gives_the_reason():
    (score,) = QAAccuracy().score([attempt("<think>Paris", PARIS)])
    assert (score.value, score.status) == (0, ScoreStatus.SCORED)
    assert score.details["status"] == "no_answer"
    assert score.details["reason"] == "the thinking never ends"


def test_an_open_question_is_no_score_instead_of_a_zero():
    (score,) = QAAccuracy().score([attempt("Hello!", QAReference(kind="open"))])
    assert math.isnan(score.value)
    assert score.status is ScoreStatus.GRADER_FAILED
    assert score.details["status"] == "no_rule"


def test_a_batch_of_every_kind_is_scored_in_order():
    references = [
        PARIS,
        QAReference(kind="number", answers=("5 km",)),
        QAReference(kind="boolean", answers=("yes",)),
        QAReference(kind="choice", answers=("B",), choices=("this", "that")),
        QAReference(kind="list", answers=("red", "blue")),
        QAReference(kind="citation", answers=("1", "3")),
        QAReference(kind="constrained", constraints=("max_words 3",)),
    ]
    right = ("Paris", "5000 m", "Yes", "that", "blue and red", "[1][3]", "A few words")
    values = [score.value for score in QAAccuracy().score(list(map(attempt, right, references)))]
    assert values == [1] * 7


def test_a_task_of_another_kind_is_named():
    with pytest.raises(TypeError, match="needs a QAReference, but task 'q' has a MathReference"):
        QAAccuracy().score([attempt("5", MathReference(answer="5"))])


def test_preset_adds_the_form_of_the_response():
    (breakdown,) = load_reward("r1_qa").score([attempt("<think>hm</think> <answer>Paris</answer>", PARIS)])
    assert breakdown.components == {"qa": 1.0, "format": 1.0}
    assert breakdown.total == 2.0


@pytest.mark.parametrize("kind", ["short", "number", "boolean", "choice", "list", "citation", "constrained", "open"])
def test_reward_conforms_for_every_kind_of_reference(kind):
    reference = QAReference(kind=kind, answers=("yes",), constraints=("min_words 1",))
    check_reward(QAAccuracy(), [Task(task_id="q", prompt="Is it so?", reference=reference)])


def test_references_are_hashable_and_survive_pickling():
    assert pickle.loads(pickle.dumps(PARIS)) == PARIS
    assert len({PARIS, QAReference(kind="short", answers=("Paris",))}) == 1


@pytest.mark.parametrize("index", range(12))
def test_environment_pays_a_right_answer_in_the_right_form(index):
    env = gym.make("reasonenv/QA-v0", split="test").unwrapped
    env.reset(options={"task_index": index})
    _, reward, terminated, _, info = env.step(f"<think>hm</think> <answer>{env.task.reference.answer}</answer>")
    assert (reward, terminated) == (2.0, True)
    assert dict(info["reward_details"])["qa"]["status"] == "correct"


def test_environment_does_not_pay_for_the_question_or_for_nothing():
    env = gym.make("reasonenv/QA-v0").unwrapped
    for index in range(36):
        for answer in ("", "I do not know.", None):
            prompt, _ = env.reset(options={"task_index": index})
            text = env.task.prompt if answer is None else answer
            *_, info = env.step(f"<think>hm</think> <answer>{text}</answer>")
            assert info["reward_components"]["qa"] == 0, (prompt, text)
