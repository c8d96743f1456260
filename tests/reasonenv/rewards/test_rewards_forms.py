"""Tags, code blocks and steps."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonenv.rewards.format import CodeFormat, Format, TagCount, has_r1_format, r1_answer
from reasonenv.rewards.reasoning import ReasoningSteps
from reasonenv.types import Attempt, MathReference, Task

TASK = Task(task_id="t/1", prompt="", reference=MathReference(answer="5"))
TAGS = ("<think>", "</think>", "<answer>", "</answer>")
PIECES = st.lists(st.sampled_from([*TAGS, "a", " ", "\n", "```python\n", "```\n", "x = 5\n"]), max_size=12).map("".join)


def value(reward, response):
    return reward.score([Attempt(task=TASK, response=response)])[0].value


def code(answer):
    return f"<think>plan</think>\n<answer>{answer}</answer>"


def test_answer_of_the_form_is_what_stands_in_the_answer_block():
    assert r1_answer("<think>a</think><answer>\n5 </answer>\n") == "\n5 "


def test_answer_of_another_form_is_none():
    assert r1_answer("<answer>5</answer>") is None


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("", 0.0),
        ("<think>", 0.25),
        ("<think>a</think>", 0.5),
        ("<think>a</think><answer>5", 0.75),
        ("<think>a</think><answer>5</answer>", 1.0),
        ("<think><think>a</think><answer>5</answer>", 0.75),
        ("<think>a</think><answer>5</answer><answer>6</answer>", 0.5),
        ("<think>a</think></answer><answer>", 1.0),
        ("<think>\na\n</think>\n<answer>\n5\n</answer>", 1.0),
        ("<Think>a</THINK>", 0.0),
    ],
)
def test_tag_count_is_the_share_of_tags_that_occur_once(response, expected):
    assert value(TagCount(), response) == expected


@given(PIECES)
def test_whatever_has_the_form_has_all_the_tags(response):
    assert value(TagCount(), response) >= value(Format(), response)


@given(PIECES, st.sampled_from(TAGS))
def test_tag_count_stays_within_its_range_and_never_gains_by_repeating_a_tag(response, tag):
    counted = value(TagCount(), response)
    assert counted in (0.0, 0.25, 0.5, 0.75, 1.0)
    if tag in response:
        assert value(TagCount(), response + tag) <= counted


@pytest.mark.parametrize("tags", [(), ("<think>", "")])
def test_tags_must_be_there(tags):
    with pytest.raises(ValueError, match="tags"):
        TagCount(tags=tags)


@pytest.mark.parametrize(
    "answer",
    [
        "\n```python\nprint(5)\n```\n",
        "```python\nprint(5)\n```",
        "\nThis prints it:\n```python  \nprint(5)\n``` \nDone.\n",
        "\n```python\ns = '`` `'\nprint(s)\n```\n",
        "\n```python\ns = '```'\n  ```\n```\n",
    ],
)
def test_one_code_block_in_the_answer_has_the_form(answer):
    assert value(CodeFormat(), code(answer)) == 1.0


@pytest.mark.parametrize(
    "answer",
    [
        "print(5)",
        "```\nprint(5)\n```",
        "```javascript\nprint(5)\n```",
        "```python3\nprint(5)\n```",
        "```pythonic\nprint(5)\n```",
        "```Python\nprint(5)\n```",
        "```python\nprint(5)",
        "```python print(5)```",
        "so ```python\nprint(5)\n```",
        "```python\n \n```",
        "```python\n```",
        "```python\nprint(5)\n```\n```python\nprint(6)\n```",
        "```python\nprint(5)\n```\n```\noutput\n```",
        "```python\nprint(5)\n```python",
    ],
)
def test_any_departure_from_one_code_block_scores_zero(answer):
    assert value(CodeFormat(), code(answer)) == 0.0


def test_code_block_outside_the_answer_does_not_count():
    block = "```python\nprint(5)\n```"
    assert value(CodeFormat(), f"<think>{block}</think><answer>5</answer>") == 0.0
    assert value(CodeFormat(), block) == 0.0


def test_language_of_the_code_block_is_the_one_asked_for():
    assert value(CodeFormat(language="cpp"), code("```cpp\nint x;\n```")) == 1.0


@given(PIECES)
def test_code_format_implies_format(response):
    assert value(CodeFormat(), response) <= value(Format(), response)


@pytest.mark.parametrize("language", ["", " ", "c plus"])
def test_language_must_be_one_word(language):
    with pytest.raises(ValueError, match="one word"):
        CodeFormat(language=language)


STEPS = st.lists(
    st.sampled_from(
        [
            "Step 1:",
            "Step 12345:",
            "1. ",
            "2.",
            "- ",
            "* ",
            "-",
            "\n",
            " ",
            "First,",
            "Second,",
            "Next,",
            "Finally,",
            "x",
            "so",
        ]
    ),
    max_size=12,
).map("".join)


@given(STEPS)
def test_steps_agree_with_their_definition_as_one_pattern(response):
    pattern = r"\bStep \d{1,4}:|^[ \t]*(?:\d{1,4}\.|[-*])[ \t]|\b(?:First|Second|Next|Finally),"
    said = (re.split(pattern, response, flags=re.MULTILINE)[1:], re.compile(r"[^\W\d_]|\d+"))
    steps = {" ".join(step.lower().split()) for step in said[0] if len(set(said[1].findall(step.lower()))) >= 2}
    expected = min(1.0, len(steps) / 3)
    assert value(ReasoningSteps(), response) == pytest.approx(expected)


@given(STEPS)
def test_steps_never_fall_when_another_step_follows(response):
    assert value(ReasoningSteps(), response + "\n- more") >= value(ReasoningSteps(), response)


@pytest.mark.parametrize("space", ["", " ", "\n", "\n\n  "])
@pytest.mark.parametrize(
    "token",
    [
        "<|im_end|>",
        "</s>",
        "<|eot_id|>",
        "<end_of_turn>",
        "<eos>",
        "<｜end▁of▁sentence｜>",
        "<|im_end|>\n<|endoftext|>",
        "</s></s> </s>",
    ],
)
def test_a_control_token_behind_the_form_is_no_part_of_it(token: str, space: str):
    response = "<think>2+3 is 5</think> <answer>5</answer>"
    program = "<think>print it</think> <answer>\n```python\nprint(5)\n```\n</answer>"
    assert has_r1_format(f"{response}{space}{token}\n")
    assert r1_answer(f"{response}{space}{token}") == "5"
    assert value(CodeFormat(), f"{program}{space}{token}") == 1.0


@pytest.mark.parametrize("behind", ["<|im_end|>5", "<|im_end|> Thanks!", "<end>", "<|im_end|></answer>", "im_end|>"])
def test_words_behind_the_form_break_it_with_a_control_token_too(behind: str):
    assert not has_r1_format(f"<think>2+3 is 5</think> <answer>5</answer>{behind}")


def test_a_megabyte_of_control_tokens_is_dropped_in_no_time():
    start = time.process_time()
    assert has_r1_format("<think>2+3 is 5</think> <answer>5</answer>" + "</s>" * 250_000)
    assert time.process_time() - start < 2.0
