"""Samples to imitate, read from JSON lines or rows and checked before anything is trained."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from agents.config import SampleList, SampleSource, SFTSample
from agents.errors import ConfigError
from reasonenv.types import Message

__all__ = ["load_samples"]


def load_samples(source: SampleSource, *, name: str) -> SampleList:
    """Return samples in memory.

    Args:
        source: a file of JSON lines `{"prompt": str or "messages": […], "response": str, "weight": 1.0}`, in which
            other keys mean nothing; or rows like these, or samples.
        name: of the setting, for messages.

    Raises:
        ConfigError: no such file, no sample of any weight in it, or a row that is none; the message says which.
    """
    if isinstance(source, SampleList):
        return source
    if isinstance(source, str | Path):
        content, place = _content(Path(source), name), f"{name}={str(source)!r}"
        rows: Iterable[Any] = _rows(content, place)
    else:
        rows, place = [asdict(row) if isinstance(row, SFTSample) else row for row in source], name
        content = "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows).encode()
    samples = tuple(_sample(row, f"{place}, sample {number}") for number, row in enumerate(rows, start=1))
    if not any(sample.weight for sample in samples):
        raise ConfigError(f"{place} holds no sample to imitate, or only such of weight 0.")
    return SampleList(samples, hashlib.sha256(content).hexdigest())


def _content(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{name}={str(path)!r} cannot be read: {error}. Give a file of JSON lines.") from error


def _rows(content: bytes, place: str) -> list[Any]:
    """Return the JSON values of lines; those that are empty count in the numbers of others."""
    rows: list[Any] = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        try:
            rows += [json.loads(line)] if line.strip() else []
        except ValueError as error:  # of JSON, or of UTF-8
            raise ConfigError(f"{place}, line {number} is no JSON in UTF-8: {error}.") from error
    return rows


def _sample(row: Any, place: str) -> SFTSample:
    """Check one row."""
    if not isinstance(row, Mapping):
        raise ConfigError(f"{place} must be an object with prompt or messages and response, got {row!r:.80}.")
    values = cast("Mapping[str, Any]", row)
    prompt, messages, response = (values.get(key) for key in ("prompt", "messages", "response"))
    if not isinstance(response, str) or not response:
        raise ConfigError(f"{place}: response must be a text that is not empty, got {response!r:.80}.")
    if (prompt is None) == (not messages):
        raise ConfigError(f"{place} needs one of prompt and messages, got {prompt!r:.40} and {messages!r:.40}.")
    if prompt is not None and not isinstance(prompt, str):
        raise ConfigError(f"{place}: prompt must be a text, got {prompt!r:.80}.")
    weight = values.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= sys.float_info.max:
        raise ConfigError(f"{place}: weight must be a number of at least 0, got {weight!r:.80}.")
    return SFTSample(
        response=response, prompt=prompt, messages=_messages(messages, place) if messages else (), weight=float(weight)
    )


def _messages(given: Any, place: str) -> tuple[Message, ...]:
    entries: list[Any] = list(cast("Iterable[Any]", given)) if isinstance(given, list | tuple) else [given]
    for entry in entries:
        fields = cast("Mapping[str, Any]", entry) if isinstance(entry, Mapping) else {}
        if not all(isinstance(fields.get(key), str) for key in ("role", "content")):
            raise ConfigError(f"{place}: each message must be an object of role and content, got {entry!r:.80}.")
    return tuple({"role": entry["role"], "content": entry["content"]} for entry in entries)
