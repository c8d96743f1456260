"""A Gymnasium space of text in any script, and what Gymnasium's functions of spaces need to know of it.

A character is a code point. Gymnasium's own functions for `Text` look up characters one by one in a finite charset and
fail on those outside it. Ours encode the whole string as UTF-32, in which lone surrogates and NUL are numbers like any
other.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Sequence
from multiprocessing.sharedctypes import SynchronizedArray
from types import ModuleType
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Text
from gymnasium.spaces.utils import flatten, flatten_space, is_space_dtype_shape_equiv, unflatten
from gymnasium.vector.utils import (
    batch_differing_spaces,
    create_empty_array,
    create_shared_memory,
    read_from_shared_memory,
    write_to_shared_memory,
)
from numpy.typing import NDArray

__all__ = ["UnicodeText"]

_NUM_CODE_POINTS = 0x110000
_MAX_SAMPLE_LENGTH = 64

_BLOCKS = np.array(
    [
        (0x20, 0x7F),  # ASCII
        (0x00, 0x20),  # control characters, NUL among them
        (0xA0, 0x250),  # Latin with accents
        (0x370, 0x530),  # Greek and Cyrillic
        (0x590, 0x700),  # Hebrew and Arabic, right to left
        (0x900, 0x980),  # Devanagari, with combining marks
        (0x3040, 0x3100),  # kana
        (0x4E00, 0xA000),  # Chinese characters
        (0xD800, 0xE000),  # lone surrogates
        (0x1F300, 0x1FB00),  # emoji
        (0, _NUM_CODE_POINTS),
    ]
)


class UnicodeText(Text):
    """Every Python string of at most `max_length` characters, be it emoji, lone surrogates, NUL or nothing at all.

    Samples mix scripts and have at most 64 characters, however large `max_length` is.

    Args:
        max_length: in code points, inclusive.
        seed: of the sampling.

    >>> "naïve 🙂" in UnicodeText(7)
    True
    """

    def __init__(self, max_length: int, *, seed: int | np.random.Generator | None = None) -> None:
        super().__init__(max_length, min_length=0, charset="", seed=seed)
        # Libraries make arrays of `shape` and `dtype`; `Text` has no shape, and its dtype would keep one character.
        self._shape = ()
        self.dtype = np.dtype(object)

    def sample(self, mask: object = None, probability: object = None) -> str:
        """Draw a string of random length from a mixture of scripts.

        Raises:
            ValueError: a mask or probabilities were given; there is no finite charset that they could speak of.
        """
        if mask is not None or probability is not None:
            raise ValueError("UnicodeText samples from all of Unicode; it takes neither `mask` nor `probability`.")
        length = self.np_random.integers(min(self.max_length, _MAX_SAMPLE_LENGTH) + 1)
        blocks = _BLOCKS[self.np_random.integers(len(_BLOCKS), size=length)]
        return _decode(self.np_random.integers(blocks[:, 0], blocks[:, 1]))

    def contains(self, x: Any) -> bool:
        """Return whether `x` is a string, and not too long."""
        return isinstance(x, str) and len(x) <= self.max_length

    @property
    def character_set(self) -> frozenset[str]:
        """Return all 1,114,112 code points."""
        return frozenset(_all_characters())

    @property
    def character_list(self) -> tuple[str, ...]:
        """Return all 1,114,112 code points, in order."""
        return _all_characters()

    @property
    def characters(self) -> str:
        """Return all 1,114,112 code points, in order."""
        return "".join(_all_characters())

    def character_index(self, char: str) -> np.int32:
        """Return the code point of a character."""
        return np.int32(ord(char))

    def to_jsonable(self, sample_n: Iterable[str]) -> list[str | list[int]]:
        """Return each string as itself, or as its code points if it holds surrogates, which JSON would drop or join."""
        return [text if _is_utf8(text) else [ord(char) for char in text] for text in sample_n]

    def from_jsonable(self, sample_n: Sequence[str | list[int]]) -> list[str]:
        """Undo `to_jsonable`."""
        return [text if isinstance(text, str) else "".join(map(chr, text)) for text in sample_n]

    def __repr__(self) -> str:
        return f"UnicodeText({self.max_length})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UnicodeText) and self.max_length == other.max_length

    def __hash__(self) -> int:
        return hash((UnicodeText, self.max_length))


def _all_characters() -> tuple[str, ...]:
    return tuple(map(chr, range(_NUM_CODE_POINTS)))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _encode(text: str) -> NDArray[np.int32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<i4")


def _decode(code_points: NDArray[np.integer[Any]]) -> str:
    return code_points.astype("<i4").tobytes().decode("utf-32-le", "surrogatepass")


@flatten_space.register(UnicodeText)
def _flatten_space(space: UnicodeText) -> Box:
    return Box(low=0, high=_NUM_CODE_POINTS, shape=(space.max_length,), dtype=np.int32)


@flatten.register(UnicodeText)
def _flatten(space: UnicodeText, x: str) -> NDArray[np.int32]:
    """Pad the code points with the first number that is none, as `Text` does."""
    flat = np.full(space.max_length, _NUM_CODE_POINTS, dtype=np.int32)
    flat[: len(x)] = _encode(x)
    return flat


@unflatten.register(UnicodeText)
def _unflatten(_: UnicodeText, x: NDArray[np.int32]) -> str:
    return _decode(x[x < _NUM_CODE_POINTS])


@is_space_dtype_shape_equiv.register(UnicodeText)
def _is_space_dtype_shape_equiv(space_1: UnicodeText, space_2: object) -> bool:
    return space_1 == space_2


@create_empty_array.register(UnicodeText)
def _create_empty_array(_: UnicodeText, n: int = 1, fn: object = np.zeros) -> tuple[str, ...]:  # noqa: ARG001  Gymnasium's
    return ("",) * n


# Gymnasium looks this one up by the exact type, so that subclasses do not inherit it.
batch_differing_spaces.register(UnicodeText)(batch_differing_spaces.dispatch(Text))


@create_shared_memory.register(UnicodeText)
def _create_shared_memory(space: UnicodeText, n: int = 1, ctx: ModuleType = multiprocessing) -> SynchronizedArray[int]:
    """Make room for `n` rows of 1 + max_length numbers: the length, then the code points."""
    return ctx.Array("i", n * (1 + space.max_length))


@write_to_shared_memory.register(UnicodeText)
def _write_to_shared_memory(space: UnicodeText, index: int, value: str, shared_memory: SynchronizedArray[int]) -> None:
    row = _rows(space, shared_memory)[index]
    row[1 : 1 + len(value)] = _encode(value)
    row[0] = len(value)


class _SharedTexts:
    """The rows as they are now; a deep copy is a tuple of them.

    Gymnasium's `AsyncVectorEnv` reads shared memory once, expects to see later writes in what it got, and hands out
    deep copies. Tuples of strings, which Gymnasium returns for `Text`, would show the first observation for ever.
    """

    def __init__(self, rows: NDArray[np.int32]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> str:
        row = self._rows[index]
        return _decode(row[1 : 1 + row[0]])

    def __deepcopy__(self, memo: object) -> tuple[str, ...]:
        return tuple(self[index] for index in range(len(self)))


@read_from_shared_memory.register(UnicodeText)
def _read_from_shared_memory(space: UnicodeText, shared_memory: SynchronizedArray[int], n: int = 1) -> Any:
    return _SharedTexts(_rows(space, shared_memory)[:n])


def _rows(space: UnicodeText, shared_memory: SynchronizedArray[int]) -> NDArray[np.int32]:
    buffer: Any = shared_memory.get_obj()
    return np.frombuffer(buffer, dtype=np.int32).reshape(-1, 1 + space.max_length)
