"""Between the environment's text and the engine's token ids. Sampled ids are decoded once and never re-encoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from agents.errors import ConfigError
from agents.rollout.chat import ChatTemplate, TemplateValue
from agents.types import TokenIds
from reasonenv.parsing import opened_thinking
from reasonenv.types import Message

__all__ = ["TextCodec"]

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
        chat_template_kwargs: variables of the chat template, such as `{"enable_thinking": False}`.

    Raises:
        ConfigError: no end of sequence, no chat template, or variables without one.
        UnknownNameError: the chat template has no such variable.
    """

    tokenizer: Any
    use_chat_template: bool = False
    model_stop_token_ids: TokenIds = ()
    chat_template_kwargs: Mapping[str, TemplateValue] = field(default_factory=dict[str, TemplateValue])

    def __post_init__(self) -> None:
        if self.tokenizer.eos_token_id is None:
            raise ConfigError("The tokenizer has no eos_token: episodes could never end. Set tokenizer.eos_token.")
        if self.chat_template_kwargs and not self.use_chat_template:
            raise ConfigError("chat_template_kwargs are for a chat template: set use_chat_template=True.")
        if self.use_chat_template:
            _ = self._chat

    @cached_property
    def _chat(self) -> ChatTemplate:
        return ChatTemplate(self.tokenizer, self.chat_template_kwargs)

    @cached_property
    def for_messages(self) -> TextCodec:
        """The codec of the same tokenizer that encodes messages through the chat template."""
        return self if self.use_chat_template else replace(self, use_chat_template=True)

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
        if not self.use_chat_template:
            return self.eos_token_id
        behind = self.encode(self._chat.behind_response(None))
        length = self._end_of_turn_length(behind)
        return behind[length - 1] if length else self.eos_token_id

    def _end_of_turn_length(self, behind: TokenIds) -> int:
        """Return how many of the ids behind a response end its turn: those up to the first control token, if any."""
        controls: Mapping[int, Any] = self.tokenizer.added_tokens_decoder
        return next((place for place, token in enumerate(behind, 1) if token in controls), 0)

    @property
    def pad_token_id(self) -> int:
        """The token that fills rows to equal length; any id serves, since masks hide it."""
        return self.eos_token_id if self.tokenizer.pad_token_id is None else int(self.tokenizer.pad_token_id)

    def encode_prompt(self, observation: str, messages: Sequence[Message]) -> TokenIds:
        """Return the ids of an episode's first observation, generation prompt included.

        Plain text begins with the tokenizer's beginning-of-sequence token, if it has one; chat templates write theirs.
        In a chat, a space breaks what would be a control token of the template, so that no task can end its turn.

        Raises:
            ConfigError: the chat template refuses the messages.
        """
        return self.encode(self._chat.prompt(messages)) if self.use_chat_template else self.encode_text(observation)

    def encode_text(self, text: str) -> TokenIds:
        """Return the ids of a prompt that is encoded as it is, behind one beginning-of-sequence token if any."""
        begins = self.tokenizer.bos_token is not None and text.startswith(self.tokenizer.bos_token)
        token_ids: list[int] = self.tokenizer.encode(_encodable(text), add_special_tokens=not begins)
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
        behind = self.encode(self._chat.behind_response(observation))
        return behind[self._end_of_turn_length(behind) :] if is_closed else behind

    def require_turns(self) -> None:
        """Raise ConfigError unless episodes of several turns are as the chat template renders them."""
        if self.use_chat_template:
            self._chat.require_turns()

    def opened_thinking(self, token_ids: TokenIds) -> str:
        """Return the `<think>` with which a prompt ends, and the space behind it; else the empty string.

        Templates of reasoning models open the chain of thought themselves. It belongs to the response, as the rewards
        see it.
        """
        return opened_thinking(str(self.tokenizer.decode(token_ids[-_OPENING_TOKENS:], skip_special_tokens=False)))

    def encode(self, text: str) -> TokenIds:
        """Return plain ids; lone surrogates, which no tokenizer can encode, become U+FFFD."""
        return tuple(self.tokenizer.encode(_encodable(text), add_special_tokens=False))

    def decode(self, token_ids: TokenIds) -> str:
        """Return the response as the environment sees it: all that was sampled, but for the final stop token."""
        body = token_ids[:-1] if token_ids and token_ids[-1] in self.stop_token_ids else token_ids
        return str(self.tokenizer.decode(body, skip_special_tokens=False, clean_up_tokenization_spaces=False))


def _encodable(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
