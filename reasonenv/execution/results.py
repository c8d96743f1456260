"""Reading what a jail left: results that a program may have written, and why a process ended."""

from __future__ import annotations

import json
import signal
from collections.abc import Sequence
from typing import Any, NamedTuple

from reasonenv.execution.wire.endings import MEMORY_CODE, RAISED_CODE, Ending

__all__ = ["Record", "decoded", "describe_end", "printable", "read_lines", "read_records", "text_of"]

MAX_DETAIL = 500


def describe_end(ending: Ending) -> tuple[str, str]:
    """Return the status and the text of a process that ended before its work was done."""
    if ending.limit is not None:
        return ("time_limit", "") if ending.limit == "time" else ("output_limit", "temporary files")
    if ending.exit_code == MEMORY_CODE:
        return "memory_limit", "MemoryError"
    if ending.exit_code == RAISED_CODE:
        return "raised", ""
    if ending.exit_code < 0:
        return "exited", f"signal {_signal_name(-ending.exit_code)}"
    return "exited", f"exit code {ending.exit_code}"


def _signal_name(number: int) -> str:
    return next((known.name for known in signal.Signals if known == number), str(number))


def read_lines(result: bytes, max_lines: int) -> list[list[str]]:
    """Return the lines of a result, lists of strings, up to the first that is none or `max_lines`."""
    lines: list[list[str]] = []
    for text in result.split(b"\n", max_lines)[:-1]:
        try:
            line: Any = json.loads(text)
        except (ValueError, RecursionError):
            break
        if type(line) is not list or not line or any(type(part) is not str for part in line):
            break
        lines.append(line)
    return lines


def text_of(line: Sequence[str]) -> str:
    """Return the text that a line ends with, if it is more than a word."""
    return printable(line[-1][:MAX_DETAIL]) if len(line) > 1 else ""


def printable(text: str) -> str:
    """Escape surrogates, which a program's text may hold and UTF-8 cannot write."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def decoded(content: bytes) -> str:
    """Return output as text."""
    return content.decode("utf-8", "replace")


class Record(NamedTuple):
    """What one run of a script left: `Record(Ending(0, 0.01, None), b"5\\n", b"", None)`."""

    ending: Ending
    stdout: bytes
    stderr: bytes
    failure: str | None


def read_records(result: bytes) -> list[Record]:
    """Return the records that a template wrote."""
    records: list[Record] = []
    place = 0
    while (end := result.find(b"\n", place)) >= 0:
        header = json.loads(result[place:end])
        place = end + 1
        if "failed" in header:
            records.append(Record(Ending(0, 0.0, None), b"", b"", str(header["failed"][1])))
            continue
        middle = place + header["stdout"]
        end = middle + header["stderr"]
        ending = Ending(header["exit_code"], header["cpu_seconds"], header["limit"])
        records.append(Record(ending, result[place:middle], result[middle:end], None))
        place = end
    return records
