"""A session is a notebook in a jail."""

from __future__ import annotations

import os
import pickle
import signal
from pathlib import Path

import pytest

from reasonenv.execution import Limits, RunStatus, Sandbox, Session


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(1, limits=Limits(cpu_seconds=0.6, wall_seconds=2.0)) as sandbox:
        yield sandbox


@pytest.fixture
def session(sandbox: Sandbox):
    with sandbox.session() as session:
        yield session


def test_variables_are_kept_and_the_last_expression_is_the_value(session: Session) -> None:
    assert session.run("x = 20").value is None
    assert session.run("x += 1\nx * 2").value == "42"
    assert session.run("None").value is None
    assert session.run("f'{x}'").value == "'21'"
    assert session.run("").status is RunStatus.FINISHED


def test_output_is_that_of_the_cell_alone(session: Session) -> None:
    assert session.run("print('one')").stdout == "one\n"
    result = session.run("import sys, os\nprint('two', file=sys.stderr)\nos.write(1, b'three')")
    assert (result.stdout, result.stderr) == ("three", "two\n")
    assert session.run("1").stdout == ""
    result = session.run("n = sys.stdout.write('no end') + sys.stderr.write('of line')")
    assert (result.stdout, result.stderr) == ("no end", "of line")


def test_an_exception_shows_its_line_and_loses_nothing(session: Session) -> None:
    session.run("x = 1")
    result = session.run("y = 2\nx / 0")
    assert (result.status, result.has_restarted) == (RunStatus.RAISED, False)
    assert 'File "<cell 2>", line 2' in result.stderr
    assert "    x / 0\n" in result.stderr
    assert session.run("x + y").value == "3"


@pytest.mark.parametrize(
    ("cell", "status"),
    [
        ("while True: pass", RunStatus.TIME_LIMIT),
        ("import time; time.sleep(60)", RunStatus.TIME_LIMIT),
        ("import os; os._exit(0)", RunStatus.EXITED),
        ("import ctypes; ctypes.string_at(0)", RunStatus.EXITED),
        ("import os; os.close(3)", RunStatus.EXITED),
    ],
)
def test_a_process_that_is_lost_is_replaced_and_reported(session: Session, cell: str, status: RunStatus) -> None:
    session.run("x = 1")
    result = session.run(cell)
    assert (result.status, result.has_restarted) == (status, True)
    assert "NameError: name 'x' is not defined" in session.run("x").stderr


@pytest.mark.parametrize(
    ("cell", "status"),
    [
        ("raise SystemExit", RunStatus.EXITED),
        ("[0] * 10**10", RunStatus.MEMORY_LIMIT),
        ("print('x' * 10**7)", RunStatus.OUTPUT_LIMIT),
        ("'x' * 10**7", RunStatus.OUTPUT_LIMIT),
        ("def f(", RunStatus.RAISED),
        ("\0", RunStatus.RAISED),
        ("class C:\n    def __repr__(self): raise ValueError\nC()", RunStatus.RAISED),
    ],
)
def test_what_leaves_the_process_alive_keeps_its_variables(session: Session, cell: str, status: RunStatus) -> None:
    session.run("x = 1")
    result = session.run(cell)
    assert (result.status, result.has_restarted) == (status, False)
    assert session.run("x").value == "1"


def test_each_cell_has_the_whole_time_limit(session: Session) -> None:
    cell = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    results = [session.run(cell) for _ in range(4)]
    assert {result.status for result in results} == {RunStatus.FINISHED}
    assert all(0.2 < result.cpu_seconds < 0.6 for result in results)


def test_nothing_runs_between_cells(session: Session) -> None:
    session.run(
        "import threading, time\nn = 0\n"
        "def count():\n    global n\n    while True:\n        n += 1\n        time.sleep(0.001)\n"
        "threading.Thread(target=count, daemon=True).start()"
    )
    import time

    before = session.run("n").value
    time.sleep(0.5)
    after = session.run("n").value
    assert before is not None
    assert after is not None
    assert int(after) - int(before) < 250


def test_sessions_share_nothing_and_leave_the_slots_free(sandbox: Sandbox) -> None:
    with sandbox.session() as first, sandbox.session() as second:
        first.run("x = 1\nopen('x', 'w').write('x')")
        assert "NameError" in second.run("x").stderr
        assert second.run("import os; os.path.exists('x')").value == "False"
        assert sandbox.run("print(1)").stdout == "1\n"
        assert first.run("open('x').read()").value == "'x'"


def test_a_closed_session_says_so(sandbox: Sandbox) -> None:
    session = sandbox.session()
    session.run("1")
    session.close()
    session.close()
    with pytest.raises(ValueError, match="closed"):
        session.run("1")


def test_a_session_cannot_be_pickled(session: Session) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(session)


def test_a_cell_is_text(session: Session) -> None:
    with pytest.raises(TypeError, match="A cell is a str; got bytes"):
        session.run(b"1")  # type: ignore[arg-type]


def test_a_slot_that_is_killed_is_the_executors_failure_and_is_replaced(sandbox: Sandbox) -> None:
    others = set(sandbox.process_ids)
    with sandbox.session() as session:
        session.run("x = 1")
        (slot,) = set(sandbox.process_ids) - others
        if sandbox.isolation == "A":  # that process only waits for the slot, which outlives it for a moment
            slot = int(Path(f"/proc/{slot}/task/{slot}/children").read_text(encoding="ascii"))
        os.kill(slot, signal.SIGKILL)
        lost = session.run("x")
        assert (lost.status, lost.has_restarted) == (RunStatus.GRADER_FAILED, True)
        assert session.run("2").value == "2"


@pytest.mark.parametrize(("size", "status"), [(982, RunStatus.FINISHED), (983, RunStatus.OUTPUT_LIMIT)])
def test_a_cell_may_put_out_as_much_as_its_limit_and_no_more(size: int, status: RunStatus) -> None:
    assert len('["finished", null]') == 18
    with Sandbox(1, limits=Limits(output_bytes=1000)) as sandbox, sandbox.session() as session:
        assert session.run(f"import sys\nn = sys.stdout.write('x' * 500 + 'y' * {size - 500})").status is status


def test_a_cell_that_ends_the_process_says_how(session: Session) -> None:
    assert session.run("import os\nos._exit(3)").stderr == "exit code 3"
    assert session.run("import ctypes\nctypes.string_at(0)").stderr.endswith("signal SIGSEGV")


def test_values_that_are_false_are_shown_as_any_other(session: Session) -> None:
    assert [session.run(cell).value for cell in ("0", "''", "[]", "False")] == ["0", "''", "[]", "False"]


@pytest.mark.parametrize("forged", ["5", "null", "[]", "[5, 5, 5]", '["finished"]', "[" * 9999, "x", ""])
def test_an_outcome_that_is_forged_is_a_failure_of_the_cell(sandbox: Sandbox, forged: str) -> None:
    program = f"import os\nos.write(7, {forged!r}.encode())\nos.write(3, b'.')\nwhile True: pass"
    with sandbox.session() as session:
        result = session.run(program)
        assert (result.status, result.value, result.has_restarted) == (RunStatus.RAISED, None, False)


def test_a_session_of_a_sandbox_that_is_closed_starts_no_process() -> None:
    sandbox = Sandbox(1)
    session = sandbox.session()
    sandbox.close()
    with pytest.raises(ValueError, match="The sandbox is closed"):
        session.run("1")
    assert sandbox.process_ids == []
