"""What a search finds that presets pay for nothing; the benchmark `bench_garbage` searches longer, on more tasks."""

import pytest

from reasonenv import MathReference, QAReference, Task, load_reward
from reasonenv.evaluation.garbage import search_garbage
from reasonenv.rewards import CompositeReward, rule
from reasonenv.tasksets import load_tasks
from reasonenv.types import Attempt

NUM_RESPONSES = 600
MATHEMATICS = load_tasks("linear_equations", split="test")[0]
QUESTION = load_tasks("qa_facts", split="test")[0]


def honest(task):
    return f"<think>{task.solution or 'I look at what is said, and take the name.'}</think> <answer>-1234567</answer>"


@pytest.mark.parametrize(
    ("preset", "task"),
    [
        ("r1_zero", MATHEMATICS),
        ("r1_reasoning", MATHEMATICS),
        ("open_r1", MATHEMATICS),
        ("train_deepseek_r1", MATHEMATICS),
        ("r1_qa", QUESTION),
        ("r1_all_scenarios", MATHEMATICS),
        ("r1_all_scenarios", QUESTION),
    ],
)
def test_garbage_earns_no_more_than_an_honest_wrong_attempt(preset, task):
    reward = load_reward(preset)
    (wrong,) = reward.score([Attempt(task=task, response=honest(task), group_id=0)])
    assert search_garbage(reward, task, num_responses=NUM_RESPONSES).total < wrong.total + 0.05


def test_published_numbers_of_train_deepseek_r1_are_found_to_pay_garbage():
    task = Task(task_id="a/0", prompt="What is 2+2?", reference=MathReference(answer="$44$"))
    paid = search_garbage(load_reward("compat_train_deepseek_r1"), task, num_responses=NUM_RESPONSES)
    assert paid.total > 1.5


@rule("long_x")
def long_x(task, response):
    return min(1.0, response.count("x") / 4)


def test_search_finds_what_is_paid_and_is_the_same_for_a_seed():
    reward = CompositeReward.of(long_x)
    found = [search_garbage(reward, MATHEMATICS, num_responses=NUM_RESPONSES, seed=1) for _ in range(2)]
    assert found[0] == found[1]
    assert found[0].total == 1.0


@rule("luck", is_correctness=True)
def luck(task, response):
    return float("7" in response or "zzz" in response)


def test_lucky_guesses_are_left_out_and_holes_are_not():
    seven = Task(task_id="a/1", prompt="Is it zzz ?", reference=MathReference(answer="7"))
    hole = search_garbage(CompositeReward.of(luck), seven, num_responses=NUM_RESPONSES)
    assert (hole.total, "7" in hole.response, "zzz" in hole.response) == (1.0, False, True)
    choice = Task(task_id="a/2", prompt="Is it zzz ?", reference=QAReference(kind="boolean", answers=("yes",)))
    assert search_garbage(CompositeReward.of(luck), choice, num_responses=NUM_RESPONSES).total == 0.0
