"""Prompt templates: their words, both of their forms, and their errors."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonenv.errors import UnknownNameError
from reasonenv.prompts import TEMPLATES, PromptTemplate, load_template
from reasonenv.types import Task


def task(prompt: str) -> Task[None]:
    return Task(task_id="t/0", prompt=prompt, reference=None)


def test_r1_zero_text_is_the_template_of_the_paper():
    assert load_template("r1_zero").text(task("What is 2+3?")) == (
        "A conversation between User and Assistant. The user asks a question, and the Assistant solves it. The "
        "assistant first thinks about the reasoning process in the mind and then provides the user with the answer. "
        "The reasoning process and answer are enclosed within <think> </think> and <answer> </answer> tags, "
        "respectively, i.e., <think> reasoning process here </think> <answer> answer here </answer>. "
        "User: What is 2+3?. Assistant:"
    )


def test_r1_zero_messages_put_the_instruction_in_the_system_turn():
    system, user = load_template("r1_zero").messages(task("2+3=?"))
    assert system["role"] == "system"
    assert system["content"].endswith("<answer> answer here </answer>.")
    assert user == {"role": "user", "content": "2+3=?"}


def test_plain_is_the_question_alone():
    template = load_template("plain")
    assert template.text(task("2+3=?")) == "2+3=?"
    assert template.messages(task("2+3=?")) == ({"role": "user", "content": "2+3=?"},)


def test_few_shot_shows_examples_in_the_r1_format_before_the_question():
    messages = load_template("few_shot").messages(task("2+3=?"))
    assert [message["role"] for message in messages] == ["user", "assistant"] * 2 + ["user"]
    for example in messages[1::2]:
        assert example["content"].startswith("<think>")
        assert example["content"].endswith("</answer>")


def test_few_shot_text_ends_where_the_response_begins():
    assert load_template("few_shot").text(task("2+3=?")).endswith("Question: 2+3=?\nResponse:")


def test_direct_asks_to_reason_to_verify_and_to_box():
    (message,) = load_template("direct").messages(task("2+3=?"))
    assert message["content"].startswith("2+3=?\n\nReason step by step and verify your answer")
    assert message["content"].endswith(r"\boxed{}.")


@pytest.mark.parametrize("name", TEMPLATES)
@given(prompt=st.text())
def test_every_template_quotes_any_prompt_exactly_once(name, prompt):
    template = load_template(name)
    marked = f"\x00{prompt}\x00"
    assert template.text(task(marked)).count(marked) == 1
    assert template.messages(task(marked))[-1]["content"].count(marked) == 1


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_carries_its_name_and_a_version_and_pickles(name):
    template = load_template(name)
    assert template.name == name
    assert template.version >= 0
    assert pickle.loads(pickle.dumps(template)) == template


def test_a_prompt_that_holds_the_placeholder_is_quoted_literally():
    assert load_template("plain").text(task("set {prompt} to {x}")) == "set {prompt} to {x}"


def test_messages_of_one_task_do_not_share_state_with_the_next():
    template = load_template("r1_zero")
    template.messages(task("2+3=?"))[0]["content"] = "changed"
    assert template.messages(task("2+3=?"))[0]["content"] != "changed"


def test_a_template_is_loaded_as_itself():
    template = load_template("chat")
    assert load_template(template) is template


def test_an_unknown_template_offers_the_closest_name():
    with pytest.raises(UnknownNameError, match="Did you mean 'r1_zero'"):
        load_template("r1-zero")


@pytest.mark.parametrize(
    ("text", "messages", "complaint"),
    [
        ("no placeholder", ({"role": "user", "content": "{prompt}"},), "text of template 'bad'"),
        ("{prompt}", ({"role": "user", "content": "nothing"},), "last message of template 'bad'"),
        ("{prompt}", ({"role": "assistant", "content": "{prompt}"},), "last message of template 'bad'"),
        ("{prompt}", (), "last message of template 'bad'"),
    ],
)
def test_a_template_that_could_not_ask_is_refused(text, messages, complaint):
    with pytest.raises(ValueError, match=complaint):
        PromptTemplate(name="bad", version=0, text_template=text, message_templates=messages)


SYSTEM = {"role": "system", "content": "Be brief."}
TURNS = ({"role": "user", "content": "Hi {prompt}!"}, {"role": "assistant", "content": "Hello."})


def chat_task(*history):
    return Task(task_id="t/0", prompt="2+3=?", reference=None, history=history)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_shows_what_was_said_before_the_question_in_both_forms(name):
    template = load_template(name)
    text, messages = template.text(chat_task(SYSTEM, *TURNS)), template.messages(chat_task(SYSTEM, *TURNS))
    assert "Be brief.\n\nHi {prompt}!\n\nAssistant: Hello.\n\nUser: 2+3=?" in text
    assert messages[-3:-1] == TURNS
    assert messages[-1] == template.messages(chat_task())[-1]
    systems = [message["content"] for message in messages if message["role"] == "system"]
    own = [message["content"] for message in template.messages(chat_task()) if message["role"] == "system"]
    assert systems == ["\n\n".join([*own, "Be brief."])]
    assert messages[0]["role"] == "system"


@pytest.mark.parametrize("name", TEMPLATES)
def test_earlier_turns_without_a_system_message_follow_the_template(name):
    template = load_template(name)
    *before, question = template.messages(chat_task())
    assert template.messages(chat_task(*TURNS)) == (*before, *TURNS, question)


def test_the_messages_of_a_task_are_not_those_of_its_history():
    task = chat_task(SYSTEM)
    load_template("plain").messages(task)[0]["content"] = "changed"
    assert task.history == (SYSTEM,)


def test_a_task_without_history_asks_its_prompt_alone():
    assert chat_task().dialogue == "2+3=?"
    assert chat_task(SYSTEM).dialogue == "Be brief.\n\n2+3=?"
