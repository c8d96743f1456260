"""The program in a response."""

from __future__ import annotations

import re

from reasonenv.parsing.response import read_response

__all__ = ["code_block"]

_FENCE = re.compile(r"(?P<ticks>`{3,})(?P<info>[^`]*)")
_PYTHON = ("python", "py", "python3")


def code_block(response: str) -> str | None:
    r"""Return the program that a response ends with: its last fenced python block after the thinking, or None.

    A fence is a line that begins with three or more backticks. It opens a block, with the language behind the
    backticks; a line of at least as many backticks alone closes it. The language is `python`, `py` or `python3` in any
    case; blocks of another language or of none are passed over, whatever stands in them. A block that is never closed
    was cut off: there is no program then, whatever came before. Where `<answer>` tags occur, exactly one block of them
    must, and only what stands in it counts, as for `extract_answer`.

    >>> code_block("<think>easy</think> Here it is:\n```python\nprint(5)\n```\nIt prints 5.")
    'print(5)\n'
    >>> code_block("```python\nprint(5)") is None
    True
    """
    program, fence, language, lines = None, "", "", list[str]()
    for line in (read_response(response).part or "").strip().split("\n"):
        mark = _FENCE.fullmatch(line.rstrip())
        if mark is not None and not fence:
            fence, language, lines = mark["ticks"], mark["info"].strip().lower(), list[str]()
        elif mark is not None and len(mark["ticks"]) >= len(fence) and not mark["info"]:
            program = "".join(f"{line}\n" for line in lines) if language in _PYTHON else program
            fence = ""
        else:
            lines.append(line)
    return None if fence else program
