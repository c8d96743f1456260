"""Reading a response: its thinking, its answer block, its boxes, its announcements, its program."""

from __future__ import annotations

from reasonenv.parsing.answers import extract_answer, stated_answer
from reasonenv.parsing.boxes import boxed_answer, last_boxed
from reasonenv.parsing.programs import code_block
from reasonenv.parsing.response import Response, opened_thinking, read_response, whole_response

__all__ = [
    "Response",
    "boxed_answer",
    "code_block",
    "extract_answer",
    "last_boxed",
    "opened_thinking",
    "read_response",
    "stated_answer",
    "whole_response",
]
