"""The parts of a response. Every grader and every reward that looks at tags reads them here."""

from __future__ import annotations

import re
from typing import NamedTuple

from reasonenv.parsing.boxes import boxed_answer

__all__ = [
    "ANSWER_TAG",
    "CONTROL_TOKEN",
    "Response",
    "after_thinking",
    "opened_thinking",
    "read_response",
    "whole_response",
    "without_control_tokens",
]

_OPENED_THINKING = re.compile(r"<think>\s*\Z")
_MAX_OPENED_CHARS = 32
"""Where the end of a prompt is looked for."""

CONTROL_TOKEN = (
    r"(?:<\|[\w. ▁-]{1,30}\|>|<｜[\w. ▁-]{1,30}｜>|</?s>|<(?:eos|pad|bos|end_of_turn|end_of_text|EOS)>|\[EOS\])"
)
"""Pattern of what chat templates end a turn with: decoded as text, it says nothing."""
_LAST_TOKEN = re.compile(rf"\s*{CONTROL_TOKEN}(?:assistant)?\s*\Z")
_MAX_TOKEN_CHARS = 64
_LAST_CHARS = frozenset(">]t \t\n\r")
"""What a control token, or the space behind one, ends with."""
_TOKEN_ENDS = ("|>", "｜>", "s>", "d>", "n>", "t>", "S>", "S]", "|>assistant")
"""What a control token ends with, unlike `</think>` and `</answer>`."""
ANSWER_TAG = re.compile(r"</?answer>", re.I)


class Response(NamedTuple):
    """A response in parts: `read_response("<think>2+3 is 5</think><answer>5</answer>")`."""

    text: str
    closed_thinking: str | None
    """All before the last `</think>`, an opening tag included; None without such a tag."""
    rest: str | None
    """What follows the thinking; None when the thinking never ends, so that nothing has been answered yet."""
    block: str | None
    """The content of the only answer block in the rest; None for none, several, or a tag without its partner."""
    part: str | None
    """The text that holds the answer: the block, or all of the rest where it has no answer tags."""

    @property
    def thinking(self) -> str:
        """The text of the thinking, without its tags."""
        if self.rest is None:
            return self.text.partition("<think>")[2]
        return (self.closed_thinking or "").removeprefix("<think>")

    @property
    def box(self) -> str | None:
        """What the last box in `part` says, as `boxed_answer` reads it."""
        return boxed_answer(self.part) if self.part and "\\" in self.part else None


def read_response(response: str) -> Response:
    """Split a response at its last `</think>`, and find the answer block behind it.

    A response without tags is all answer; one whose prompt already opened `<think>` needs only the closing tag. The
    control tokens that it ends with, such as `<|im_end|>`, are no part of it, and answer tags may be in capitals.

    >>> read_response("<think>2+3</think> 5").rest
    ' 5'
    >>> read_response("<think>2+3 is").rest is None
    True
    >>> read_response("So it is <answer>5</answer>.").part
    '5'
    """
    before, closing, rest = without_control_tokens(response).rpartition("</think>")
    closed = before if closing else None
    if "<think>" in rest:
        return Response(response, closed, None, None, None)
    tags = list(ANSWER_TAG.finditer(rest)) if "nswer>" in rest or "NSWER>" in rest else []
    if not tags:
        return Response(response, closed, rest, None, rest)
    is_pair = len(tags) == 2 and tags[0][0][1] != "/" == tags[1][0][1]
    block = rest[tags[0].end() : tags[1].start()] if is_pair else None
    return Response(response, closed, rest, block, block)


def after_thinking(response: str) -> str | None:
    """Return the `rest` of `read_response`, and read nothing else."""
    rest = without_control_tokens(response).rpartition("</think>")[2]
    return None if "<think>" in rest else rest


def opened_thinking(prompt: str) -> str:
    """Return the `<think>` with which a prompt ends, and the space behind it; else the empty string.

    >>> opened_thinking("<|User|>2+3=?<|Assistant|><think>\\n")
    '<think>\\n'
    """
    found = _OPENED_THINKING.search(prompt[-_MAX_OPENED_CHARS:])
    return found[0] if found else ""


def whole_response(prompt: str, response: str) -> str:
    """Return a response with the `<think>` that its prompt opened, as every reward reads it.

    Chat templates of reasoning models (DeepSeek-R1, Qwen3, QwQ) open the chain of thought themselves, so that the model
    writes no opening tag. `agents` and `TextEnv` put it back; who scores responses by other ways calls this.

    Args:
        prompt: as the model read it, generation prompt included.
        response: what the model wrote; one that opens its thinking itself is returned as it is.

    >>> whole_response("2+3=?<think>", "2+3 is 5</think> <answer>5</answer>")
    '<think>2+3 is 5</think> <answer>5</answer>'
    """
    return response if response.lstrip().startswith("<think>") else opened_thinking(prompt) + response


def without_control_tokens(text: str) -> str:
    """Drop the control tokens that a text ends with, and the space around them.

    >>> without_control_tokens("<answer>5</answer> <|im_end|>\\n</s>")
    '<answer>5</answer>'
    """
    if text[-1:] not in _LAST_CHARS:
        return text
    end = len(text)
    while text[max(0, end - _MAX_TOKEN_CHARS) : end].rstrip().endswith(_TOKEN_ENDS):
        token = _LAST_TOKEN.search(text, max(0, end - _MAX_TOKEN_CHARS), end)
        if token is None:
            break
        end = token.start()
    return text[:end]
