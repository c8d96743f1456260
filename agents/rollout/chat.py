"""A tokenizer's chat template, turn by turn: what it writes around messages, and whether that can be appended to.

A policy learns from the ids that it sampled, so a conversation grows by appending and is never rendered anew. A
template that writes earlier turns in another way once there are later ones cannot be followed so, and is refused. One
exception is made: templates of reasoning models leave out the thinking of earlier responses. Here it stays, for the
policy has sampled it and attends to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import zip_longest
from typing import Any

from jinja2.exceptions import TemplateError

from agents.errors import ConfigError
from reasonenv.errors import UnknownNameError
from reasonenv.parsing import opened_thinking
from reasonenv.types import Message

__all__ = ["ChatTemplate", "TemplateValue"]

TemplateValue = str | bool | int | float
"""What a variable of a chat template may be set to."""

_RESPONSE = "EARLIER-RESPONSE"
"""Stands for the sampled response while a template is asked what surrounds one."""
_TURNS = ("FIRST-QUESTION", "SECOND-QUESTION", "THIRD-QUESTION")
_THOUGHT = "THOUGHT"
_THINKING = re.compile(r"<think>.*?</think>\s*", re.DOTALL)
_THINKING_TOKENS = ("<think>", "</think>", "[THINK]", "[/THINK]")
"""They mark no turn, and prompts may speak of them."""


@dataclass(frozen=True)
class ChatTemplate:
    """The chat template of a tokenizer, with some of its variables set.

    Args:
        tokenizer: any `transformers` tokenizer with a chat template.
        variables: such as `{"enable_thinking": False}`.

    Raises:
        ConfigError: the tokenizer has no chat template, or one that writes no response as it is.
        UnknownNameError: the template has no such variable.
    """

    tokenizer: Any
    variables: Mapping[str, TemplateValue] = field(default_factory=dict[str, TemplateValue])

    def __post_init__(self) -> None:
        if self.tokenizer.chat_template is None:
            raise ConfigError("use_chat_template=True, but the tokenizer has no chat template.")
        words = set(re.findall(r"[A-Za-z_]\w+", str(self.tokenizer.chat_template)))
        for name in self.variables:
            if name not in words:
                raise UnknownNameError("variable of the chat template", name, words)

    def prompt(self, messages: Sequence[Message]) -> str:
        """Return the rendered messages, generation prompt included; control tokens in them are made plain text.

        Raises:
            ConfigError: the template refuses the messages.
        """
        return self._render(self._folded([self._escaped(message) for message in messages]))

    def behind_response(self, observation: str | None) -> str:
        """Return what is written behind a response: the end of its turn, the observation, and the next one's opening.

        Args:
            observation: the environment's text; None where nothing follows.
        """
        more: list[Message] = []
        if observation is not None:
            more = [self._escaped({"role": "user", "content": observation})]
        conversation = [_user("."), _assistant(_RESPONSE), *more]
        _, found, behind = self._render(conversation, opens_response=bool(more)).partition(_RESPONSE)
        if not found:
            raise ConfigError(
                "The chat template does not write an assistant's message as it is: no turn can follow it."
            )
        return behind

    @cached_property
    def control_tokens(self) -> tuple[str, ...]:
        """The tokens that mark turns: the special ones, and others that the template writes; the longest first."""
        written = self._render([_user("."), _assistant("."), _user(".")])
        tokens = {
            str(token)
            for token in self.tokenizer.added_tokens_decoder.values()
            if token.special or (str(token) in written and not str(token).strip().isalnum())
        }
        marks = [token for token in tokens if len(token.strip()) > 1 and token not in _THINKING_TOKENS]
        return tuple(sorted(marks, key=lambda token: (-len(token), token)))

    def require_turns(self) -> None:
        """Raise ConfigError unless a conversation that is appended to is the one that the template renders.

        The thinking of earlier responses and the spaces around a response may differ.
        """
        for before in ([], [_system("SYSTEM")]):
            self._require_turns(self._folded([*before, _user(_TURNS[0])]))

    def _require_turns(self, start: Sequence[Message]) -> None:
        conversation, appended = list(start), self._render(start)
        for observation in _TURNS[1:]:
            response = self._thoughtful(appended)
            conversation += [_assistant(response), _user(observation)]
            appended += response.removeprefix(opened_thinking(appended)) + self.behind_response(observation)
            rendered = self._render(conversation)
            if _comparable(_thoughtless(appended)) != _comparable(_thoughtless(rendered)):
                raise ConfigError(
                    "The chat template cannot be followed turn by turn: with one more turn it writes "
                    f"{_difference(rendered, appended)} Set max_turns=1, or give the "
                    "tokenizer a chat template that leaves earlier turns as they are."
                )

    def _thoughtful(self, text: str) -> str:
        """Return a response as a policy would give it here, which thinks first where the template opens thinking."""
        opened = opened_thinking(text)
        return f"{opened}{_THOUGHT}</think>{_RESPONSE}" if opened else _RESPONSE

    def _folded(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Put a system message before the first question where the template has no place of its own for it."""
        if self._has_system or not messages or messages[0]["role"] != "system":
            return messages
        system, *others = messages
        if not others or others[0]["role"] != "user":
            raise ConfigError(
                "The chat template takes no system message in its place, and no question follows that could hold it."
            )
        return [_user(f"{system['content']}\n\n{others[0]['content']}"), *others[1:]]

    @cached_property
    def _has_system(self) -> bool:
        """Whether a system message has a place that later turns do not change."""
        start = [_system("SYSTEM"), _user(_TURNS[0])]
        try:
            short = self._render(start, opens_response=False)
            long = self._render([*start, _assistant(_RESPONSE), _user(_TURNS[1])], opens_response=False)
        except ConfigError:
            return False
        before, found, _ = long.partition(_TURNS[0])
        return bool(found) and "SYSTEM" in before and short.startswith(before)

    def _escaped(self, message: Message) -> Message:
        """Return a message in which a space breaks every control token: a task must not end or open a turn."""
        content = message["content"]
        for token in self.control_tokens:
            content = content.replace(token, f"{token[0]} {token[1:]}")
        return {"role": message["role"], "content": content}

    def _render(self, messages: Sequence[Message], *, opens_response: bool = True) -> str:
        try:
            text: Any = self.tokenizer.apply_chat_template(
                list(messages), add_generation_prompt=opens_response, tokenize=False, **self.variables
            )
        except TemplateError as error:
            roles = ", ".join(message["role"] for message in messages)
            raise ConfigError(f"The chat template refuses messages of the roles {roles}: {error}") from error
        return str(text)


def _user(content: str) -> Message:
    return {"role": "user", "content": content}


def _assistant(content: str) -> Message:
    return {"role": "assistant", "content": content}


def _system(content: str) -> Message:
    return {"role": "system", "content": content}


def _comparable(text: str) -> str:
    """Return a rendering without the spaces around responses, which a policy writes itself or a template trims."""
    return re.sub(rf"\s*({_RESPONSE}|<think>|</think>)\s*", r"\1", text)


def _thoughtless(text: str) -> str:
    opened = opened_thinking(text)
    return _THINKING.sub("", text.removesuffix(opened)) + opened


def _difference(rendered: str, appended: str) -> str:
    """Quote where two renderings part."""
    pairs = enumerate(zip_longest(rendered, appended))
    start = max(0, next(place for place, (own, ours) in pairs if own != ours) - 20)
    return f"{rendered[start : start + 60]!r} where an episode has {appended[start : start + 60]!r}."
