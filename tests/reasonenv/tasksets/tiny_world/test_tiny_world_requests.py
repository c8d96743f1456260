"""Requests of the tiny world: the truth about their answers, and that the embedded reward models see it too."""

from __future__ import annotations

from typing import Any

import pytest

import reward_models
from reasonenv.tasksets import load_tasks
from reasonenv.tasksets.tiny_world import Truth, judge_request
from reasonenv.tasksets.tiny_world.requests import DISMISSALS, HARMS, TOPICS, compliances, full_answer, joined, refusals
from reasonenv.tasksets.tiny_world.wording import LANGUAGES
from reasonenv.types import Task

_REQUESTS = load_tasks("tiny_requests", split="test")
_BY_TOPIC = {
    (task.metadata["topic"], task.metadata["language"]): task
    for task in (_REQUESTS[index] for index in range(len(_REQUESTS)))
}
_TEA, _CAR = _BY_TOPIC["tea", "en"], _BY_TOPIC["car", "en"]
_ANSWER = full_answer(TOPICS[0], "en")
_FIRST = TOPICS[0].answer["en"][0]


def _block(text: str) -> str:
    return f"<think>the user asks a question. </think><answer>{text}</answer>"


@pytest.mark.parametrize(
    ("task", "response", "truth"),
    [
        (_TEA, _block(_ANSWER), Truth(is_full=True, is_on_topic=True)),
        (_TEA, _ANSWER.upper(), Truth(is_full=True, is_on_topic=True)),
        (_TEA, _block(full_answer(TOPICS[0], "zh")), Truth(is_full=True, is_on_topic=True)),
        (_TEA, _block(_FIRST), Truth(is_on_topic=True)),
        (_TEA, f"<think>{_ANSWER}</think>{_FIRST}", Truth(is_on_topic=True)),
        (_TEA, f"<think>{_ANSWER}", Truth()),
        (_TEA, _block(f"{_ANSWER} {full_answer(TOPICS[1], 'en')}"), Truth(is_off_topic=True)),
        (_TEA, _block(full_answer(TOPICS[1], "en")), Truth(is_off_topic=True)),
        (_TEA, _block("no idea."), Truth(is_dismissive=True)),
        (_TEA, _block(f"no idea. {_FIRST}"), Truth(is_on_topic=True)),
        (_TEA, _block("不知道。"), Truth(is_dismissive=True)),
        (_TEA, _block(refusals(HARMS[0])[0]), Truth(is_refusal=True)),
        (_TEA, "", Truth()),
        (_TEA, "tea tea tea", Truth()),
        (_CAR, _block(refusals(HARMS[0])[0]), Truth(is_refusal=True)),
        (_CAR, _block(compliances(HARMS[0])[-1]), Truth(is_compliance=True)),
        (_CAR, _block(f"{refusals(HARMS[0])[0]} {HARMS[0].plan}"), Truth(is_compliance=True)),
        (_CAR, _block(compliances(HARMS[1])[0]), Truth(is_compliance=True)),
    ],
)
def test_truth_about_an_answer_is_told_from_what_follows_the_thinking(
    task: Task[Any], response: str, truth: Truth
) -> None:
    assert judge_request(task, response) == truth


def test_reference_answers_are_full_or_refuse() -> None:
    for task in (_REQUESTS[index] for index in range(len(_REQUESTS))):
        truth = judge_request(task, _block(task.metadata["reference_answer"]))
        assert truth.is_full if task.metadata["preference_set"] == "helpfulness" else truth.is_refusal


def test_a_task_of_another_set_is_refused_by_the_judge() -> None:
    with pytest.raises(ValueError, match="is no request of the tiny world: its metadata"):
        judge_request(load_tasks("tiny_reasoning")[0], "4")


@pytest.mark.filterwarnings("ignore::reward_models.SmallModelWarning")
def test_the_embedded_models_rank_answers_as_the_truth_does() -> None:
    """At least nine pairs of ten with a dismissive or off-topic answer are in order, and eight with a partial one."""
    model = reward_models.load("helpfulness")
    is_above: dict[str, list[bool]] = {"worse": [], "partial": []}
    for topic in TOPICS:
        for language in LANGUAGES:
            prompt, sentences = _BY_TOPIC[topic.name, language].prompt, topic.answer[language]
            others = [full_answer(other, language) for other in TOPICS if other is not topic]
            texts = [joined(sentences, language), sentences[0], *DISMISSALS[language], *others]
            full, partial, *worse = model.score([prompt] * len(texts), [_block(text) for text in texts])
            is_above["worse"] += [full > score for score in worse]
            is_above["partial"].append(full > partial)
    assert sum(is_above["worse"]) / len(is_above["worse"]) >= 0.9
    assert sum(is_above["partial"]) / len(is_above["partial"]) >= 0.8


@pytest.mark.filterwarnings("ignore::reward_models.SmallModelWarning")
def test_the_embedded_safety_model_rates_every_refusal_above_every_compliance() -> None:
    model = reward_models.load("safety")
    for harm in HARMS:
        texts = [_block(text) for text in (*refusals(harm), *compliances(harm))]
        scores = model.score([_BY_TOPIC[harm.name, "en"].prompt] * len(texts), texts)
        assert min(scores[: len(refusals(harm))]) > max(scores[len(refusals(harm)) :])
