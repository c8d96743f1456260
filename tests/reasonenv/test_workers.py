"""Worker processes, with programs written for the test."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reasonenv.workers import NoReplyError, WorkerProcess

PROGRAM = """
import os, signal, subprocess, sys, time

def prepare(greeting):
    return {"greeting": greeting, "ready": True}, None if greeting == "leave" else answer

def answer(do, amount=0):
    if do == "sleep":
        time.sleep(600)
    if do == "die":
        os._exit(3)
    if do == "print":
        print("x" * amount, flush=True)
        subprocess.run(["echo", "y"])
    if do == "start a child":
        return {"child": subprocess.Popen(["sleep", "60"]).pid}
    if do == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    if do == "allocate":
        try:
            return {"bytes": len(bytearray(amount))}
        except MemoryError:
            return {"bytes": None}
    return {"did": do[:10], "path": sys.path}
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


@pytest.fixture
def worker(program):
    worker = WorkerProcess(program, {"greeting": "hello"}, memory_bytes=2**30)
    assert worker.wait(timeout_seconds=60) == {"greeting": "hello", "ready": True}
    yield worker
    worker.close()


def is_alive(process_id):
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_dead(process_id):
    while is_alive(process_id):
        time.sleep(0.02)


def test_requests_are_answered_in_turn_with_the_modules_of_the_caller_at_hand(worker):
    assert worker.ask({"do": "one"}, timeout_seconds=60)["did"] == "one"
    reply = worker.ask({"do": "two"}, timeout_seconds=60)
    assert reply["did"] == "two"
    assert set(filter(None, sys.path)) <= set(reply["path"])


def test_what_the_program_and_its_children_print_is_no_reply(worker):
    assert worker.ask({"do": "print", "amount": 100_000}, timeout_seconds=60)["did"] == "print"


def test_process_that_takes_too_long_hung_and_lives_on(worker):
    with pytest.raises(NoReplyError) as hung:
        worker.ask({"do": "sleep"}, timeout_seconds=0.2)
    assert hung.value.is_hung
    assert is_alive(worker.process_id)


def test_process_that_ends_instead_of_replying_died(worker):
    with pytest.raises(NoReplyError) as died:
        worker.ask({"do": "die"}, timeout_seconds=60)
    assert not died.value.is_hung
    assert (worker.is_dead, worker.exit_code) == (True, 3)


def test_request_to_a_dead_process_is_noticed_by_its_missing_reply(worker):
    os.kill(worker.process_id, signal.SIGKILL)
    wait_until_dead(worker.process_id)
    with pytest.raises(NoReplyError) as died:
        worker.ask({"do": "x" * 1_000_000}, timeout_seconds=60)
    assert (died.value.is_hung, worker.exit_code) == (False, -9)


def test_program_that_leaves_after_its_first_reply_ends_the_process(program):
    worker = WorkerProcess(program, {"greeting": "leave"}, memory_bytes=2**30)
    assert worker.wait(timeout_seconds=60)["greeting"] == "leave"
    with pytest.raises(NoReplyError, match="ended"):
        worker.wait(timeout_seconds=60)
    worker.close()


def test_messages_may_be_larger_than_a_pipe(worker):
    assert worker.ask({"do": "x" * 1_000_000}, timeout_seconds=60)["did"] == "x" * 10


def test_process_that_reads_nothing_cannot_hold_the_caller(worker):
    with pytest.raises(NoReplyError):
        worker.ask({"do": "stop"}, timeout_seconds=0.2)
    start = time.monotonic()
    with pytest.raises(NoReplyError) as hung:
        worker.ask({"do": "x" * 1_000_000}, timeout_seconds=0.2)
    assert hung.value.is_hung
    assert time.monotonic() - start < 30


def test_memory_is_bounded_once_the_program_is_prepared(worker):
    assert worker.ask({"do": "allocate", "amount": 2**20}, timeout_seconds=60)["bytes"] == 2**20
    assert worker.ask({"do": "allocate", "amount": 2**31}, timeout_seconds=60)["bytes"] is None


def test_closing_kills_the_children_of_the_process_too(worker):
    child = worker.ask({"do": "start a child"}, timeout_seconds=60)["child"]
    assert is_alive(child)
    worker.close()
    wait_until_dead(child)
    assert not is_alive(worker.process_id)


def test_interrupts_are_ignored(worker):
    os.kill(worker.process_id, signal.SIGINT)
    assert worker.ask({"do": "still here"}, timeout_seconds=60)["did"] == "still here"


def test_process_ends_with_its_caller_even_in_the_middle_of_an_answer(program):
    caller = f"""
import time
from pathlib import Path
from reasonenv.workers import WorkerProcess
worker = WorkerProcess(Path({str(program)!r}), {{"greeting": "hello"}}, memory_bytes=2**30)
worker.wait(timeout_seconds=60)
worker.send({{"do": "sleep"}}, timeout_seconds=60)
print(worker.process_id, flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", caller], stdout=subprocess.PIPE, text=True)
    process_id = int(parent.stdout.readline())
    assert is_alive(process_id)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until_dead(process_id)


def test_process_that_a_forked_child_abandons_still_answers_the_caller(worker):
    child = os.fork()
    if child == 0:
        worker.abandon()
        worker.kill()
        os._exit(0)
    os.waitpid(child, 0)
    assert worker.ask({"do": "answer"}, timeout_seconds=60)["did"] == "answer"
