"""Scorers for tests: random transformers of a few thousand weights, and one whose scores are counted by hand."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3ForSequenceClassification,
)

from agents.policies.tiny import build_tiny_tokenizer
from reward_models.models.scorer import RawScores
from reward_models.models.transformer import TransformerScorer


def tokenizer(*, has_template: bool = False, pad_is_eos: bool = False, padding_side: str = "left"):
    made = build_tiny_tokenizer(())
    made.padding_side = padding_side
    if not has_template:
        made.chat_template = None
    if pad_is_eos:
        made.pad_token = made.eos_token
    return made


def _sizes(vocabulary: int) -> dict:
    return {
        "vocab_size": vocabulary,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 2048,
        "initializer_range": 0.2,
    }


def decoder(seed: int = 0, *, num_labels: int = 1, causal: bool = False, pad_token_id: int | None = None):
    config = Qwen3Config(
        **_sizes(len(tokenizer())), num_key_value_heads=2, head_dim=16, num_labels=num_labels, pad_token_id=pad_token_id
    )
    torch.manual_seed(seed)
    return (Qwen3ForCausalLM if causal else Qwen3ForSequenceClassification)(config).eval()


def encoder(seed: int = 0):
    torch.manual_seed(seed)
    return BertForSequenceClassification(BertConfig(**_sizes(len(tokenizer())), num_labels=1)).eval()


def decoder_scorer(**settings) -> TransformerScorer:
    return TransformerScorer(decoder(), tokenizer(), **settings)


def save_checkpoint(folder: Path, model) -> Path:
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


class LengthScorer:
    """The raw score is the number of characters; "?" and "-inf" cannot be scored; over 10 characters count as cut."""

    scorer_kind = "length"

    def raw_scores(self, prompts, texts) -> RawScores:
        odd = {"?": math.nan, "-inf": -math.inf}
        values = [odd.get(text, float(len(text))) for text in texts]
        return RawScores(values, [len(text) > 10 for text in texts])

    def save(self, folder: Path) -> dict:
        (folder / "weights").write_text("none")
        return {"unit": "characters"}
