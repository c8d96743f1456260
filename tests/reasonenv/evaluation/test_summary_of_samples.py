from __future__ import annotations

import json
import multiprocessing
import random

import pytest

from reasonenv.evaluation.samples import Sample, new_sample, score_samples
from reasonenv.evaluation.summary import summary
from reasonenv.types import MathReference, QAReference, Task

TASKS = [
    *(
        Task(
            task_id=f"sum/{number}",
            prompt=f"{number}+1=?",
            reference=MathReference(answer=str(number + 1)),
            metadata={"difficulty": number % 2, "domain": "math", "language": "en"},
        )
        for number in range(6)
    ),
    *(
        Task(
            task_id=f"choice/{number}",
            prompt="Which?",
            reference=QAReference(kind="choice", answers=("B",), choices=("x", "y", "z")),
            metadata={"domain": "logic", "language": "zh"},
        )
        for number in range(4)
    ),
]


def sampled() -> list[Sample]:
    """Return eight responses to each task: right, wrong, in other spellings, and without an answer."""
    rng = random.Random(0)
    samples: list[Sample] = []
    for task in TASKS:
        right = task.reference.answer
        texts = (
            [right, f"{right}.0", "3/6", "0.5", "A", "我不知道 maybe"]
            if task.task_id.startswith("sum")
            else list("ABBC")
        )
        for number in range(8):
            text = rng.choice([*texts, ""])
            response = f"<think>Wait, I check this. 检查</think> <answer>{text}</answer>"
            samples.append(new_sample(task, response, sample=number, response_tokens=rng.randrange(9)))
    mathematics = [sample for sample in samples if sample.answer_kind == "math"]
    questions = [sample for sample in samples if sample.answer_kind == "choice"]
    return [*score_samples(mathematics, TASKS, "r1_zero"), *score_samples(questions, TASKS, "r1_qa")]


def graded(task_id: str, verdicts: str) -> list[Sample]:
    """Return the samples of a task: `+` right, `-` wrong, `.` wrong without an answer, `?` failed, `_` unscored."""
    facts: dict[str, dict[str, object]] = {
        "+": {"status": "scored", "is_right": True, "answer": "1", "reward": 1.0, "components": {"accuracy": 1.0}},
        "-": {"status": "scored", "is_right": False, "answer": "2", "reward": 0.0, "components": {"accuracy": 0.0}},
        ".": {"status": "scored", "is_right": False, "reward": 0.0, "components": {"accuracy": 0.0}},
        "?": {"status": "grader_failed", "answer": "2", "components": {"accuracy": None}},
        "_": {},
    }
    return [
        Sample(task_id=task_id, prompt="?", sample=row, response=verdict, answer_kind="math", **facts[verdict])  # pyright: ignore[reportArgumentType]
        for row, verdict in enumerate(verdicts)
    ]


def dumped(samples: list[Sample]) -> str:
    return json.dumps(summary(samples), allow_nan=False)


def test_a_summary_is_the_same_to_the_last_bit_in_any_order_and_process():
    samples = sampled()
    expected = dumped(samples)
    shuffles = [random.Random(seed).sample(samples, len(samples)) for seed in range(3)]
    assert {dumped(shuffle) for shuffle in shuffles} == {expected}
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert set(pool.map(dumped, shuffles[:2])) == {expected}


def test_a_summary_counts_what_has_no_verdict_or_no_answer():
    found = summary([*graded("a", "+-.?"), *graded("b", "_..+"), *graded("c", "????")])
    assert (found["num_problems"], found["num_samples"]) == (3, 12)
    assert (found["num_unscored"], found["num_grader_failures"], found["num_unparsed"]) == (1, 5, 3)
    assert found["num_without_accuracy"] == 0
    assert found["pass@1"]["num_problems"] == 2
    assert found["pass@1"]["value"] == pytest.approx(1 / 3)
    assert found["cons@4"]["num_problems"] == 2
    assert found["cons@4"]["value"] == 0.75  # a's 1 and 2 tie, b's only answer is right, c has no grade
    assert found["pass@4"] == {"value": None, "low": None, "high": None, "num_problems": 0}
    assert found["components"] == {"accuracy": pytest.approx(1 / 3)}


def test_truncated_and_refused_responses_are_counted():
    long = new_sample(TASKS[0], "hm", finish_reason="length")
    refused = new_sample(TASKS[1], "I'm sorry, but I can't help with that.")
    found = summary([long, refused])
    assert (found["num_truncated"], found["num_refused"], found["num_unscored"]) == (1, 1, 2)
    assert (found["reward"], found["components"]) == (None, {})
    assert found["pass@1"]["value"] is None
    assert [key for key in found if "@" in key] == ["pass@1"]


def test_scored_responses_of_which_nothing_says_whether_they_are_right_are_counted():
    found = summary(score_samples([new_sample(TASKS[0], "5")], TASKS, "format"))
    assert (found["num_without_accuracy"], found["num_unparsed"], found["reward"]) == (1, 0, 0.0)


def test_a_summary_has_accuracy_by_label():
    found = summary(sampled())
    assert list(found["by_difficulty"]) == ["0", "1"]
    assert list(found["by_domain"]) == ["logic", "math"]
    assert list(found["by_language"]) == ["en", "zh"]
    assert found["by_domain"]["math"]["num_samples"] == 48
    assert found["by_domain"]["math"]["pass@1"]["num_problems"] == 6
    parts = found["by_domain"]
    assert found["pass@1"]["value"] == pytest.approx(
        0.6 * parts["math"]["pass@1"]["value"] + 0.4 * parts["logic"]["pass@1"]["value"]
    )


def test_k_is_what_every_problem_has_unless_it_is_given():
    samples = [*graded("a", "+-+-"), *graded("b", "++")]
    assert [key for key in summary(samples) if "@" in key] == ["pass@1", "pass@2", "cons@2"]
    found = summary(samples, k=4)
    assert (found["pass@4"]["num_problems"], found["cons@4"]["num_problems"]) == (1, 1)


def test_nothing_cannot_be_summed_up():
    with pytest.raises(ValueError, match="no samples"):
        summary([])
    with pytest.raises(ValueError, match="k=0"):
        summary(graded("a", "+-"), k=0)
