from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_policies import save_tiny_policy
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from agents.policies.tiny import TAGS, build_tiny_policy, build_tiny_tokenizer

TOKENIZER = build_tiny_tokenizer()


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerFast:
    return TOKENIZER


@given(st.text())
def test_any_unicode_text_survives_encoding_and_decoding(text: str):

    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


@given(
    st.lists(st.sampled_from([*TAGS, "Compute ", "Compute left to right, modulo ", " ", "7", "é", "\r\n", "<", "🙂"]))
)
def test_text_with_tags_and_phrases_survives_encoding_and_decoding(pieces: list[str]):
    text = "".join(pieces)
    ids = TOKENIZER.encode(text)
    assert TOKENIZER.decode(ids, skip_special_tokens=True) == text


@pytest.mark.parametrize("symbol", list("0123456789+-*/=;()?,."))
def test_every_digit_and_operator_is_its_own_token(tokenizer: PreTrainedTokenizerFast, symbol: str):
    ids = tokenizer.encode(f"1{symbol}{symbol}2")
    assert len(ids) == 4
    assert ids[1] == ids[2] == tokenizer.encode(symbol)[0]


@pytest.mark.parametrize("tag", TAGS)
def test_every_tag_is_one_token_that_decoding_keeps(tokenizer: PreTrainedTokenizerFast, tag: str):
    ids = tokenizer.encode(tag)
    assert len(ids) == 1
    assert tokenizer.decode(ids, skip_special_tokens=True) == tag


def test_a_tag_between_other_text_is_still_one_token(tokenizer: PreTrainedTokenizerFast):
    assert tokenizer.tokenize("1</think>2") == ["1", "</think>", "2"]


def test_a_phrase_is_one_token_also_inside_a_longer_text(tokenizer: PreTrainedTokenizerFast):
    assert len(tokenizer.encode("Compute left to right, modulo 10: 7*3=?")) == 1 + len("10: 7*3=?")


def test_phrases_can_be_chosen():
    assert len(build_tiny_tokenizer(phrases=["A whole prompt: "]).encode("A whole prompt: 1")) == 2


def test_eos_and_pad_are_distinct_special_tokens_that_skipping_removes(tokenizer: PreTrainedTokenizerFast):
    assert tokenizer.pad_token_id != tokenizer.eos_token_id
    ids = [tokenizer.pad_token_id, *tokenizer.encode("7"), tokenizer.eos_token_id]
    assert tokenizer.decode(ids, skip_special_tokens=True) == "7"


def test_encoding_adds_no_special_tokens(tokenizer: PreTrainedTokenizerFast):
    assert tokenizer.encode("") == []


def test_lone_surrogates_are_refused(tokenizer: PreTrainedTokenizerFast):
    with pytest.raises(TypeError):
        tokenizer.encode("7\ud800")


def test_vocabulary_stays_small(tokenizer: PreTrainedTokenizerFast):
    assert 256 < len(tokenizer) <= 400


def test_chat_template_marks_every_turn_and_ends_assistant_turns(tokenizer: PreTrainedTokenizerFast):
    messages = [{"role": "user", "content": "1+1=?"}, {"role": "assistant", "content": "2"}]
    text = tokenizer.apply_chat_template(messages, tokenize=False)
    assert text == "<|user|>1+1=?<|assistant|>2<eos>"


def test_chat_template_opens_an_assistant_turn_for_generation(tokenizer: PreTrainedTokenizerFast):
    messages = [{"role": "user", "content": "1+1=?"}]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert text == "<|user|>1+1=?<|assistant|>"


def test_policy_has_about_150_thousand_parameters_and_ties_its_embeddings():
    model, _ = build_tiny_policy(seed=0)
    assert 140_000 < sum(parameter.numel() for parameter in model.parameters()) < 160_000
    assert model.lm_head.weight is model.model.embed_tokens.weight


def test_same_seed_gives_the_same_weights_and_another_seed_others():
    first, second, other = (build_tiny_policy(seed=seed)[0].state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["lm_head.weight"], other["lm_head.weight"])


def test_building_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    build_tiny_policy(seed=11)
    assert torch.equal(torch.get_rng_state(), before)


def test_saved_folder_loads_as_an_ordinary_checkpoint_with_the_same_behaviour(tmp_path: Path):
    save_tiny_policy(tmp_path / "policy", seed=5)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "policy")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "policy")
    built_model, built_tokenizer = build_tiny_policy(seed=5)
    text = "Compute left to right, modulo 10: 7*3+5=?<think>é"
    inputs = tokenizer(text, return_tensors="pt")
    assert set(inputs) == {"input_ids", "attention_mask"}
    ids = inputs["input_ids"]
    assert ids.tolist() == [built_tokenizer.encode(text)]
    assert tokenizer.chat_template == built_tokenizer.chat_template
    with torch.no_grad():
        assert torch.equal(model(ids).logits, built_model(ids).logits)


def test_saved_folder_keeps_eos_and_pad_for_generation(tmp_path: Path):
    save_tiny_policy(tmp_path, seed=5)
    model = AutoModelForCausalLM.from_pretrained(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    assert model.generation_config.pad_token_id == tokenizer.pad_token_id
