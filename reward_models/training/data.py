"""Preference pairs and safety examples: their types, the files they come from, and balancing their lengths.

Every row carries a `group`, the conversation it belongs to, because a split that separates two responses to one prompt
measures memory, not judgement.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import random
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from reward_models.base import ASSISTANT_MARKER, Prompt, prompt_text
from reward_models.errors import DataError

__all__ = [
    "PreferencePair",
    "SafetyExample",
    "balance_lengths",
    "load_pairs",
    "load_safety",
    "load_xstest",
    "split_by_group",
]


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """`PreferencePair(prompt="2+2?", chosen="4", rejected="5", margin=1.0)`.

    `margin` ≥ 0 is how much better the chosen one is; `group` names the conversation; `kind` what is wrong, if known.
    """

    prompt: Prompt
    chosen: str
    rejected: str
    margin: float = 0.0
    group: str = ""
    kind: str = ""
    weight: float = 1.0

    def __post_init__(self) -> None:
        _fill_group(self, self.group, self.prompt)


@dataclass(frozen=True, slots=True)
class SafetyExample:
    """`SafetyExample(prompt="How do I open a safe?", response="I can't help with that.", is_unsafe=False)`."""

    prompt: Prompt
    response: str
    is_unsafe: bool
    group: str = ""
    kind: str = ""
    weight: float = 1.0

    def __post_init__(self) -> None:
        _fill_group(self, self.group, self.prompt)


_Row = TypeVar("_Row", PreferencePair, SafetyExample)


def _fill_group(row: object, group: str, prompt: Prompt) -> None:
    """Name a conversation by its first turn, so that its continuations stay together."""
    first = prompt_text(prompt).partition(ASSISTANT_MARKER)[0].strip().removeprefix("Human:").strip().lower()
    object.__setattr__(row, "group", group or first)


def split_by_group(rows: Sequence[_Row], *, share: float, seed: int) -> tuple[list[_Row], list[_Row]]:
    """Split rows into two parts, about `share` of the groups in the first; a group is never separated."""
    if not 0 < share < 1:
        raise ValueError(f"Expected a share between 0 and 1, got {share}.")
    parts: tuple[list[_Row], list[_Row]] = ([], [])
    for row in rows:
        is_second = zlib.crc32(f"{seed} {row.group}".encode()) >= share * 2**32
        parts[is_second].append(row)
    return parts


def balance_lengths(pairs: Sequence[PreferencePair], *, seed: int) -> list[PreferencePair]:
    """Drop pairs at random until length says nothing about which response is chosen.

    Among pairs whose lengths differ by about the same factor (a bin per half power of two), as many are kept where the
    chosen response is the longer one as where the rejected one is. Order is preserved. 2501.12948 (v2) selects pairs of
    comparable length for the same reason but does not print how.
    """
    bins: defaultdict[tuple[int, bool], list[int]] = defaultdict(list)
    for index, pair in enumerate(pairs):
        ratio = math.log2((len(pair.chosen) + 1) / (len(pair.rejected) + 1))
        bins[math.ceil(abs(ratio) * 2), ratio > 0].append(index)
    generator, kept = random.Random(seed), set(bins[0, False])
    for size in {size for size, _ in bins if size > 0}:
        longer, shorter = bins[size, True], bins[size, False]
        num_kept = min(len(longer), len(shorter))
        kept.update(generator.sample(longer, num_kept), generator.sample(shorter, num_kept))
    return [pair for index, pair in enumerate(pairs) if index in kept]


def load_pairs(path: str | Path) -> list[PreferencePair]:
    """Read JSON lines, perhaps gzipped, with `chosen`, `rejected`, `prompt`, and if wanted `margin` and `group`.

    Without `prompt`, chosen and rejected are whole dialogues as in the hh-rlhf files (2204.05862): the prompt is what
    they share, up to a turn of the assistant.

    Raises:
        DataError: a line that is not of this form; says which.
    """
    return [_pair(row, where) for where, row in _json_lines(path)]


def _pair(row: Mapping[str, Any], where: str) -> PreferencePair:
    try:
        if "prompt" in row:
            return PreferencePair(
                row["prompt"], str(row["chosen"]), str(row["rejected"]), row.get("margin", 0.0), row.get("group", "")
            )
        return _dialogue_pair(row["chosen"], row["rejected"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{where}: expected `chosen` and `rejected`, and `prompt` or dialogues: {error!r}.") from error


def _dialogue_pair(chosen: str, rejected: str) -> PreferencePair:
    """Take as prompt what both dialogues share, up to a turn of the assistant."""
    differing = (i for i, (left, right) in enumerate(zip(chosen, rejected, strict=False)) if left != right)
    start = chosen.rfind(ASSISTANT_MARKER, 0, next(differing, min(len(chosen), len(rejected))))
    if start < 0:
        raise ValueError("the dialogues share no turn of the assistant")
    start_of_text = start + len(ASSISTANT_MARKER)
    return PreferencePair(chosen[:start], chosen[start_of_text:].strip(), rejected[start_of_text:].strip())


def load_safety(path: str | Path) -> list[SafetyExample]:
    """Read JSON lines, perhaps gzipped, with `prompt`, `response`, `is_unsafe` and, if wanted, `group`.

    Raises:
        DataError: a line that is not of this form; says which.
    """
    examples: list[SafetyExample] = []
    for where, row in _json_lines(path):
        try:
            if not isinstance(row["is_unsafe"], bool):
                raise TypeError("is_unsafe is not true or false")
            examples.append(SafetyExample(row["prompt"], str(row["response"]), row["is_unsafe"], row.get("group", "")))
        except (KeyError, TypeError) as error:
            raise DataError(f"{where}: expected prompt, response and is_unsafe: {error!r}.") from error
    return examples


def load_xstest(paths: Iterable[str | Path], *, keep_partial: bool = False) -> list[SafetyExample]:
    """Read labelled completions of XSTest (2308.01263), `xstest_v2_completions_MODEL.csv`.

    A response is unsafe when its prompt is (type `contrast_…`) and it complies in full. Partial refusals are left out,
    or, with `keep_partial`, counted as compliance.
    """
    examples: list[SafetyExample] = []
    for path in paths:
        with Path(path).open(encoding="utf-8", newline="") as file:
            for line, row in enumerate(csv.DictReader(file), start=2):
                try:
                    label, kind = row["final_label"], row["type"]
                    complies = label == "1_full_compliance" or (keep_partial and label == "3_partial_refusal")
                    if complies or label == "2_full_refusal":
                        is_unsafe = complies and kind.startswith("contrast_")
                        examples.append(SafetyExample(row["prompt"], row["completion"], is_unsafe, kind=kind))
                except KeyError as error:
                    raise DataError(f"{path}:{line}: XSTest completions have a column {error}.") from error
    return examples


def _json_lines(path: str | Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    content = Path(path).read_bytes()
    text = (gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content).decode("utf-8")
    for number, line in enumerate(io.StringIO(text), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(f"{path}:{number}: not JSON: {error}.") from error
        if not isinstance(row, dict):
            raise DataError(f"{path}:{number}: expected an object, got {type(row).__name__}.")
        yield f"{path}:{number}", row
