"""The embedded policy: a 0.15M-parameter Qwen3 and its tokenizer, built without any download.

Both are ordinary `transformers` objects, so the tiny policy runs through the same code as a large one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
)

__all__ = ["PHRASES", "Architecture", "build_tiny_policy", "build_tiny_tokenizer"]

Architecture = Literal["qwen3", "llama"]
PAD, EOS = "<pad>", "<eos>"
TAGS = ("<think>", "</think>", "<answer>", "</answer>", "<|system|>", "<|user|>", "<|assistant|>")
PHRASES = ("Compute left to right, modulo ", "Compute ", "Solve for x: ", "What is ", "gcd", "lcm", "boxed{")
"""Frequent whole phrases of the procedural prompts; each is one token, so that prompts stay short."""

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def build_tiny_tokenizer(phrases: Sequence[str] = PHRASES) -> PreTrainedTokenizerFast:
    """Build a byte-level tokenizer: 256 bytes, `<pad>`, `<eos>`, the tags of a reasoning response, and whole phrases.

    Without merges every digit, operator and letter is its own token. `decode(encode(text))` returns any text unchanged:
    only `<pad>` and `<eos>` are special, and only they vanish when special tokens are skipped. Text with a lone
    surrogate has no UTF-8 form and raises `TypeError`.

    Args:
        phrases: non-empty strings that become one token each.

    >>> build_tiny_tokenizer().tokenize("<think>7*3=1</think>")
    ['<think>', '7', '*', '3', '=', '1', '</think>']
    """
    vocabulary = {PAD: 0, EOS: 1}
    for symbol in sorted(pre_tokenizers.ByteLevel.alphabet()):
        vocabulary[symbol] = len(vocabulary)
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_tokens([AddedToken(text, normalized=False) for text in (*TAGS, *phrases)])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token=PAD,
        eos_token=EOS,
        padding_side="left",
        clean_up_tokenization_spaces=False,
        model_input_names=["input_ids", "attention_mask"],
        chat_template=CHAT_TEMPLATE,
    )


def build_tiny_policy(
    *,
    seed: int,
    tokenizer: PreTrainedTokenizerFast | None = None,
    architecture: Architecture = "qwen3",
    hidden_size: int = 64,
    num_layers: int = 2,
    num_heads: int = 2,
    head_dim: int = 32,
    intermediate_size: int = 256,
) -> tuple[Qwen3ForCausalLM | LlamaForCausalLM, PreTrainedTokenizerFast]:
    """Build a float32 policy with tied embeddings and random weights, on the CPU, and its tokenizer.

    Args:
        seed: of the weights; the same seed gives the same bytes, and the global generator is left as it was.
        tokenizer: made by `build_tiny_tokenizer`; None builds the default one.
        architecture: "llama" differs from "qwen3" in that it does not normalise queries and keys.
    """
    tokenizer = tokenizer or build_tiny_tokenizer()
    settings: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": hidden_size,
        "num_hidden_layers": num_layers,
        "num_attention_heads": num_heads,
        "num_key_value_heads": num_heads,
        "head_dim": head_dim,
        "intermediate_size": intermediate_size,
        "max_position_embeddings": 4096,
        "initializer_range": 0.06,  # with rope_theta, halves the steps until chain arithmetic is learned
        "rope_parameters": {"rope_type": "default", "rope_theta": 500.0},
        "tie_word_embeddings": True,
        "pad_token_id": tokenizer.get_vocab()[PAD],
        "eos_token_id": tokenizer.get_vocab()[EOS],
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if architecture == "llama":
            return LlamaForCausalLM(LlamaConfig(**settings)), tokenizer
        return Qwen3ForCausalLM(Qwen3Config(**settings)), tokenizer
