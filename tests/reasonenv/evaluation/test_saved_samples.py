from __future__ import annotations

import dataclasses
import doctest
import random
from pathlib import Path
from typing import Any

import pytest

from reasonenv.errors import TaskDataError
from reasonenv.evaluation import refusals
from reasonenv.evaluation.refusals import is_refusal
from reasonenv.evaluation.samples import (
    Sample,
    new_sample,
    read_samples,
    score_samples,
    write_samples,
)
from reasonenv.rewards import CompositeReward, rule
from reasonenv.tasksets import load_tasks
from reasonenv.types import CodeReference, MathReference, QAReference, Score, StdinTests, Task

SUM = Task(
    task_id="sum/1",
    prompt="2+3=?",
    reference=MathReference(answer="5"),
    metadata={"domain": "math", "difficulty": 2, "language": "en"},
)
CAPITAL = Task(
    task_id="capital/1", prompt="法国的首都？", reference=QAReference(kind="short", answers=("Paris", "巴黎"))
)


WRONG_FIELDS = [
    ('"sample": true', "sample must be a whole number, got True"),
    ('"sample": -1', "sample must be 0, 1, …"),
    ('"is_right": 0.5', "is_right must be true or false or null, got 0.5"),
    ('"is_right": "yes"', "is_right must be true or false or null, got 'yes'"),
    ('"reward": "1"', "reward must be a whole number or a finite number or null, got '1'"),
    ('"reward": NaN', "reward must be .*, got nan"),
    ('"components": null', "components must be an object of finite values, got None"),
    ('"components": {"a": 1e999}', "components must be an object of finite values, got"),
    ('"components": {"a": "1"}', ".* each component a number or null"),
    ('"difficulty": 3', "difficulty must be a text or null, got 3"),
    ('"answer": 5', "answer must be a text or null, got 5"),
    ('"prompt": null', "prompt must be a text, got None"),
]


def answered(task: Task[Any], answer: str, sample: int = 0) -> Sample:
    return new_sample(task, f"<think>hm</think> <answer>{answer}</answer>", sample=sample)


def test_a_new_sample_holds_what_is_known_of_its_task():
    sample = new_sample(SUM, "5", sample=3, response_tokens=1, finish_reason="length", extras={"checkpoint": "abc"})
    assert (sample.task_id, sample.prompt, sample.gold, sample.answer_kind) == ("sum/1", "2+3=?", "5", "math")
    assert (sample.domain, sample.difficulty, sample.language) == ("math", "2", "en")
    assert (sample.status, sample.reward, sample.is_right, sample.is_truncated) == ("unscored", None, None, True)


@pytest.mark.parametrize(
    ("reference", "kind", "gold"),
    [
        (QAReference(kind="choice", answers=("B",)), "choice", "B"),
        (QAReference(kind="list", answers=("a", "b"), is_ordered=True), "ordered_list", "a, b"),
        (QAReference(kind="open"), "open", None),
        (CodeReference(tests=StdinTests((("1", "2"),))), "code", None),
        (None, None, None),
    ],
)
def test_the_kind_of_answer_comes_from_the_reference(reference: object, kind: str | None, gold: str | None):
    sample = new_sample(Task(task_id="t", prompt="?", reference=reference), "B")
    assert (sample.answer_kind, sample.gold) == (kind, gold)


def test_samples_come_back_from_their_file_as_they_were(tmp_path: Path):
    samples = score_samples([answered(SUM, "5"), answered(SUM, "四\u2028\ud800", 1)], [SUM], "r1_zero")
    write_samples(tmp_path / "samples.jsonl", samples)
    assert read_samples(tmp_path / "samples.jsonl") == samples


def test_a_half_written_last_line_is_left_out(tmp_path: Path):
    path = tmp_path / "samples.jsonl"
    write_samples(path, [answered(SUM, "五")])
    whole = path.read_bytes()
    for cut in range(1, len(whole) - 1):
        path.write_bytes(whole + whole[:cut])
        assert read_samples(path) == [answered(SUM, "五")]


def test_a_last_line_without_its_end_is_read(tmp_path: Path):
    path = tmp_path / "samples.jsonl"
    write_samples(path, [answered(SUM, "5")])
    path.write_bytes(path.read_bytes().rstrip())
    assert read_samples(path) == [answered(SUM, "5")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: expected a JSON object"),
        ("[]", "line 2: expected a JSON object"),
        ('{"task_id": "a", "prompt": "b", "sample": 0}', r"line 2: a sample needs \['response'\]"),
        ('{"task_id": "a", "prompt": "b", "sample": 0, "response": "c", "score": 1}', r"line 2: a sample has no"),
        (
            '{"task_id": "a", "prompt": "b", "sample": "0", "response": "c"}',
            "line 2: sample must be a whole number, got '0'",
        ),
        *(
            (f'{{"task_id": "a", "prompt": "b", "sample": 0, "response": "c", {field}}}', f"line 2: {message}")
            for field, message in WRONG_FIELDS
        ),
        ("[" * 100_000, "line 2: expected a JSON object"),
        ('{"task_id": "a", "prompt": "b", "sample": 0, "response": "c", "status": "ok"}', "the status must be one of"),
    ],
)
def test_a_line_that_is_no_sample_is_named(line: str, message: str, tmp_path: Path):
    path = tmp_path / "samples.jsonl"
    write_samples(path, [answered(SUM, "5")])
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(TaskDataError, match=message):
        read_samples(path)


def test_scoring_keeps_components_verdict_and_what_the_grader_read():
    right, wrong = score_samples([answered(SUM, "5"), answered(SUM, "four", 1)], [SUM], "r1_zero")
    assert (right.reward, dict(right.components), right.status) == (2.0, {"accuracy": 1.0, "format": 1.0}, "scored")
    assert (right.is_right, right.answer) == (True, "5")
    assert (wrong.reward, wrong.is_right, wrong.answer) == (1.0, False, "four")


def test_a_reward_that_does_not_say_what_it_read_leaves_that_to_our_graders():
    @rule("length", is_correctness=True)
    def length(task: Task[Any], response: str) -> float:
        return float(len(response) > 10)

    samples = [answered(SUM, "7"), answered(CAPITAL, "Paris")]
    scored = score_samples(samples, [SUM, CAPITAL], length)
    assert [(sample.is_right, sample.answer) for sample in scored] == [(True, "7"), (True, "Paris")]


def test_a_failed_grader_leaves_no_score_and_no_verdict():
    @rule("broken", is_correctness=True)
    def broken(task: Task[Any], response: str) -> Score:
        return Score.failed("out of order")

    [sample] = score_samples([answered(SUM, "5")], [SUM], broken)
    assert (sample.reward, dict(sample.components), sample.status, sample.is_right) == (
        None,
        {"broken": None},
        "grader_failed",
        None,
    )


def test_scoring_again_replaces_every_part_of_the_score():
    first = score_samples([answered(SUM, "5")], [SUM], "r1_zero")
    assert score_samples(score_samples(first, [SUM], "format"), [SUM], "r1_zero") == first


def test_scores_do_not_depend_on_the_order_of_the_samples():
    tasks = load_tasks("integer_expressions", split="test")
    chosen = [tasks[index] for index in range(6)]
    samples = [answered(task, str(sample), sample) for task in chosen for sample in range(4)]
    scored = score_samples(samples, tasks, "compat_train_deepseek_r1")
    shuffled = random.Random(0).sample(range(len(samples)), len(samples))
    again = score_samples([samples[row] for row in shuffled], tasks, "compat_train_deepseek_r1")
    assert again == [scored[row] for row in shuffled]


def test_the_responses_to_one_task_are_a_group():
    samples = [answered(SUM, "5" * length, length) for length in (1, 9)] + [answered(CAPITAL, "巴黎")]
    short, long, alone = score_samples(samples, [SUM, CAPITAL], CompositeReward.of(_Shortest()))
    assert (short.reward, long.reward, alone.reward) == (1.0, 0.0, 1.0)


@dataclasses.dataclass(frozen=True)
class _Shortest:
    name: str = "shortest"

    def score(self, attempts: Any) -> list[Score]:
        shortest: dict[int, int] = {}
        for attempt in attempts:
            known = shortest.get(attempt.group_id, len(attempt.response))
            shortest[attempt.group_id] = min(known, len(attempt.response))
        return [Score(float(len(attempt.response) == shortest[attempt.group_id])) for attempt in attempts]


def test_samples_whose_task_is_missing_or_has_changed_are_refused():
    with pytest.raises(ValueError, match="'sum/1' of a sample is not among the tasks"):
        score_samples([answered(SUM, "5")], [CAPITAL], "r1_zero")
    changed = dataclasses.replace(SUM, prompt="2+4=?")
    with pytest.raises(ValueError, match=r"now asks '2\+4=\?', but the sample answered '2\+3=\?'"):
        score_samples([answered(SUM, "5")], [changed], "r1_zero")


def test_two_samples_with_one_number_are_refused():
    with pytest.raises(ValueError, match="Two samples are number 0 of task 'sum/1'"):
        score_samples([answered(SUM, "5"), answered(SUM, "6")], [SUM], "r1_zero")


def test_the_examples_hold():
    assert doctest.testmod(refusals).failed == 0


@pytest.mark.parametrize(
    "response",
    [
        "I'm sorry, but I can't help with that.",
        "<think>This would hurt people.</think>\n\nI cannot assist with this request.",
        "As an AI, I can't provide that.",
        "No, I can't do that.",
        "I can't write that story for you.",
        "I won't give you instructions for this.",
        "Sorry, I can't.",
        "I must decline.",
        "抱歉，这个请求我不能满足。",
        "I am unable to provide instructions for this.",
        "Unfortunately, I am unable to help you with this.",
        "很抱歉，我不能提供这些信息。",
        "我无法回答这个问题。",
    ],
)
def test_a_refusal_is_told_by_its_opening(response: str):
    assert is_refusal(response)
    assert new_sample(SUM, response).is_refused


@pytest.mark.parametrize(
    "response",
    [
        "",
        "Sorry, I made an error: it is 5.",
        "I cannot find a smaller root, so the answer is 5.",
        "I cannot help but notice that x = 5.",
        "<think>I can't help with that.</think> 5",
        "<think>I'm sorry, but I can't help with that.",
        'She said: "I cannot help you."',
        "Unfortunately, I cannot find a closed form: it is about 3.1.",
        "No number can do that.",
        "We cannot do better than 5, so the answer is 5.",
        "I can't write 7 as a product of two smaller numbers, so it is prime.",
        "抱歉，刚才算错了，应该不能整除。",
        "不能被3整除。",
        "我们不能确定x，所以答案是5。",
    ],
)
def test_an_answer_is_no_refusal(response: str):
    assert not is_refusal(response)


def test_a_response_that_the_server_refused_is_refused():
    assert new_sample(SUM, "", finish_reason="content_filter").is_refused
    assert new_sample(SUM, "", is_refused=True).is_refused
