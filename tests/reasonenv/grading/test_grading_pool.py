import asyncio
import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reasonenv.grading import GradeStatus
from reasonenv.grading.math import grade_answers
from reasonenv.grading.pool import Comparison, Verdict, WorkerPool, shared_pool

EQUAL = Comparison("2x", "x+x")
UNEQUAL = Comparison("2x", "x+1")
BOMB = Comparison("1", "10^{10^{10^{10}}}")


@pytest.fixture
def pool():
    pool = WorkerPool()
    yield pool
    pool.close()


def statuses(pool, comparisons, *, timeout_seconds=20.0, num_workers=1):
    verdicts = pool.compare(comparisons, timeout_seconds=timeout_seconds, num_workers=num_workers)
    return [verdict.status for verdict in verdicts]


def is_equal(gold, answer):
    """Whatever else the machine is busy with."""
    return grade_answers([gold], [answer], timeout_seconds=60)[0].status is GradeStatus.CORRECT


def is_alive(process_id):
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until_dead(process_ids):
    while any(is_alive(process_id) for process_id in process_ids):
        time.sleep(0.02)


def run(program):
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout


def test_verdicts_come_in_the_order_of_the_comparisons(pool):
    assert statuses(pool, [EQUAL, UNEQUAL] * 5, num_workers=2) == ["correct", "wrong"] * 5


def test_no_process_starts_before_it_is_needed(pool):
    assert pool.compare([], timeout_seconds=1, num_workers=4) == []
    assert pool.process_ids == []


def test_no_more_processes_start_than_there_are_comparisons(pool):
    statuses(pool, [EQUAL], num_workers=4)
    assert len(pool.process_ids) == 1


def test_processes_are_kept_for_the_next_call(pool):
    statuses(pool, [EQUAL])
    before = pool.process_ids
    statuses(pool, [UNEQUAL])
    assert pool.process_ids == before


def test_hanging_comparison_is_killed_and_the_rest_of_the_batch_decided(pool):
    assert statuses(pool, [BOMB, EQUAL, BOMB], timeout_seconds=3) == ["timeout", "correct", "timeout"]


def test_killed_process_is_replaced(pool):
    statuses(pool, [EQUAL])
    before = pool.process_ids
    statuses(pool, [BOMB], timeout_seconds=0.3)
    wait_until_dead(before)
    assert len(pool.process_ids) == 1
    assert statuses(pool, [EQUAL]) == ["correct"]


def test_process_that_died_between_calls_is_replaced_and_costs_no_verdict(pool):
    statuses(pool, [EQUAL])
    (process_id,) = pool.process_ids
    os.kill(process_id, signal.SIGKILL)
    wait_until_dead([process_id])
    assert statuses(pool, [EQUAL, UNEQUAL]) == ["correct", "wrong"]


@contextlib.contextmanager
def killing_busy_workers(pool, at_most):
    """Kill workers in the middle of a comparison, as somebody outside may."""
    is_over, num_killed = threading.Event(), 0

    def kill():
        nonlocal num_killed
        while not is_over.is_set() and num_killed < at_most:
            for worker in list(pool._workers):
                if worker.assigned is not None and not worker.process.is_dead:
                    os.kill(worker.process.process_id, signal.SIGKILL)
                    wait_until_dead([worker.process.process_id])
                    num_killed += 1
            time.sleep(0.01)

    killer = threading.Thread(target=kill)
    killer.start()
    yield
    is_over.set()
    killer.join()


def test_comparison_whose_workers_are_always_killed_from_outside_is_a_failure_and_not_a_wrong_answer(pool):
    statuses(pool, [EQUAL])
    with killing_busy_workers(pool, at_most=100):
        verdict = pool.compare(
            [Comparison("sleep", "sleep", f"{__name__}:misbehave")], timeout_seconds=20, num_workers=1
        )
    assert verdict == [Verdict("worker_died", "a grader process ended with exit code -9")]


def test_comparison_whose_worker_is_killed_once_from_outside_keeps_its_verdict(pool):
    statuses(pool, [EQUAL])
    with killing_busy_workers(pool, at_most=1):
        assert statuses(pool, [Comparison("", "nap", f"{__name__}:misbehave")]) == ["correct"]


@pytest.mark.parametrize("deed", ["exit", "raise"])
def test_answer_that_makes_the_grader_fail_is_wrong_and_a_gold_answer_that_does_is_a_failure(pool, deed):
    failure = {"exit": "worker_died", "raise": "grader_error"}[deed]
    comparisons = [
        Comparison(gold, answer, f"{__name__}:misbehave_at_once")
        for gold, answer in [("5", deed), (deed, "5"), (deed, deed), ("5", "5")]
    ]
    assert statuses(pool, comparisons, num_workers=2) == ["wrong", failure, failure, "wrong"]
    assert (
        "the answer, and not the gold answer"
        in pool.compare(comparisons[:1], timeout_seconds=9, num_workers=1)[0].reason
    )


def misbehave_at_once(gold, answer):
    """A comparison that the gold answer or the answer can end."""
    return misbehave(gold, gold) if gold in HOSTILE else misbehave(gold, answer)


def test_answers_that_kill_workers_cost_the_others_of_their_batch_no_verdict(pool):
    killers = [Comparison(str(index), "exit", f"{__name__}:misbehave") for index in range(4)]
    mixed = [EQUAL, *killers[:2], UNEQUAL, *killers[2:], EQUAL]
    assert statuses(pool, mixed, num_workers=2) == ["correct", "wrong", "wrong", "wrong", "wrong", "wrong", "correct"]
    assert len(pool.process_ids) <= 2


def test_workers_that_cannot_start_fail_the_batch_and_say_why():
    program = """
import sys
from reasonenv.grading.pool import Comparison, WorkerPool
sys.path = [entry for entry in sys.path if "site-packages" not in entry]
pool = WorkerPool()
for verdict in pool.compare([Comparison("2x", "x+x")] * 3, timeout_seconds=5, num_workers=1):
    print(verdict.status, verdict.reason)
"""
    output = run(program)
    assert output.count("worker_died") == 3
    assert output.count("math_verify") == 3


def allocate(gold, answer):
    """A comparison that takes as many MiB as the answer says."""
    blocks = [bytearray(2**20) for _ in range(int(answer))]
    return "correct" if len(blocks) == int(answer) else "wrong"


def allocation(mebibytes):
    return Comparison("", str(mebibytes), f"{__name__}:allocate")


def test_memory_of_a_worker_is_bounded(pool):
    assert statuses(pool, [allocation(100)]) == ["correct"]
    assert statuses(pool, [allocation(5000)]) == ["over_budget"]


def test_worker_that_ran_out_of_memory_is_replaced(pool):
    statuses(pool, [EQUAL])
    before = pool.process_ids
    assert statuses(pool, [allocation(5000), EQUAL]) == ["over_budget", "correct"]
    assert not set(before) & set(pool.process_ids)
    assert not any(is_alive(process_id) for process_id in before)


def test_memory_of_a_worker_can_be_chosen():
    pool = WorkerPool(memory_bytes=2**31)
    assert statuses(pool, [allocation(1500)]) == ["correct"]
    pool.close()


def test_close_leaves_no_process_behind(pool):
    statuses(pool, [EQUAL, UNEQUAL], num_workers=2)
    process_ids = pool.process_ids
    pool.close()
    assert not any(is_alive(process_id) for process_id in process_ids)
    assert pool.process_ids == []


def test_pool_works_again_after_close(pool):
    statuses(pool, [EQUAL])
    pool.close()
    assert statuses(pool, [EQUAL]) == ["correct"]


def test_threads_share_the_workers(pool):
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda _: statuses(pool, [EQUAL, UNEQUAL], num_workers=2), range(8)))
    assert results == [["correct", "wrong"]] * 8
    assert len(pool.process_ids) <= 2


def test_call_of_one_waits_for_one_comparison_of_a_batch_and_not_for_all_of_it(pool):
    verdicts = []
    batch = threading.Thread(target=lambda: verdicts.extend(statuses(pool, [BOMB] * 4, timeout_seconds=0.5)))
    batch.start()
    while not any(worker.assigned is not None for worker in list(pool._workers)):
        time.sleep(0.01)
    assert statuses(pool, [EQUAL]) == ["correct"]
    num_decided_before = len(verdicts)
    batch.join()
    assert (num_decided_before, verdicts) == (0, ["timeout"] * 4)


def test_calls_get_workers_in_the_order_in_which_they_came(pool):
    order = []

    def compare(name, comparisons):
        statuses(pool, comparisons, timeout_seconds=0.5)
        order.append(name)

    names = ["bombs", "first", "second"]
    threads = [
        threading.Thread(target=compare, args=(name, comparisons))
        for name, comparisons in zip(names, [[BOMB] * 4, [EQUAL], [EQUAL]], strict=True)
    ]
    for num_started, thread in enumerate(threads):
        thread.start()
        while num_started != len(pool._waiting) or not pool._workers:
            time.sleep(0.01)
    for thread in threads:
        thread.join()
    assert order == ["first", "second", "bombs"]


def test_call_that_is_interrupted_leaves_no_busy_worker_to_the_next_call(pool):
    def interrupt(*_):
        raise KeyboardInterrupt

    statuses(pool, [EQUAL])
    before = pool.process_ids
    previous = signal.signal(signal.SIGUSR1, interrupt)
    alarm = threading.Timer(0.3, signal.pthread_kill, (threading.get_ident(), signal.SIGUSR1))
    try:
        alarm.start()
        with pytest.raises(KeyboardInterrupt):
            statuses(pool, [Comparison("", "sleep", f"{__name__}:misbehave")])
    finally:
        alarm.join()
        signal.signal(signal.SIGUSR1, previous)
    assert pool.process_ids == []
    wait_until_dead(before)
    assert statuses(pool, [UNEQUAL, EQUAL]) == ["wrong", "correct"]


def misbehave(gold, answer):
    """A comparison that ends as its answer says."""
    if answer == "exit":
        os._exit(3)
    if answer == "print":
        print("x" * 100_000, flush=True)
    if answer == "raise":
        raise ValueError(answer)
    if answer == "recurse":
        return misbehave(gold, answer)
    if answer == "sleep":
        time.sleep(60)
    if answer == "nap":
        time.sleep(0.5)
        return "correct"
    return "wrong"


def test_comparer_that_returns_no_verdict_is_an_error_of_the_grader_that_says_what_was_expected(pool):
    (verdict,) = pool.compare([Comparison("", "", f"{__name__}:run_nothing")], timeout_seconds=60, num_workers=1)
    assert verdict.status is GradeStatus.GRADER_ERROR
    assert "correct, wrong, gold_unparseable" in verdict.reason


def run_nothing(gold, answer):
    """A comparison that returns no verdict."""
    return "perhaps"


HOSTILE = {"exit": "wrong", "raise": "wrong", "recurse": "over_budget", "sleep": "timeout"}


def test_pool_answers_after_a_thousand_hostile_comparisons_and_leaves_no_process_behind(pool):
    kinds = ["exit", "recurse"] * 3 + ["sleep"] + ["raise", "print"] * 500
    hostile = [Comparison(str(index), kind, f"{__name__}:misbehave") for index, kind in enumerate(kinds)]
    seen = set()
    for start in range(0, len(hostile), 100):
        found = statuses(pool, hostile[start : start + 100], timeout_seconds=12, num_workers=2)
        assert found == [HOSTILE.get(kind, "wrong") for kind in kinds[start : start + 100]]
        seen.update(pool.process_ids)
    assert statuses(pool, [EQUAL, UNEQUAL]) == ["correct", "wrong"]
    seen.update(pool.process_ids)
    pool.close()
    assert not any(is_alive(process_id) for process_id in seen)


def test_comparing_works_inside_asyncio(pool):
    async def compare():
        return await asyncio.to_thread(statuses, pool, [EQUAL]), statuses(pool, [UNEQUAL])

    assert asyncio.run(compare()) == (["correct"], ["wrong"])


def test_alarm_of_the_caller_is_left_alone(pool):
    previous = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 1000)
    try:
        statuses(pool, [BOMB], timeout_seconds=0.3)
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 900
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_daemonic_child_has_workers_of_its_own(method):
    assert is_equal(r"\int_0^1 3x dx", r"\int_0^1 (x+x+x) dx")
    before = shared_pool().process_ids
    context = multiprocessing.get_context(method)
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=grade_in_child, args=(sender,), daemon=True)
    child.start()
    verdict, process_ids = receiver.recv()
    child.join()
    assert verdict is True
    assert not set(process_ids) & set(before)
    assert shared_pool().process_ids == before
    assert is_equal(r"\int_0^1 4x dx", r"\int_0^1 (2x+2x) dx")
    wait_until_dead(process_ids)


def grade_in_child(sender):
    sender.send((is_equal(r"\int_0^1 5x dx", r"\int_0^1 (2x+3x) dx"), shared_pool().process_ids))
