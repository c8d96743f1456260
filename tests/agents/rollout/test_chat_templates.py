"""Chat templates in the shape of well-known families: where their turns end, and what they write around responses."""

from __future__ import annotations

from dataclasses import replace

import pytest
from chat_templates import FAMILIES
from scripted_engine import ScriptedEngine, said

from agents.policies.tiny import build_tiny_policy
from agents.rollout.codec import TextCodec
from agents.rollout.collect import collect
from agents.rollout.decode import DecodeEngine
from agents.rollout.engine import SamplingParams
from agents.sft import encoded_example
from reasonenv.prompts import load_template
from reasonenv.tasksets import load_tasks
from reasonenv.types import Message, Task
from reasonenv.vector import TextVectorEnv

QUESTION: list[Message] = [{"role": "user", "content": "1+1=?"}]


def chat_codec(family: str) -> TextCodec:
    return FAMILIES[family].codec()


@pytest.mark.parametrize("family", FAMILIES)
def test_responses_end_with_the_end_of_turn_of_the_template_or_the_end_of_sequence(family: str) -> None:
    codec = chat_codec(family)
    end = FAMILIES[family].end
    assert codec.tokenizer.convert_ids_to_tokens([codec.end_of_turn_id]) == [end]
    assert set(codec.stop_token_ids) == {codec.eos_token_id, codec.end_of_turn_id}
    assert codec.decode((*codec.encode("5"), codec.end_of_turn_id)) == "5"


@pytest.mark.parametrize("family", FAMILIES)
def test_response_that_was_cut_gets_its_end_of_turn_before_the_next_turn(family: str) -> None:
    codec = chat_codec(family)
    closed, cut = codec.encode_turn("Again"), codec.encode_turn("Again", is_closed=False)
    end = cut.index(codec.end_of_turn_id)
    assert cut[end + 1 :] == closed


def test_tokens_of_the_generation_config_end_responses_too() -> None:
    codec = replace(chat_codec("qwen_2"), model_stop_token_ids=(7, 9))
    assert codec.stop_token_ids == (codec.eos_token_id, codec.end_of_turn_id, 7, 9)
    assert codec.decode((*codec.encode("5"), 7)) == "5"


def test_thinking_that_the_template_opens_belongs_to_the_response_that_is_scored() -> None:
    codec = chat_codec("r1_that_keeps_thinking")
    env = TextVectorEnv(
        2, group_size=2, autoreset_mode="Disabled", tasks="chain_arithmetic", reward="r1_zero", template="plain"
    )
    answer = env.tasks[0].reference.answer
    engine = ScriptedEngine([said(f"8+6</think> <answer>{answer}</answer>", "<answer>no</answer>")])
    right, wrong = collect(env, engine, codec, SamplingParams(max_new_tokens=64), task_indices=[0])
    assert right.responses == (f"<think>\n8+6</think> <answer>{answer}</answer>",)
    assert right.reward_components == {"accuracy": 1.0, "format": 1.0}
    assert wrong.reward_components == {"accuracy": 0.0, "format": 0.0}
    shown = codec.tokenizer.decode([i for i, is_own in zip(right.token_ids, right.loss_mask, strict=True) if is_own])
    assert not shown.startswith("<think>")


def test_every_turn_of_an_episode_is_closed_if_it_was_cut_and_opens_thinking_anew() -> None:
    codec = chat_codec("r1_that_keeps_thinking")
    tasks = [Task(task_id="sum/0", prompt="1+1=?", reference=None)]
    options = {"autoreset_mode": "Disabled", "tasks": tasks, "reward": "format", "template": "plain"}
    env = TextVectorEnv(2, group_size=2, turn=lambda attempt: "Again", max_turns=2, **options)
    engine = ScriptedEngine([[codec.encode("a"), *said("b")], said("c", "d")])
    cut, ended = collect(env, engine, codec, SamplingParams(max_new_tokens=8), task_indices=[0])
    prompt = codec.encode_prompt("unused", QUESTION)
    assert cut.token_ids == (*prompt, *codec.encode("a"), *codec.encode_turn("Again", is_closed=False), *said("c")[0])
    assert ended.token_ids == (*prompt, *said("b")[0], *codec.encode_turn("Again"), *said("d")[0])
    assert (cut.responses, ended.responses) == (("<think>\na", "<think>\nc"), ("<think>\nb", "<think>\nd"))


def test_thinking_that_is_closed_at_once_or_only_mentioned_opens_nothing() -> None:
    codec = chat_codec("r1_that_keeps_thinking")
    assert codec.opened_thinking(codec.encode("Answer: <think>\n\n")) == "<think>\n\n"
    assert codec.opened_thinking(codec.encode("<think>\n\n</think>\n\n")) == ""
    assert codec.opened_thinking(codec.encode("Put your thoughts into <think> tags. Assistant:")) == ""
    assert codec.opened_thinking(()) == ""


@pytest.mark.parametrize("length", [0, 1, 100])
def test_thinking_is_opened_at_the_end_of_a_prompt_of_any_length_and_nowhere_else(length: int) -> None:
    codec = chat_codec("r1_that_keeps_thinking")
    question = codec.encode("1+1=? " * length)
    opening = codec.encode("<think>\n")
    assert codec.opened_thinking((*question, *opening)) == "<think>\n"
    assert codec.opened_thinking((*opening, *question, *codec.encode("5"))) == ""


def test_fine_tuning_teaches_the_end_of_turn_and_does_not_open_thinking_twice() -> None:
    codec = chat_codec("r1_that_keeps_thinking")
    task, template = load_tasks("chain_arithmetic")[0], load_template("plain")
    prompt, response = encoded_example(task, template, codec, is_worked=True)
    text = codec.tokenizer.decode([*prompt, *response])
    assert text.count("<think>") == 1
    assert response[-1] == codec.end_of_turn_id
    chat = chat_codec("qwen_2")
    assert encoded_example(task, template, chat, is_worked=False)[1][-1] == chat.end_of_turn_id


def test_sampling_stops_at_the_end_of_turn() -> None:
    codec = chat_codec("qwen_2")
    model, _ = build_tiny_policy(seed=0, tokenizer=codec.tokenizer)
    prompt = codec.encode_prompt("unused", QUESTION)
    engine = DecodeEngine(model, codec.pad_token_id)
    params = SamplingParams(max_new_tokens=600, stop_token_ids=codec.stop_token_ids, seed=1)
    completions = engine.generate([prompt], params, num_samples=8)[0]
    stopped = [completion for completion in completions if completion.finish_reason == "stop"]
    assert any(completion.token_ids[-1] == codec.end_of_turn_id for completion in stopped)
    assert all("<|im_end|>" not in codec.decode(completion.token_ids) for completion in stopped)
