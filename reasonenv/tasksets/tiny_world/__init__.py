"""A world that a model of 0.25M parameters can learn: problems, requests, and the pages that it is pre-trained on.

Digits, two languages, three tables of facts. Everything is made by program, and everything can be judged by program.
"""

from __future__ import annotations

from reasonenv.tasksets.tiny_world.authors import worked_response
from reasonenv.tasksets.tiny_world.judging import Truth, judge_request
from reasonenv.tasksets.tiny_world.tasks import tiny_mixed, tiny_reasoning, tiny_requests
from reasonenv.tasksets.tiny_world.web import WebConfig, document, tokenizer_phrases

__all__ = [
    "TINY_WORLD",
    "Truth",
    "WebConfig",
    "document",
    "judge_request",
    "tiny_mixed",
    "tiny_reasoning",
    "tiny_requests",
    "tokenizer_phrases",
    "worked_response",
]

TINY_WORLD: dict[str, str] = {
    "tiny_reasoning": f"{__name__}:tiny_reasoning",
    "tiny_requests": f"{__name__}:tiny_requests",
    "tiny_mixed": f"{__name__}:tiny_mixed",
}
"""Name → function of the split; a row in the table of task sets."""
