"""Small print of the rewards: which scripts are spaceless, how long a number may be, what a default is."""

from __future__ import annotations

import pytest

from reasonenv.rewards import load_reward
from reasonenv.rewards.accuracy import Accuracy
from reasonenv.rewards.base import Reward
from reasonenv.rewards.compat import open_r1, trl
from reasonenv.rewards.reasoning import ReasoningSteps
from reasonenv.rewards.repetition import RepetitionPenalty
from reasonenv.types import Attempt, MathReference, Task

TASK = Task(task_id="t/1", prompt="", reference=None)


def value(reward: Reward, response: str = "", num_tokens: int = 0) -> float:
    return reward.score([Attempt(task=TASK, response=response, token_ids=tuple(range(num_tokens)))])[0].value


@pytest.mark.parametrize(
    "letters",
    ["ກຂ", "ཀཁ", "ကခ", "កខ", "カキ", "\u3400\u3401", "\uf900\uf901", "\U00020000\U00020001", "\U00030000\U00030001"],
    ids=["lao", "tibetan", "myanmar", "khmer", "katakana", "han a", "han compatible", "han b", "han g"],
)
def test_every_character_of_a_script_without_spaces_is_a_word(letters: str) -> None:
    # Six characters have four trigrams, of which two are different.
    assert value(RepetitionPenalty(), 3 * letters) == -0.5


@pytest.mark.parametrize(
    ("response", "num_steps"),
    [
        ("MisStep 1: a", 0),
        ("aFirst, aSecond, aNext, aFinally, b", 0),
        ("Step 1234: one", 1),
        ("Step 12345: a", 0),
        ("1234. one", 1),
        ("12345. a", 0),
        ("a\n \t- one", 1),
        ("a\n1.\tone", 1),
    ],
)
def test_a_step_is_a_whole_word_with_a_number_of_at_most_four_digits(response: str, num_steps: int) -> None:
    assert value(ReasoningSteps(target=4), response) == num_steps / 4


def test_one_step_is_enough_where_the_target_is_one() -> None:
    assert [value(ReasoningSteps(target=1), response) for response in ("one", "- one", "- one\n- two")] == [
        0.0,
        1.0,
        1.0,
    ]


@pytest.mark.parametrize(("num_tokens", "expected"), [(12288, 0.0), (14336, -0.5), (16384, -1.0), (16385, -1.0)])
def test_soft_overlong_of_trl_has_the_lengths_of_open_r1(num_tokens: int, expected: float) -> None:
    assert value(trl.soft_overlong(), num_tokens=num_tokens) == expected


def test_language_of_a_code_block_is_taken_literally() -> None:
    code = "<think>\na\n</think>\n<answer>\n```{}\nx\n```\n</answer>"
    reward = open_r1.code_format("c++")
    assert [value(reward, code.format(language)) for language in ("c++", "c", "cc")] == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("limits", [{"timeout_seconds": 0}, {"num_workers": 0}])
def test_limits_of_accuracy_reach_the_grader_which_refuses_none(limits: dict[str, int]) -> None:
    task = Task(task_id="t/1", prompt="", reference=MathReference(answer="5"))
    with pytest.raises(ValueError, match=rf"{next(iter(limits))} must be (positive|at least 1), got 0"):
        Accuracy(**limits).score([Attempt(task=task, response=r"\boxed{5}")])


def test_the_preset_of_train_deepseek_r1_penalises_repetition_by_at_most_a_tenth() -> None:
    # Two trigrams, one of them new: half of the greatest penalty.
    reward, weight = load_reward("train_deepseek_r1").terms["repetition_penalty"]
    assert weight * value(reward, "a a a a") == pytest.approx(-0.05)
