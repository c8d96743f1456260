"""Between the environment's text and the engine's token ids. Sampled ids are decoded once and never re-encoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agents.errors import ConfigError
from agents.types import TokenIds
from reasonenv.types import Message

__all__ = ["TextCodec"]

_EARLIER_RESPONSE = "EARLIER-RESPONSE"
"""Stands for the sampled response while a template is asked what follows one."""


@dataclass(frozen=True)
class TextCodec:
    """A tokenizer, and whether prompts are plain text or go through the tokenizer's chat template.

    Args:
        tokenizer: any `transformers` tokenizer with an end-of-sequence token.
        use_chat_template: encode `info["messages"]` through the chat template instead of the observation's text.
    """

    tokenizer: Any
    use_chat_template: bool = False

    def __post_init__(self) -> None:
        if self.tokenizer.eos_token_id is None:
            raise ConfigError("The tokenizer has no eos_token: episodes could never end. Set tokenizer.eos_token.")
        if self.use_chat_template and self.tokenizer.chat_template is None:
            raise ConfigError("use_chat_template=True, but the tokenizer has no chat template.")

    @property
    def eos_token_id(self) -> int:
        """The token that ends a response."""
        return int(self.tokenizer.eos_token_id)

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

    def encode_turn(self, observation: str) -> TokenIds:
        """Return the ids to append for an environment turn, generation prompt included.

        They are what the chat template writes behind a response, without its preamble (a default system prompt, a
        beginning-of-sequence token).
        """
        if not self.use_chat_template:
            return self.encode(observation)
        text = self._render(
            [
                {"role": "user", "content": "."},
                {"role": "assistant", "content": _EARLIER_RESPONSE},
                {"role": "user", "content": observation},
            ]
        )
        return self.encode(text.partition(_EARLIER_RESPONSE)[2].removeprefix(str(self.tokenizer.eos_token)))

    def _render(self, messages: Sequence[Message]) -> str:
        return str(self.tokenizer.apply_chat_template(list(messages), add_generation_prompt=True, tokenize=False))

    def encode(self, text: str) -> TokenIds:
        """Return plain ids; lone surrogates, which no tokenizer can encode, become U+FFFD."""
        return tuple(self.tokenizer.encode(_encodable(text), add_special_tokens=False))

    def decode(self, token_ids: TokenIds) -> str:
        """Return the response as the environment sees it: all that was sampled, but for the final end-of-sequence."""
        body = token_ids[:-1] if token_ids and token_ids[-1] == self.eos_token_id else token_ids
        return str(self.tokenizer.decode(body, skip_special_tokens=False, clean_up_tokenization_spaces=False))


def _encodable(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
