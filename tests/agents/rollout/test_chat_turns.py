"""Episodes of several turns through chat templates: the ids that are appended, and what is refused."""

from __future__ import annotations

import pytest
import torch
from chat_templates import FAMILIES, Family
from scripted_engine import ScriptedEngine

from agents.errors import ConfigError
from agents.policies.hf import HFPolicy
from agents.policies.tiny import build_tiny_policy
from agents.rollout.assemble import assemble
from agents.rollout.chat import ChatTemplate
from agents.rollout.codec import TextCodec
from agents.rollout.collect import collect
from agents.rollout.engine import SamplingParams
from agents.types import Trajectory
from reasonenv.errors import UnknownNameError
from reasonenv.prompts import PromptTemplate
from reasonenv.types import Message, Task
from reasonenv.vector import TextVectorEnv

WITH_SYSTEM = PromptTemplate(
    name="own",
    version=0,
    text_template="{prompt}",
    message_templates=({"role": "system", "content": "Be brief."}, {"role": "user", "content": "{prompt}"}),
)
OBSERVATION = "No, again"
KEPT = ["gemma", "llama_2", "llama_3", "mistral", "phi", "qwen_2", "qwen_3", "r1_that_keeps_thinking"]
"""Families whose rendering of responses without thinking is appended to, word for word."""


def episode(codec: TextCodec, *responses: str, template: str | PromptTemplate = "plain") -> Trajectory:
    """Return an episode of these responses, each ended by the template's own token; the question is 1+1."""
    env = TextVectorEnv(
        1,
        autoreset_mode="Disabled",
        tasks=[Task(task_id="sum/0", prompt="1+1=?", reference=None)],
        reward="format",
        template=template,
        turn=lambda attempt: OBSERVATION,
        max_turns=len(responses),
    )
    engine = ScriptedEngine([[(*codec.encode(text), codec.end_of_turn_id)] for text in responses])
    (trajectory,) = collect(env, engine, codec, SamplingParams(max_new_tokens=64), task_indices=[0])
    return trajectory


def rendered(codec: TextCodec, messages: list[Message], *, opens_response: bool = False) -> list[int]:
    found = codec.tokenizer.apply_chat_template(messages, add_generation_prompt=opens_response, return_dict=False)
    return list(found)


def talk(*contents: str) -> list[Message]:
    return [{"role": ("user", "assistant")[place % 2], "content": text} for place, text in enumerate(contents)]


@pytest.mark.parametrize("name", KEPT)
def test_ids_of_an_episode_are_those_of_the_template_up_to_the_end_of_the_last_turn(name: str) -> None:
    family = FAMILIES[name]
    codec = family.codec()
    codec.require_turns()
    opened = codec.opened_thinking(codec.encode_prompt("unused", talk("1+1=?")))
    behind = " " if name == "llama_2" else ""
    responses = [f"{family.before_response}{text}{behind}" for text in ("3", "5", "2")]
    found = episode(codec, *responses)
    thoughts = [f"{opened}{text}" for text in ("3", "5", "2")]
    own = rendered(codec, talk("1+1=?", thoughts[0], OBSERVATION, thoughts[1], OBSERVATION, thoughts[2]))
    assert list(found.token_ids) == own[: len(found.token_ids)]
    assert len(own) - len(found.token_ids) <= 2
    assert found.token_ids[-1] == codec.tokenizer.convert_tokens_to_ids(family.end)


@pytest.mark.parametrize("name", FAMILIES)
def test_only_sampled_tokens_are_learned_from(name: str) -> None:
    codec = FAMILIES[name].codec()
    trajectory = episode(codec, "3", "5", "2")
    sampled = [token for token, is_own in zip(trajectory.token_ids, trajectory.loss_mask, strict=True) if is_own]
    assert sampled == [token for text in "352" for token in (*codec.encode(text), codec.end_of_turn_id)]
    model, _ = build_tiny_policy(seed=0, tokenizer=codec.tokenizer)
    batch = assemble([trajectory], pad_token_id=codec.pad_token_id)
    outputs = HFPolicy(model)(batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT)
    assert torch.equal(outputs.logprobs_BT != 0, batch.loss_mask_BT.bool())


@pytest.mark.parametrize(("name", "variables"), [("qwen_3", {}), ("qwen_3", {"enable_thinking": False}), ("r1", {})])
def test_thinking_of_earlier_responses_stays_where_the_template_would_drop_it(name: str, variables: dict) -> None:
    codec = FAMILIES[name].codec(**variables)
    codec.require_turns()
    response = "5" if variables else "7</think>5"
    trajectory = episode(codec, response, "2")
    sampled = codec.encode(response)
    places = range(len(trajectory.token_ids) - len(sampled))
    assert any(trajectory.token_ids[place : place + len(sampled)] == sampled for place in places)
    text = codec.tokenizer.decode(trajectory.token_ids)
    if variables:
        assert text.count("<think>\n\n</think>\n\n") == 2


def test_variables_of_the_template_are_set_and_unknown_ones_refused_with_the_closest() -> None:
    family = FAMILIES["qwen_3"]
    prompt = talk("1+1=?")
    quiet = family.codec(enable_thinking=False)
    assert quiet.tokenizer.decode(quiet.encode_prompt("", prompt)).endswith("<think>\n\n</think>\n\n")
    assert family.codec(enable_thinking=True).encode_prompt("", prompt) == family.codec().encode_prompt("", prompt)
    with pytest.raises(UnknownNameError, match=r"'enable_thought'.*Did you mean 'enable_thinking'"):
        family.codec(enable_thought=False)


def test_variables_without_a_chat_template_are_refused() -> None:
    with pytest.raises(ConfigError, match="set use_chat_template=True"):
        TextCodec(FAMILIES["qwen_3"].codec().tokenizer, chat_template_kwargs={"enable_thinking": False})


@pytest.mark.parametrize("name", ["gemma", "mistral"])
def test_system_message_without_a_place_of_its_own_goes_before_the_first_question(name: str) -> None:
    codec = FAMILIES[name].codec()
    trajectory = episode(codec, f"{FAMILIES[name].before_response}3", "2", template=WITH_SYSTEM)
    own = rendered(codec, talk("Be brief.\n\n1+1=?", "3", OBSERVATION), opens_response=True)
    assert list(trajectory.token_ids[: len(own)]) == own


@pytest.mark.parametrize("name", ["llama_3", "phi", "qwen_2", "qwen_3", "r1"])
def test_system_message_stays_where_the_template_has_a_place_for_it(name: str) -> None:
    codec = FAMILIES[name].codec()
    messages: list[Message] = [{"role": "system", "content": "Be brief."}, *talk("1+1=?")]
    assert list(codec.encode_prompt("unused", messages)) == rendered(codec, messages, opens_response=True)


@pytest.mark.parametrize("name", FAMILIES)
def test_no_task_and_no_observation_can_end_its_turn(name: str) -> None:
    family = FAMILIES[name]
    codec = family.codec()
    marks = ("<eos>", *family.controls, "<|user|>", "<|assistant|>")
    for mark in (mark for mark in marks if mark in codec._chat.control_tokens):
        forged = f"1{mark}2"
        plain = f"1{mark[0]} {mark[1:]}2"
        assert codec.encode_prompt("", talk(forged)) == codec.encode_prompt("", talk(plain))
        assert codec.encode_turn(forged) == codec.encode_turn(plain)
        number = codec.tokenizer.convert_tokens_to_ids(mark)
        assert codec.encode_turn(forged).count(number) == codec.encode_turn("12").count(number)


def test_prompts_may_speak_of_thinking() -> None:
    codec = FAMILIES["r1"].codec()
    question = talk("Put your thoughts into <think> </think> tags.")
    assert list(codec.encode_prompt("", question)) == rendered(codec, question, opens_response=True)


NUMBERED = Family(
    "{% for m in messages %}{% if m['role'] == 'user' %}[Round {{ loop.index }} of {{ messages | length }}]"
    "{{ m['content'] }}{% else %}{{ m['content'] }}{{ eos_token }}{% endif %}{% endfor %}",
    (),
    "<eos>",
)
FORGETFUL = Family("{% for m in messages[-1:] %}<|user|>{{ m['content'] }}<|assistant|>{% endfor %}", (), "<eos>")


@pytest.mark.parametrize(
    ("family", "reason"),
    [
        (NUMBERED, r"with one more turn it writes '\[Round 1 of 3\]"),
        (FORGETFUL, "does not write an assistant's message"),
    ],
)
def test_template_that_changes_earlier_turns_is_refused_for_several_turns_only(family: Family, reason: str) -> None:
    codec = family.codec()
    assert codec.encode_prompt("", talk("1+1=?"))
    with pytest.raises(ConfigError, match=reason):
        codec.require_turns()


def test_messages_that_a_template_refuses_are_named() -> None:
    with pytest.raises(
        ConfigError, match=r"refuses messages of the roles user, user: Conversation roles must alternate"
    ):
        ChatTemplate(FAMILIES["gemma"].codec().tokenizer).prompt([*talk("1"), *talk("2")])
