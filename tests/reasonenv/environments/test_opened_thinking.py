"""A prompt that opens `<think>` itself: the rewards of form read the response as if it had opened it."""

import pytest

from reasonenv import Attempt, MathReference, Task, TextEnv, TextVectorEnv, load_reward
from reasonenv.parsing import opened_thinking, whole_response
from reasonenv.prompts import PromptTemplate

TASK = Task(task_id="sums/0", prompt="600+48=?", reference=MathReference(answer="648"))
RIGHT = "so</think> <answer>648</answer>"
LINES = "\nso\n</think>\n<answer>\n648\n</answer>"


def template(end):
    return PromptTemplate(
        name="opening",
        version=0,
        text_template="User: {prompt} Assistant:" + end,
        message_templates=({"role": "user", "content": "{prompt}"},),
    )


def components(response, *, end, reward="r1_zero"):
    env = TextEnv(tasks=[TASK], template=template(end), reward=reward)
    env.reset()
    return env.step(response)[-1]["reward_components"]


@pytest.mark.parametrize("end", ["<think>", "<think>\n", " <think>\n\n"])
def test_format_is_paid_where_the_prompt_has_opened_the_thinking(end):
    assert components(RIGHT, end=end) == {"accuracy": 1.0, "format": 1.0}


@pytest.mark.parametrize(
    ("response", "end", "value"),
    [
        ("<think>so</think> <answer>648</answer>", "<think>\n", 1.0),
        ("<think>so</think> <answer>648</answer>", "", 1.0),
        (RIGHT, "", 0.0),
        (RIGHT, " Use <think> tags.", 0.0),
        (RIGHT, "<think>\n\n</think>\n\n", 0.0),
        ("</think> <answer>648</answer>", "<think>\n", 0.0),
        ("so <answer>648</answer>", "<think>\n", 0.0),
        ("so</think></think> <answer>648</answer>", "<think>\n", 0.0),
        ("so <think>more</think> <answer>648</answer>", "<think>\n", 0.0),
    ],
)
def test_nothing_else_changes(response, end, value):
    assert components(response, end=end)["format"] == value


@pytest.mark.parametrize(
    "name",
    [
        "format",
        "tag_count",
        "open_r1_format",
        "open_r1_tag_count",
        "trl_think_format",
        "train_deepseek_r1_format",
    ],
)
def test_every_reward_of_form_reads_it(name):
    assert components(LINES, end="<think>", reward=name)[name] == 1.0
    assert components(LINES, end="", reward=name)[name] < 1.0


def test_code_format_reads_it():
    program = "so</think> <answer>\n```python\nprint(5)\n```\n</answer>"
    assert components(program, end="<think>\n", reward="code_format")["code_format"] == 1.0


def test_thinking_that_was_opened_and_never_closed_is_no_answer():
    assert components(r"It is \boxed{648}", end="<think>\n") == {"accuracy": 0.0, "format": 0.0}
    assert components(r"It is \boxed{648}", end="")["accuracy"] == 1.0


def test_later_turns_may_open_it_too():
    env = TextVectorEnv(
        2, tasks=[TASK], template=template(""), turn=lambda attempt: "Sure? <think>\n", max_turns=2, reward="format"
    )
    env.reset()
    env.step(["no form"] * 2)
    assert list(env.step([RIGHT, "no form"])[1]) == [1.0, 0.0]


def test_responses_that_are_scored_by_other_ways_are_made_whole_by_one_function():
    prompt = "<|User|>600+48=?<|Assistant|><think>\n"
    assert opened_thinking(prompt) == "<think>\n"
    (score,) = load_reward("format").score([Attempt(task=TASK, response=whole_response(prompt, RIGHT))])
    assert score.total == 1.0
