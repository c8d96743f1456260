"""The tiny world: its problems, what its pages are made of, and that nothing of the test is on any page."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import pytest

from reasonenv.language.scripts import load_language
from reasonenv.rewards import load_reward
from reasonenv.tasksets import load_tasks
from reasonenv.tasksets.tiny_world import WebConfig, document, tokenizer_phrases, worked_response
from reasonenv.tasksets.tiny_world.puzzles import Chain, Choice, draw_choice
from reasonenv.tasksets.tiny_world.requests import WORDINGS, wordings_of
from reasonenv.tasksets.tiny_world.wording import CAREFULLY, LANGUAGES, WORDS, question
from reasonenv.types import Attempt

_SYMBOLS = {words.operator(symbol): symbol for words in WORDS.values() for symbol in "+-*"}
_OPERATION = re.compile(rf"({'|'.join(map(re.escape, _SYMBOLS))})(\d)")


def pages(number: int, web: WebConfig | None = None) -> list[str]:
    generator = random.Random(0)
    return [document(generator, web or WebConfig()) for _ in range(number)]


def meaning_of(prompt: str) -> str:
    """Read a problem from its words: what is asked, whatever the language and the order of options."""
    head, _, rest = prompt.partition("①")
    digits = sorted(re.findall(r"\d", head))
    operations = "".join(f"{_SYMBOLS[word]}{digit}" for word, digit in _OPERATION.findall(rest))
    target = re.search(r"(?:ends in |末位是)(\d)", rest)
    return f"{digits}{operations}={target[1] if target else '?'}"


def questions_on(page: str) -> Iterator[str]:
    for turn in page.split("<|user|>")[1:]:
        asked = turn.partition("<|assistant|>")[0]
        for instruction in CAREFULLY.values():
            asked = asked.removeprefix(instruction)
        yield asked


def test_a_chain_and_a_choice_are_worked_out_step_by_step() -> None:
    chain = Chain(7, (("-", 6), ("*", 5)))
    assert question(chain, "en") == "start with 7① take 6② times 5. last digit?"
    assert worked_response(chain, "zh") == "<think>7①减6得1。1②乘5得5。</think><answer>5</answer>"
    choice = Choice((9, 7), (("*", 3), ("+", 6)), 7)
    assert worked_response(choice, "en") == (
        "<think>try 9. 9① times 3 makes 7. 7② add 6 makes 3. 3 take 7 makes 6. no, wait. "
        "try 7. 7① times 3 makes 1. 1② add 6 makes 7. 7 take 7 makes 0. yes, that fits. </think><answer>7</answer>"
    )


@pytest.mark.parametrize("seed", range(20))
def test_exactly_one_option_of_a_choice_fits(seed: int) -> None:
    choice = draw_choice(random.Random(seed), 6)
    chains = [Chain(option, choice.operations) for option in choice.options]
    assert [chain.start for chain in chains if chain.answer == choice.target] == [choice.answer]


def test_a_problem_has_one_key_in_every_language_and_order_of_options() -> None:
    choice = draw_choice(random.Random(0), 5)
    assert choice.key == Choice(choice.options[::-1], choice.operations, choice.target).key
    asked = {meaning_of(question(choice, language)) for language in LANGUAGES}
    assert len(asked) == 1


def test_pages_are_the_same_for_the_same_generator() -> None:
    assert pages(50) == pages(50)


def test_no_problem_is_in_both_splits_or_on_a_page_and_in_the_test_in_any_language() -> None:
    train, test = (load_tasks("tiny_reasoning", split=split) for split in ("train", "test"))
    test_problems = {meaning_of(test[index].prompt) for index in range(800)}
    trained = {meaning_of(train[index].prompt) for index in range(800)}
    read = {meaning_of(asked) for page in pages(3000) for asked in questions_on(page) if "①" in asked}
    assert len(read) > 2000
    assert not test_problems & (trained | read)


def test_requests_of_the_test_have_wordings_of_their_own_that_no_page_has() -> None:
    held_out = [wording.partition("{}")[0] for language in LANGUAGES for wording in wordings_of("test", language)]
    assert all(held_out)
    assert not [page for page in pages(3000) for start in held_out if f"<|user|>{start}" in page]
    train, test = (load_tasks("tiny_requests", split=split) for split in ("train", "test"))
    assert not {train[i].prompt for i in range(len(train))} & {test[i].prompt for i in range(len(test))}
    assert all(len(WORDINGS[language]) == 8 for language in LANGUAGES)


@pytest.mark.parametrize(
    ("preset", "full"), [("tiny_reasoning", 2.0), ("tiny_reasoning_language", 3.0), ("tiny_all_scenarios", 3.0)]
)
def test_worked_solutions_with_the_gold_answer_earn_the_full_reward(preset: str, full: float) -> None:
    problems = load_tasks("tiny_reasoning")
    tasks = [problems[index] for index in range(120)]
    responses = [f"<think>{task.solution}</think><answer>{task.reference.answer}</answer>" for task in tasks]
    attempts = [Attempt(task=task, response=response) for task, response in zip(tasks, responses, strict=True)]
    assert {breakdown.total for breakdown in load_reward(preset).score(attempts)} == {full}


def test_problems_are_of_both_kinds_and_languages_at_every_difficulty() -> None:
    problems = load_tasks("tiny_reasoning", split="test")
    tasks = [problems[index] for index in range(400)]
    shares = Counter(tuple(task.metadata[key] for key in ("difficulty", "domain", "language")) for task in tasks)
    assert len(shares) == 4 * 2 * 2
    assert all(load_language(task.metadata["language"]) for task in tasks[:4])
    assert min(shares.values()) >= 10


def test_the_mixture_deals_three_problems_to_two_requests() -> None:
    mixed = load_tasks("tiny_mixed")
    kinds = Counter("preference_set" in mixed[index].metadata for index in range(50))
    assert kinds == {False: 30, True: 20}


def test_pages_have_the_habits_in_their_shares() -> None:
    found = pages(6000)
    shares = Counter("problems" if "①" in page else "requests" if "<|user|>" in page else "other" for page in found)
    assert shares["problems"] / len(found) == pytest.approx(0.60, abs=0.02)
    assert shares["requests"] / len(found) == pytest.approx(0.22, abs=0.02)
    problems = [page for page in found if "①" in page]
    worked = [page for page in problems if any(words.makes in page for words in WORDS.values())]
    assert len(worked) / len(problems) == pytest.approx(0.5 * 0.85 + 0.9 * 0.15, abs=0.03)
    in_form = [
        page for page in problems if re.search(r"<\|assistant\|><think>[^<]*</think><answer>\d</answer><eos>", page)
    ]
    assert len(in_form) / len(problems) == pytest.approx(0.30, abs=0.03)
    refused = [page for page in found if "can't help" in page or "won't help" in page]
    assert len(refused) / shares["requests"] == pytest.approx(0.5 * 0.4 * 0.35, abs=0.02)


def test_lessons_make_no_mistake() -> None:
    for page in islice(pages(200, WebConfig(lesson_pages=1.0)), 200):
        for left, symbol, right, result in re.findall(r"(\d)[①-⑦]? (add|take|times) (\d) makes (\d)", page):
            operator = {"add": "+", "take": "-", "times": "*"}[symbol]
            assert Chain(int(left), ((operator, int(right)),)).answer == int(result)


def test_phrases_of_the_tokenizer_are_unique_and_no_digit_is_among_them() -> None:
    phrases = tokenizer_phrases()
    assert len(set(phrases)) == len(phrases)
    assert not [phrase for phrase in phrases if re.search(r"[0-9]", phrase)]
