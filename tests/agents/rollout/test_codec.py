from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from agents.errors import ConfigError
from agents.policies.tiny import build_tiny_tokenizer
from agents.rollout.codec import TextCodec

TOKENIZER = build_tiny_tokenizer()
PLAIN, CHAT = TextCodec(TOKENIZER), TextCodec(TOKENIZER, use_chat_template=True)
QUESTION = [{"role": "user", "content": "1+1=?"}]

PREAMBLE_TEMPLATE = (
    "{% if messages[0]['role'] != 'system' %}<|system|>Be brief.\n{% endif %}"
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{{ '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
"""Writes a default system prompt before every conversation and a line break behind every turn, as many templates do."""


def tokenizer_with(**attributes):
    changed = copy.deepcopy(TOKENIZER)
    for name, value in attributes.items():
        setattr(changed, name, value)
    return changed


def text_of(token_ids: tuple[int, ...]) -> str:
    return TOKENIZER.decode(token_ids)


def test_without_a_chat_template_the_prompt_is_the_observation_and_nothing_else():
    assert text_of(PLAIN.encode_prompt("1+1=?", QUESTION)) == "1+1=?"


def test_with_a_chat_template_the_prompt_is_the_rendered_messages():
    assert text_of(CHAT.encode_prompt("unused", QUESTION)) == "<|user|>1+1=?<|assistant|>"


def test_prompt_ids_are_those_of_the_chat_template_itself():
    expected = TOKENIZER.apply_chat_template(QUESTION, add_generation_prompt=True, return_dict=False)
    assert CHAT.encode_prompt("unused", QUESTION) == tuple(expected)


def test_an_environment_turn_without_a_chat_template_is_its_text():
    assert text_of(PLAIN.encode_turn(" Try again: ")) == " Try again: "


def test_an_environment_turn_opens_the_next_response_of_a_chat():
    assert text_of(CHAT.encode_turn("Try again")) == "<|user|>Try again<|assistant|>"


def test_an_environment_turn_may_hold_what_stands_for_the_response_before_it():
    assert text_of(CHAT.encode_turn("A EARLIER-RESPONSE B")) == "<|user|>A EARLIER-RESPONSE B<|assistant|>"


@pytest.mark.parametrize("template", [TOKENIZER.chat_template, PREAMBLE_TEMPLATE], ids=["tiny", "preamble"])
def test_turn_by_turn_ids_are_those_of_the_whole_conversation(template: str):
    tokenizer = tokenizer_with(chat_template=template)
    codec = TextCodec(tokenizer, use_chat_template=True)
    conversation = [
        *QUESTION,
        {"role": "assistant", "content": "3"},
        {"role": "user", "content": "No, again"},
        {"role": "assistant", "content": "2"},
        {"role": "user", "content": "Sure?"},
    ]
    token_ids = list(codec.encode_prompt("unused", QUESTION))
    for response, observation in (("3", "No, again"), ("2", "Sure?")):
        token_ids += [*codec.encode(response), codec.eos_token_id, *codec.encode_turn(observation)]
    whole = tokenizer.apply_chat_template(conversation, add_generation_prompt=True, return_dict=False)
    assert token_ids == whole


@given(st.text())
def test_decoding_gives_back_what_was_encoded(text: str):
    assert PLAIN.decode(PLAIN.encode(text)) == text


def test_decoding_drops_the_final_end_of_sequence():
    assert PLAIN.decode((*PLAIN.encode("5"), PLAIN.eos_token_id)) == "5"


def test_decoding_shows_every_other_special_token_that_was_sampled():
    eos, pad = TOKENIZER.eos_token_id, TOKENIZER.pad_token_id
    assert PLAIN.decode((eos, *PLAIN.encode("5"), pad, eos, eos)) == "<eos>5<pad><eos>"


@pytest.mark.parametrize("token_ids", [(), (TOKENIZER.eos_token_id,)])
def test_an_empty_response_decodes_to_the_empty_string(token_ids: tuple[int, ...]):
    assert PLAIN.decode(token_ids) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7\ud800", "7\ufffd"),
        ("\udfff7", "\ufffd7"),
        ("\ud800\ud800", "\ufffd\ufffd"),
        ("\ud83d\ude42", "🙂"),
        ("🙂", "🙂"),
    ],
    ids=ascii,
)
def test_lone_surrogates_become_replacement_characters(text: str, expected: str):
    assert PLAIN.decode(PLAIN.encode(text)) == expected


def test_lone_surrogates_become_replacement_characters_in_chats_too():
    messages = [{"role": "user", "content": "\ud800?"}]
    assert text_of(CHAT.encode_prompt("unused", messages)) == "<|user|>\ufffd?<|assistant|>"
    assert text_of(CHAT.encode_turn("\ud800?")) == "<|user|>\ufffd?<|assistant|>"


@given(st.text(st.characters()))
def test_any_python_string_can_be_encoded(text: str):
    assert len(PLAIN.decode(PLAIN.encode(text))) <= len(text)


def test_padding_uses_the_pad_token_or_else_the_end_of_sequence():
    assert PLAIN.pad_token_id == TOKENIZER.pad_token_id
    assert TextCodec(tokenizer_with(pad_token=None)).pad_token_id == TOKENIZER.eos_token_id


def test_a_tokenizer_without_an_end_of_sequence_is_refused():
    with pytest.raises(ConfigError, match=r"no eos_token: .* Set tokenizer\.eos_token"):
        TextCodec(tokenizer_with(eos_token=None))


def test_asking_for_a_chat_template_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match="no chat template"):
        TextCodec(tokenizer_with(chat_template=None), use_chat_template=True)


def test_plain_prompt_begins_as_the_tokenizer_begins_texts_and_never_ends_them() -> None:
    tokenizer = build_tiny_tokenizer()
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<think> $A <eos>",
        special_tokens=[("<think>", tokenizer.convert_tokens_to_ids("<think>")), ("<eos>", 1)],
    )
    prompt = TextCodec(tokenizer).encode_prompt("7", [])
    assert tokenizer.convert_ids_to_tokens(list(prompt)) == ["<think>", "7"]


def test_spaces_before_punctuation_survive_decoding() -> None:
    words = Tokenizer(WordLevel({"<eos>": 0, "a": 1, ".": 2, "b": 3}, unk_token="<eos>"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<eos>", clean_up_tokenization_spaces=True)
    assert tokenizer.decode([1, 2, 3]) == "a. b"
    assert TextCodec(tokenizer).decode((1, 2, 3, 0)) == "a . b"


def test_only_prompts_begin_as_the_tokenizer_begins_texts() -> None:
    tokenizer = build_tiny_tokenizer()
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<think> $A", special_tokens=[("<think>", tokenizer.convert_tokens_to_ids("<think>"))]
    )
    for codec in (TextCodec(tokenizer), TextCodec(tokenizer, use_chat_template=True)):
        assert "<think>" not in tokenizer.convert_ids_to_tokens(list(codec.encode_turn("7")))
        assert tokenizer.convert_ids_to_tokens(list(codec.encode("7"))) == ["7"]
