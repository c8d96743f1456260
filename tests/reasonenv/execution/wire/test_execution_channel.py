"""Files in memory, folders that a program filled, and which statements are tests: what both sides of the door share."""

from __future__ import annotations

import ast
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reasonenv.execution.wire.asserts import find_tests
from reasonenv.execution.wire.channel import memory_file, read_file, receive, send
from reasonenv.execution.wire.folders import empty_folder, remove_folder

NOBODY = 65534


@given(st.binary(max_size=20), st.integers(0, 25), st.integers(0, 25))
@example(b"text", 4, 5)
@example(b"text", 9, 6)
def test_a_file_is_read_from_an_offset_up_to_a_number_of_bytes(content: bytes, max_bytes: int, offset: int) -> None:
    descriptor = memory_file(content)
    try:
        assert read_file(descriptor, max_bytes, offset) == content[offset : offset + max_bytes]
        assert os.lseek(descriptor, 0, os.SEEK_CUR) == 0
    finally:
        os.close(descriptor)


def test_a_file_of_many_megabytes_is_read_whole() -> None:
    content = os.urandom(17 << 20)
    descriptor = memory_file(content)
    try:
        assert read_file(descriptor, 1 << 40) == content
        assert read_file(descriptor, (1 << 24) + 1, 5) == content[5 : (1 << 24) + 6]
    finally:
        os.close(descriptor)


def test_a_message_arrives_with_its_files_until_the_other_side_is_gone() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sent = memory_file(b"content")
    with ours, theirs:
        send(theirs, {"kind": "ü"}, [sent])
        received = receive(ours)
        assert received is not None
        message, (descriptor,) = received
        assert (message, read_file(descriptor, 100)) == ({"kind": "ü"}, b"content")
        theirs.close()
        assert receive(ours) is None
    os.close(sent)
    os.close(descriptor)


def test_a_message_may_hold_the_sizes_of_thousands_of_inputs() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    message = {"input_sizes": list(range(30_000))}
    with ours, theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        send(theirs, message)
        assert receive(ours) == (message, [])


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that anybody may reach."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o777)
    yield path / "folder"
    shutil.rmtree(path)


def test_a_link_to_a_folder_is_removed_and_what_it_leads_to_left_alone(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "kept").mkdir(mode=0o500)
    (tmp_path / "kept" / "file").touch()
    (folder / "inner").mkdir(parents=True)
    for place in (folder, folder / "inner"):
        (place / "link").symlink_to(tmp_path / "kept")
    empty_folder(str(folder))
    assert list(folder.iterdir()) == []
    assert (tmp_path / "kept" / "file").exists()
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o500


def test_folders_within_folders_of_one_name_are_removed(folder: Path) -> None:
    (folder / "same" / "same" / "same").mkdir(parents=True)
    (folder / "same" / "same" / "file").touch()
    remove_folder(str(folder))
    assert not folder.exists()


def test_folders_that_their_owner_may_not_enter_are_removed_by_their_owner(folder: Path) -> None:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if os.getuid() == 0:
                os.setuid(NOBODY)
            (folder / "outer" / "inner" / "innermost").mkdir(parents=True)
            for place in ("outer/inner/innermost", "outer/inner", "outer", "."):
                (folder / place / "file").touch()
                (folder / place).chmod(0)
            remove_folder(str(folder))
            status = int(folder.exists())
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("assert f(1)\nprint(2)\nassert f(3)", [1, 3]),
        ("for x in range(3):\n    assert f(x)", [1]),
        ("if f(1):\n    assert f(2)\nelse:\n    pass", [1]),
        ("def check(x):\n    assert f(x)\ncheck(1)\nfor x in (1, 2): check(x)", [3, 4]),
        ("async def check(x):\n    assert f(x)\nrun(check(1))", [3]),
        ("class Check:\n    def run(self):\n        assert f(1)\nCheck().run()", [4]),
        ("def show(x):\n    print(x)\nshow(1)\nimport math", []),
        ("def check(x):\n    assert f(x)\ndef twice(x):\n    check(x)\nprint(check.__name__)\nother.check(1)", [5]),
    ],
)
def test_tests_are_what_asserts_or_uses_a_definition_that_does(source: str, lines: list[int]) -> None:
    assert sorted(statement.lineno for statement in find_tests(ast.parse(source))) == lines
