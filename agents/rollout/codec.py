"""Between the environment's text and the engine's token ids. Sampled ids are decoded once and never re-encoded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agents.errors import ConfigError
from agents.types import TokenIds
from reasonenv.types import Message

__all__ = ["TextCodec"]

_EARLIER_RESPONSE = "EARLIER-RESPONSE"
"""Stands for the sampled response while a template is asked what follows one."""
_OPENED_THINKING = re.compile(r"<think>\s*\Z")
_OPENING_TOKENS = 16
"""Last tokens of a prompt among which an opened `<think>` is looked for."""


@dataclass(frozen=True)
class TextCodec:
    """A tokenizer, and whether prompts are plain text or go through the tokenizer's chat template.

    Args:
        tokenizer: any `transformers` tokenizer with an end-of-sequence token.
        use_chat_template: encode `info["messages"]` through the chat template instead of the observation's text.
        model_stop_token_ids: tokens that end a response beside the tokenizer's own and the chat template's: those of
            the model's generation config.
    """

    tokenizer: Any
    use_chat_template: bool = False
    model_stop_token_ids: TokenIds = ()

    def __post_init__(self) -> None:
        if self.tokenizer.eos_token_id is None:
            raise ConfigError("The tokenizer has no eos_token: episodes could never end. Set tokenizer.eos_token.")
        if self.use_chat_template and self.tokenizer.chat_template is None:
            raise ConfigError("use_chat_template=True, but the tokenizer has no chat template.")

    @property
    def eos_token_id(self) -> int:
        """The tokenizer's end of sequence."""
        return int(self.tokenizer.eos_token_id)

    @cached_property
    def stop_token_ids(self) -> TokenIds:
        """Every token that ends a response: end of sequence, end of turn, and those of the generation config."""
        return tuple(dict.fromkeys((self.eos_token_id, self.end_of_turn_id, *self.model_stop_token_ids)))

    @cached_property
    def end_of_turn_id(self) -> int:
        """The token that a response is taught to end with: the chat template's own where there is one."""
        return self._end_of_turn[1]

    @cached_property
    def _end_of_turn(self) -> tuple[str, int]:
        """Return what the chat template writes behind a response up to its first control token, and that token."""
        if not self.use_chat_template:
            return "", self.eos_token_id
        behind = self._behind_response([], add_generation_prompt=False)
        controls: dict[int, Any] = self.tokenizer.added_tokens_decoder
        found = next((token for token in self.encode(behind) if token in controls), None)
        if found is None:
            return "", self.eos_token_id
        text = str(controls[found])
        return behind[: behind.index(text) + len(text)], found

    @property
    def pad_token_id(self) -> int:
        """The token that fills rows to equal length; any id serves, since masks hide it."""
        return self.eos_token_id if self.tokenizer.pad_token_id is None else int(self.tokenizer.pad_token_id)

    def encode_prompt(self, observation: str, messages: Sequence[Message]) -> TokenIds:
        """Return the ids of an episode's first observation, generation prompt included.

        Plain text begins with the tokenizer's beginning-of-sequence token, if it has one; chat templates write theirs.
        """
        if self.use_chat_template:
            return self.encode(self._render(messages))
        token_ids: list[int] = self.tokenizer.encode(_encodable(observation), add_special_tokens=True)
        return tuple(token_ids[:-1] if token_ids[-1:] == [self.eos_token_id] else token_ids)

    def encode_turn(self, observation: str, *, is_closed: bool = True) -> TokenIds:
        """Return the ids to append for an environment turn, generation prompt included.

        They are what the chat template writes behind a response, without its preamble (a default system prompt, a
        beginning-of-sequence token).

        Args:
            observation: the environment's text.
            is_closed: whether the response before it ended with a stop token; one that was cut gets its end of turn.
        """
        if not self.use_chat_template:
            return self.encode(observation)
        behind = self._behind_response([{"role": "user", "content": observation}], add_generation_prompt=True)
        return self.encode(behind.removeprefix(self._end_of_turn[0]) if is_closed else behind)

    def opened_thinking(self, token_ids: TokenIds) -> str:
        """Return the `<think>` with which a prompt ends, and the space behind it; else the empty string.

        Templates of reasoning models open the chain of thought themselves. It belongs to the response, as the rewards
        see it.
        """
        tail = self.tokenizer.decode(token_ids[-_OPENING_TOKENS:], skip_special_tokens=False)
        found = _OPENED_THINKING.search(str(tail))
        return found[0] if found else ""

    def _behind_response(self, messages: Sequence[Message], *, add_generation_prompt: bool) -> str:
        """Return what the chat template writes behind a response, with `messages` after it."""
        conversation = [
            {"role": "user", "content": "."},
            {"role": "assistant", "content": _EARLIER_RESPONSE},
            *messages,
        ]
        text = self.tokenizer.apply_chat_template(
            conversation, add_generation_prompt=add_generation_prompt, tokenize=False
        )
        return str(text).partition(_EARLIER_RESPONSE)[2]

    def _render(self, messages: Sequence[Message]) -> str:
        return str(self.tokenizer.apply_chat_template(list(messages), add_generation_prompt=True, tokenize=False))

    def encode(self, text: str) -> TokenIds:
        """Return plain ids; lone surrogates, which no tokenizer can encode, become U+FFFD."""
        return tuple(self.tokenizer.encode(_encodable(text), add_special_tokens=False))

    def decode(self, token_ids: TokenIds) -> str:
        """Return the response as the environment sees it: all that was sampled, but for the final stop token."""
        body = token_ids[:-1] if token_ids and token_ids[-1] in self.stop_token_ids else token_ids
        return str(self.tokenizer.decode(body, skip_special_tokens=False, clean_up_tokenization_spaces=False))


def _encodable(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
