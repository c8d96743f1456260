"""Values cross the border of a jail unchanged, and nothing else does."""

from __future__ import annotations

import collections
import enum
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reasonenv.execution.wire.codec import MAX_DEPTH, DecodeError, Opaque, decode, encode
from reasonenv.execution.wire.folders import empty_folder, remove_folder

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.complex_numbers(allow_nan=False)
)
keys = st.recursive(scalars, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=4), max_leaves=5)
values = st.recursive(
    keys | st.sets(keys, max_size=5) | st.binary().map(bytearray),
    lambda inner: (
        st.lists(inner, max_size=5) | st.lists(inner, max_size=5).map(tuple) | st.dictionaries(keys, inner, max_size=5)
    ),
    max_leaves=20,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.sampled_from("ltsfdiobcyk"),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


def shape(value: object) -> object:
    """A value with the exact type of every part."""
    if isinstance(value, dict):
        return dict, [(shape(key), shape(part)) for key, part in value.items()]
    if isinstance(value, set | frozenset):
        return type(value), sorted(repr(shape(part)) for part in value)
    if isinstance(value, list | tuple):
        return type(value), [shape(part) for part in value]
    return type(value), repr(value)


@given(values)
def test_plain_values_survive_with_their_types(value) -> None:
    assert shape(decode(encode(value))) == shape(value)


def decodes_or_is_refused(content: str | bytes) -> bool:
    """Values are of exact built-in types, or stand for what stayed in the jail."""
    try:
        value = decode(content)
    except DecodeError:
        return True
    return value is None or isinstance(value, type) or type(value).__module__ == "builtins" or type(value) is Opaque


@given(json_values)
@example(["k"])
@example(["k", []])
@example(["k", "int", "int"])
@example(["k", "object"])
@example(["i"])
@example(["o", 1])
def test_any_json_is_either_a_value_or_refused(tagged) -> None:
    assert decodes_or_is_refused(json.dumps(tagged))


@given(st.binary(max_size=30))
def test_any_bytes_are_either_a_value_or_refused(content) -> None:
    assert decodes_or_is_refused(content)


class Liar(int):
    def __eq__(self, other):
        return True

    __hash__ = int.__hash__

    def __index__(self):
        return 107

    def __int__(self):
        return 107

    def __repr__(self):
        return "107"


class LyingFloat(float):
    def __float__(self):
        return 107.0


class LyingComplex(complex):
    def __complex__(self):
        return 107j

    @property
    def real(self):
        return 107.0

    @property
    def imag(self):
        return 107.0


class LyingStr(str):
    __slots__ = ()

    def __str__(self):
        return "107"


class LyingBytes(bytes):
    def decode(self, *_):
        return "107"


class LyingByteArray(bytearray):
    def decode(self, *_):
        return "107"


class LooksLikeAScalar:
    shape = ()

    def item(self):
        return 107


class LyingDict(dict):
    def items(self):
        return [("a", 107)]

    def __iter__(self):
        return iter(["a"])


class LyingList(list):
    def __iter__(self):
        return iter([107])


class Colour(enum.IntEnum):
    RED = 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Liar(5), 5),
        (Liar(2**70), 2**70),
        (LyingDict(a=1), {"a": 1}),
        (LyingList([1]), [1]),
        (LyingFloat(0.5), 0.5),
        (LyingComplex(1, 2), 1 + 2j),
        (LyingStr("a"), "a"),
        (LyingBytes(b"a"), b"a"),
        (LyingByteArray(b"a"), bytearray(b"a")),
        (Colour.RED, 3),
        (collections.Counter("aab"), {"a": 2, "b": 1}),
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.namedtuple("Pair", "a b")(1, 2), (1, 2)),
        (np.float64(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (int, int),
    ],
)
def test_subclasses_and_numpy_scalars_are_what_their_contents_are(value, expected) -> None:
    assert shape(decode(encode(value))) == shape(expected)


def test_nan_and_infinity_survive() -> None:
    assert math.isnan(decode(encode(math.nan)))
    assert decode(encode([math.inf, -math.inf])) == [math.inf, -math.inf]


def test_integers_of_any_length_survive() -> None:
    assert decode(encode(-(3**40_000))) == -(3**40_000)


@pytest.mark.parametrize("value", [object(), len, (part for part in ()), np.zeros(2), LooksLikeAScalar()])
def test_anything_else_stays_where_it_is_and_equals_nothing(value) -> None:
    opaque = decode(encode(value))
    assert isinstance(opaque, Opaque)
    assert opaque != decode(encode(value))
    assert opaque.type_name == type(value).__name__


@pytest.mark.parametrize(
    ("integer", "text"),
    [
        (2**63 - 1, "9223372036854775807"),
        (2**63, '["i","0x8000000000000000"]'),
        (-(2**63), "-9223372036854775808"),
        (-(2**63) - 1, '["i","-0x8000000000000001"]'),
    ],
)
def test_an_integer_is_a_number_of_the_text_if_it_has_64_bits(integer: int, text: str) -> None:
    assert encode(integer) == text
    assert decode(text) == integer


def test_what_stays_has_the_number_that_its_keeper_gave_it() -> None:
    kept: list[object] = []

    def keep(value: object) -> int:
        kept.append(value)
        return len(kept)

    text = encode({"a": len, "b": [object, range(10**9)]}, keep)
    assert kept == [len, object, range(10**9)]
    assert decode(text, lambda number, name: (number, name)) == {
        "a": (1, "builtin_function_or_method"),
        "b": [(2, "type"), (3, "range")],
    }


def test_a_long_name_of_a_type_is_cut_where_it_is_shown() -> None:
    assert repr(Opaque(1, "x" * 101)) == f"<opaque {'x' * 100}>"


def test_a_class_that_is_only_named_like_a_built_in_stays_where_it_is() -> None:
    assert decode(encode(int)) is int
    assert isinstance(decode(encode(type("int", (), {}))), Opaque)
    assert isinstance(decode(encode(type("int", (int,), {}))), Opaque)


def test_the_deepest_value_that_is_written_is_read() -> None:
    text = '["l",' * MAX_DEPTH + '["l"]' + "]" * MAX_DEPTH
    assert encode(decode(text)) == text
    with pytest.raises(RecursionError):
        encode([decode(text)])


def test_a_list_within_itself_is_refused_by_the_writer() -> None:
    cycle: list[object] = []
    cycle.append(cycle)
    with pytest.raises(RecursionError):
        encode(cycle)


@pytest.mark.parametrize(
    "text",
    [
        '["l",' * (MAX_DEPTH + 2) + "1" + "]" * (MAX_DEPTH + 2),
        "[" * 100_000,
        '["s",["l"]]',
        '["d",["l"],1]',
        '["d",1]',
        '["i",5]',
        '["i","7.5"]',
        '["b","\\u0100"]',
        '["c","1",2]',
        '["c",true,1.5]',
        '["k","eval"]',
        '["k",["l"]]',
        '["o","x","y"]',
        '["o",true,"y"]',
        '["z",1]',
        "[]",
        "[1]",
        "[[]]",
        '{"a":1}',
        "9" * 5000,
        "1 2",
        "",
    ],
)
def test_malformed_text_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        decode(text)


@pytest.mark.parametrize("container", ["s", "f", "d"])
def test_keys_that_collide_in_a_hash_table_are_refused(container: str) -> None:
    modulus = (1 << 61) - 1
    colliding = [number * modulus for number in range(1, 40_000)]
    parts = [part for key in colliding for part in ((key, 0) if container == "d" else (key,))]
    text = json.dumps([container, *(["i", hex(part)] if part else 0 for part in parts)])
    with pytest.raises(DecodeError, match="collide"):
        decode(text)


def test_as_many_keys_may_share_a_hash_as_honest_programs_could_want() -> None:
    colliding = [["i", hex(index * ((1 << 61) - 1))] for index in range(100)]
    assert len(decode(json.dumps(["s", 1, 2, 3, *colliding]))) == 103


def test_many_honest_keys_are_read() -> None:
    for value in (set(range(200_000)), {index << 20: index for index in range(20_000)}, set(map(str, range(50_000)))):
        assert decode(encode(value)) == value


def test_any_number_of_keys_may_have_the_same_value() -> None:
    value = dict.fromkeys(range(100), 0)
    assert decode(encode(value)) == value


def test_a_folder_is_emptied_but_for_what_is_kept_and_removed_if_it_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "kept" / "inner").mkdir(parents=True)
    (folder / "gone" / "inner").mkdir(parents=True)
    (folder / "file").write_text("x", encoding="utf-8")
    empty_folder(str(folder), ["kept"])
    assert sorted(folder.rglob("*")) == [folder / "kept", folder / "kept" / "inner"]
    remove_folder(str(folder))
    remove_folder(str(folder))
    assert not folder.exists()
