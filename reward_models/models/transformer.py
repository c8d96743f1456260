"""Scoring with a Hugging Face transformer and a scalar head.

Training and scoring share what would change a score without an error: one end-of-sequence token behind the response,
padding on the right, the score read at the last real token according to the attention mask (never at the first pad
token, which may be the end-of-sequence token), the head in float32.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from reward_models.base import Prompt, conversation, render_dialogue
from reward_models.errors import LoadError
from reward_models.models.scorer import RawScores

__all__ = ["DEFAULT_MAX_TOKENS", "Encoded", "TransformerScorer", "head_name", "pad_right"]

DEFAULT_MAX_TOKENS = 8192
"""The length that the reward models of 2501.12948 were trained with; less where the model has fewer positions."""

_HEADS = ("score", "classifier", "classification_head")


class Encoded(NamedTuple):
    """Token ids of a prompt and a response, and whether the beginning was cut off."""

    token_ids: list[int]
    is_truncated: bool


@dataclass(eq=False)
class TransformerScorer:
    """A sequence-classification model with one label, and the tokenizer it reads with.

    Args:
        model: `num_labels=1`; decoders are read at the last token, encoders as their own head does.
        max_tokens: longer inputs lose their beginning and are flagged; None for what the model can take, at most 8,192.
        batch_size: rows per forward pass; changes no score. Rows are sorted by length first.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    max_tokens: int | None = None
    batch_size: int = 16
    scorer_kind: str = "transformer"

    def __post_init__(self) -> None:
        if self.model.config.num_labels != 1:
            raise LoadError(
                f"A reward model has one output, {type(self.model).__name__} has {self.model.config.num_labels}."
            )
        positions = self.model.config.to_dict().get("max_position_embeddings") or DEFAULT_MAX_TOKENS
        self.max_tokens = self.max_tokens or min(DEFAULT_MAX_TOKENS, positions)
        if self.max_tokens > positions:
            raise ValueError(f"max_tokens is {self.max_tokens}, but the model has only {positions} positions.")
        self._head = head_name(self.model)

    @classmethod
    def from_pretrained(
        cls,
        path: str | Path,
        *,
        dtype: torch.dtype = torch.float32,
        max_tokens: int | None = None,
        batch_size: int = 16,
        seed: int = 0,
    ) -> TransformerScorer:
        """Load a classification checkpoint, or a causal one, which gets a new scalar head drawn from `seed`.

        Raises:
            LoadError: the architecture has no sequence-classification form, or the checkpoint several labels.
        """
        config = AutoConfig.from_pretrained(path)
        is_classifier = any("SequenceClassification" in name for name in config.architectures or ())
        if is_classifier and config.num_labels != 1:
            raise LoadError(f"{path} classifies into {config.num_labels} labels; a reward model has one output.")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            try:
                model = AutoModelForSequenceClassification.from_pretrained(path, num_labels=1, dtype=dtype)
            except ValueError as error:
                raise LoadError(f"{path} cannot be loaded with a scalar head: {error}") from error
        tokenizer = AutoTokenizer.from_pretrained(path)
        return cls(model.eval(), tokenizer, max_tokens=max_tokens, batch_size=batch_size)

    def encode(self, prompt: Prompt, text: str) -> Encoded:
        """Return the ids that training and scoring both use: of the chat template if there is one, else of one text.

        The sequence ends with exactly one end-of-sequence token (or the separator that an encoder's tokenizer adds).
        """
        ids = self._ids(prompt, text)
        tokenizer = self.tokenizer
        end = _token_id(tokenizer.eos_token_id if tokenizer.sep_token_id is None else tokenizer.sep_token_id)
        while ids and ids[-1] == end:
            ids.pop()
        if end is not None:
            ids.append(end)
        limit = self.max_tokens or DEFAULT_MAX_TOKENS
        return Encoded(ids[-limit:] or [0], len(ids) > limit)

    def _ids(self, prompt: Prompt, text: str) -> list[int]:
        if self.tokenizer.chat_template is None:
            return list(self.tokenizer(render_dialogue(prompt, text))["input_ids"])
        rendered = self.tokenizer.apply_chat_template(conversation(prompt, text), tokenize=False)
        return list(self.tokenizer(str(rendered).rstrip(), add_special_tokens=False)["input_ids"])

    def raw_scores(self, prompts: Sequence[Prompt], texts: Sequence[str]) -> RawScores:
        """Return the outputs of the head, in the order of the arguments."""
        encoded = [self.encode(prompt, text) for prompt, text in zip(prompts, texts, strict=True)]
        values = [0.0] * len(encoded)
        self.model.eval()
        with torch.inference_mode():
            for rows in self._batches(encoded):
                logits_B = self.logits([encoded[row].token_ids for row in rows])
                for row, value in zip(rows, logits_B.tolist(), strict=True):
                    values[row] = value
        return RawScores(values, [row.is_truncated for row in encoded])

    def _batches(self, encoded: Sequence[Encoded]) -> Iterator[list[int]]:
        by_length = sorted(range(len(encoded)), key=lambda row: len(encoded[row].token_ids))
        return (by_length[i : i + self.batch_size] for i in range(0, len(by_length), self.batch_size))

    def logits(self, token_ids: Sequence[Sequence[int]]) -> Tensor:
        """Return the float32 outputs of the scalar head, one per row; differentiable."""
        ids_BT, mask_BT = pad_right(token_ids, _token_id(self.tokenizer.pad_token_id) or 0)
        ids_BT, mask_BT = ids_BT.to(self.model.device), mask_BT.to(self.model.device)
        if self._head != "score":
            return self.model(input_ids=ids_BT, attention_mask=mask_BT).logits[:, 0].float()
        hidden_BTD = self.model.base_model(input_ids=ids_BT, attention_mask=mask_BT).last_hidden_state
        hidden_BD = hidden_BTD[torch.arange(len(ids_BT), device=ids_BT.device), mask_BT.sum(dim=1) - 1]
        return self.model.get_submodule("score")(hidden_BD)[:, 0]

    def save(self, folder: Path) -> Mapping[str, Any]:
        """Write weights and tokenizer so that `AutoModelForSequenceClassification` loads them too."""
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        return {"max_tokens": self.max_tokens}


def _token_id(value: object) -> int | None:
    return value if isinstance(value, int) else None


def head_name(model: PreTrainedModel) -> str:
    """Return the name of the classification head, `score` for decoders, and turn its weights and input to float32.

    Raises:
        LoadError: a head of an unknown name.
    """
    children = dict(model.named_children())
    for name in _HEADS:
        if name in children:
            children[name].float().register_forward_pre_hook(_input_to_float32)
            return name
    raise LoadError(f"{type(model).__name__} has no head called {', '.join(_HEADS)}; it has {', '.join(children)}.")


def _input_to_float32(_: torch.nn.Module, arguments: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(argument.float() for argument in arguments)


def pad_right(rows: Sequence[Sequence[int]], pad_token_id: int) -> tuple[Tensor, Tensor]:
    """Return ids [B, T] and attention mask [B, T], padded on the right whatever the tokenizer prefers."""
    width = max(len(row) for row in rows)
    ids_BT = torch.tensor([[*row, *[pad_token_id] * (width - len(row))] for row in rows])
    mask_BT = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    return ids_BT, mask_BT
